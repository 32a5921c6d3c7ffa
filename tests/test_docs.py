"""The pages of environments are what the registry and the docstrings say today."""

import json
from collections import Counter
from pathlib import Path

from docs import environments
from neuralprog_agents import registry
from neuralprog_agents.benchmark.comparison.entrants import ENTRANTS
from neuralprog_agents.benchmark.comparison.plan import FULL
from neuralprog_agents.evaluation.agents import pretrained
from neuralprog_envs import REGISTRY
from neuralprog_envs.registry import find

_NUMBERS = {11: "eleven", 12: "twelve", 13: "thirteen", 14: "fourteen", 15: "fifteen"}
OLD = f"out of date: rewrite it with `{environments.COMMAND}`, and look at it"


def test_the_pages_of_environments_are_up_to_date():
    pages = environments.pages()
    assert set(environments.PAGES.glob("*.md")) == set(pages)
    for path, text in pages.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is {OLD}"


def test_the_scores_on_the_pages_are_those_of_today():
    """Of every agent and id there are some; a few that are quickly measured are measured again."""
    scores = json.loads(environments.SCORES.read_text(encoding="utf-8"))
    measured = {(score["env"], score["agent"]) for score in scores}
    assert measured >= {(env_id, name) for env_id in REGISTRY for name in ("expert", "random")}
    assert {agent for _, agent in measured} == {"expert", "random", *pretrained()}
    for env_id, name in (("NRAMSort-v0", "search-sort"), ("NPTableQA-v0", "random")):
        own = [score for score in scores if (score["env"], score["agent"]) == (env_id, name)]
        assert list(environments.measured_of(name, env_id)) == own, OLD


def test_the_first_page_counts_the_tasks_and_agents_that_there_are():
    text = " ".join((Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8").split())
    families = Counter(row.family for row in REGISTRY.values())
    functions = sum("function" in row.tags for row in REGISTRY.values())
    for words in (
        f"Here are {len(REGISTRY)} tasks",
        f"`NRAM…`, {families['tape']} tasks",
        f"{families['tape'] - functions} algorithms",
        f"{functions} functions of numbers",
        f"`NPI…`, {families['program']} tasks",
        f"`NP…`, {families['table']} tasks",
    ):
        assert words in text, words
    assert f"{_NUMBERS[len(registry.AGENTS)].capitalize()} kinds of agents, most" in text
    compared = Counter(find(env).family for env in FULL.envs)
    for words in (
        f"{compared['tape']} algorithms on tapes",
        f"{compared['program']} programs",
        f"{compared['table']} kinds of questions",
    ):
        assert words in text, words
    agents = _NUMBERS[len({each.agent for each in ENTRANTS if each.agent})]
    assert f"{agents} are compared" in text
    assert f"{agents.capitalize()} kinds of agents train" in text


def test_a_docstring_becomes_markdown():
    text = environments.markdown("Do.\n\n    a  b\n\nInput: x, ``y``. Output: z.\nSource: ours.\n")
    drawn = "Do.\n\n```text\na  b\n```\n\n"
    assert text == f"{drawn}**Input:** x, `y`.\n\n**Output:** z.\n\n**Source:** ours."
