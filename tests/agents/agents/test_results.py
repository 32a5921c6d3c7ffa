"""The tables of results on the agents' pages have the numbers of the comparison's record."""

import re
from pathlib import Path

import pytest

from neuralprog_agents.benchmark.comparison.log import Log
from neuralprog_agents.benchmark.comparison.records import success_at

ROOT = Path(__file__).parents[3]
PAGES = ROOT / "agents/neuralprog_agents/agents"
RECORDS = [
    record
    for record in Log(ROOT / "results/compare.jsonl").records.values()
    if record["length"] is None and record["status"] == "measured"
]


def trainings(entrant, env, seeds):
    own = {r["seed"]: r for r in RECORDS if (r["entrant"], r["env"]) == (entrant, env)}
    return [own[seed] for seed in range(seeds)]


def ends(entrant, env, seeds):
    """When each seed solved the task; else its budget, and its success by then."""
    return ", ".join(end(record) for record in trainings(entrant, env, seeds))


def end(record):
    if (solved := record["solved"]) is not None:
        return f"{solved:.2g}" if solved < 10 else f"{solved:.0f}"
    success = success_at(record, record["budget"])
    return f"not in {record['budget']:.0f} s ({100 * success:.0f} %)"


def beyond(entrant, env, multiple):
    """The success of each of three seeds at a multiple of the longest default length."""
    rates = [r["success_rates"][str(multiple)] for r in trainings(entrant, env, 3)]
    return ", ".join("–" if isinstance(rate, str) else f"{100 * rate:.0f}" for rate in rates)


def rows(agent):
    """Each row of a page's first table of results: its first cell, and the others."""
    table = (PAGES / agent / "README.md").read_text().partition("## Results")[2].partition("\n|")[2]
    lines = table.partition("\n\n")[0].splitlines()[2:]
    return {line.strip("| ").split(" | ")[0]: line.strip("| ").split(" | ")[1:] for line in lines}


def policy_gradient(task):
    env, progress = f"NRAM{task}-v0", "policy-gradient-progress"
    return [ends(progress, env, 3), beyond(progress, env, 10), ends("policy-gradient", env, 1)]


def policy_search(task):
    env, progress = f"NPI{task}-v0", "policy-search-progress"
    found = [ends(progress, env, 3), ends("policy-search", env, 3)]
    return found + [beyond(progress, env, multiple) for multiple in (2, 5, 10)]


@pytest.mark.parametrize("cells", [policy_gradient, policy_search])
def test_a_page_has_the_numbers_of_the_record(cells):
    written = rows(cells.__name__)
    name = cells.__name__.replace("_", "-") + "-progress"
    tasks = {record["env"] for record in RECORDS if record["entrant"] == name}
    assert {re.fullmatch("(?:NRAM|NPI)(.*)-v0", env)[1] for env in tasks} == set(written)
    for task, found in written.items():
        assert found[-len(cells(task)) :] == cells(task), task
