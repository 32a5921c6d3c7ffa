"""Writes the pages of environments from the registry, the tasks' docstrings and measured scores.

``make pages`` or ``python -m docs.environments``, from the root of the repository, rewrites
``docs/environments/``; a test says when it is out of date. With ``--scores`` it first measures
again how the pretrained agents do. The pictures are those of ``docs/frames.py``.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces

from neuralprog_agents.agent import Versatile
from neuralprog_agents.evaluation.agents import open_agent, pretrained
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_envs import REGISTRY
from neuralprog_envs.core.language import Instruction
from neuralprog_envs.interfaces.setting import observation_space
from neuralprog_envs.interfaces.text import language_of
from neuralprog_envs.registry import FAMILIES, Row, make_task
from neuralprog_envs.tape.machine import TapeMachine

FOLDER = Path(__file__).parent
PAGES = FOLDER / "environments"
INDEX, SCORES = PAGES / "index.md", PAGES / "scores.json"
COMMAND = "make pages"

_EPISODES = 100
_HEADING = r"(?:Source|Input|Output|View|Length|ACT\(.*?\))"
_PAPERS = {
    "tape": "Kurach et al. 2016",
    "program": "Reed and de Freitas 2016",
    "table": "Neelakantan et al. 2016, 2017",
}
_BEGIN, _END = "<!-- {}: written by `make pages` -->\n", "<!-- /{} -->"
"""The marks between which a family's table stands on the page of contents."""

_REWARD = (
    '`reward="sparse"` is 1 at the end of an episode if the answer is completely right, else 0. '
    '`"shaped"` and `"progress"` also pay for what is done on the way: {}.'
)
_SCORES = f"""\
Success, and the mean number of steps, in {_EPISODES} episodes of split "test" with seed 0. The
trained agents are those that come with the package; each name leads to the agent's page.
[The comparison](../../results/compare.md) gives every agent the same time to train."""

_DONE = {
    "tape": "the fraction of the scored cells that hold the right value",
    "program": "half the fraction of the answer on the pad that is right, and the other half when "
    "it is completely right and the task's own program has returned",
    "table": "the fraction of the answer that is right",
}
"""What counts as done, by family."""

_ARRAYS = {
    "tape": {"registers": "the registers", "tape": "the cells"},
    "program": {
        "view": "what the program sees of the pad; the docstring above lists it",
        "program": "the number of the running program",
        "arguments": "its three arguments",
        "depth": "how many calls are on the stack",
        "image": "what the camera sees, RGB",
    },
    "table": {
        "lengths": "the numbers of question words, question numbers, columns and rows",
        "question": "the words of the question, as numbers of the vocabulary; 0 pads",
        "pivots": "the numbers in the question",
        "pivot_positions": "where in the question each of them stands",
        "names": "the words of the columns' names",
        "numbers": "the numbers in the cells (row, column)",
        "valid": "which cells hold a number",
        "words": "the words of the cells",
        "matches": "which cells the question mentions",
        "selected": "the selected rows",
        "printed": "the printed rows",
        "scalar": "the number that the last step computed",
        "program": "the actions so far, each number plus 1; 0 for steps to come",
    },
}
"""What each array of an observation holds, by family."""


def definition(row: Row) -> Any:
    """Return the module of a task, whose docstring says what the task is."""
    return importlib.import_module(row.task.partition(":")[0])


def pages() -> dict[Path, str]:
    """Return the text of every page by its file; only the tables of ``INDEX`` are written here."""
    scores = json.loads(SCORES.read_text(encoding="utf-8"))
    own = {PAGES / f"{row.id}.md": "\n\n".join(_page(row, scores)) for row in REGISTRY.values()}
    index = INDEX.read_text(encoding="utf-8")
    for family in FAMILIES:
        index = _filled(index, family)
    return {INDEX: index, **own}


def _filled(index: str, family: str) -> str:
    """Return the page of contents with a family's table as it is today."""
    rows = [row for row in REGISTRY.values() if row.family == family]
    listed = table(
        ("id", "task", "from"), [(_link(row), _summary(row), _from(row)) for row in rows]
    )
    head, begin, rest = index.partition(_BEGIN.format(family))
    _, end, tail = rest.partition(_END.format(family))
    return f"{head}{begin}{listed}\n{end}{tail}"


def _link(row: Row) -> str:
    return f"[`{row.id}`]({row.id}.md)"


def _summary(row: Row) -> str:
    return str(definition(row).__doc__).splitlines()[0].rstrip(".")


def _from(row: Row) -> str:
    if "classic" in row.tags:
        return "OpenAI Gym 2016"
    return _PAPERS[row.family] if "paper" in row.tags else "ours"


def table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _page(row: Row, scores: list[dict[str, Any]]) -> Iterator[str]:
    family, (low, high) = row.family, row.defaults["length"]
    task = make_task(row.id, length=(low, high))
    most = int(task.horizon(np.array([high]))[0])
    yield f"<!-- Written by `{COMMAND}` from the registry and the docstrings: change those. -->"
    yield f"# {row.id}"
    yield f"![{row.id} within a run of its expert](../pictures/{row.id}.png)"
    yield markdown(str(definition(row).__doc__))
    yield (
        f"An environment of [the {family} family](index.md#the-{family}-family). By default the "
        f"length is {low} to {high}, and an episode of length {high} has at most {most:,} steps. "
        f"[A run of its expert](../../tests/golden/{row.id}.txt), step by step."
    )
    yield "\n\n".join(["## Actions", *_actions(task.machine)])
    yield f"## Observation\n\n{_observation(row, observation_space(task))}"
    yield f"## Reward\n\n{_REWARD.format(_DONE[family])}"
    yield f"## Scores\n\n{_SCORES}\n\n{_scored(row, scores)}\n"


def _actions(machine: Any) -> Iterator[str]:
    names = machine.action_names
    yield f"`MultiDiscrete({list(machine.actions)})`: {', '.join(f'`{name}`' for name in names)}."
    yield from _notes(machine)
    yield _instructions(names[0], language_of(machine).instructions)
    yield from _effects(machine)


def _instructions(name: str, rows: tuple[Instruction, ...]) -> str:
    return table(
        (f"`{name}`", "as text", "meaning"), [(n, f"`{form}`", text) for n, form, text in rows]
    )


def _notes(machine: Any) -> Iterator[str]:
    """Yield what the numbers after the first mean, where the table does not say it."""
    if isinstance(machine, TapeMachine):
        yield (
            "The last three are numbers of registers: an operation reads `a` and `b`, and its "
            "result goes into `destination`. In the table, a and b are what these registers hold."
        )


def _effects(machine: Any) -> Iterator[str]:
    """Yield what ACT does with its arguments, for programs."""
    library = getattr(machine, "library", None)
    if library is not None:
        rows = [(*each.arguments, f"`{each.words}`") for each in library.effects]
        yield "The arguments of ACT choose an effect:"
        yield table(("`a1`", "`a2`", "`a3`", "effect"), rows)


def _observation(row: Row, space: spaces.Space[Any]) -> str:
    parts = space.spaces if isinstance(space, spaces.Dict) else {"": space}
    rows = [(f"`{name}`", f"`{part}`", _ARRAYS[row.family][name]) for name, part in parts.items()]
    return table(("array", "space", "holds"), rows)


def _scored(row: Row, scores: list[dict[str, Any]]) -> str:
    own = [score for score in scores if score["env"] == row.id]
    lengths = list(dict.fromkeys(score["length"] for score in own))
    head = ("agent", "learned from", *(f"length {n}" for n in lengths))
    return table(head, list(_score_rows(own, lengths)))


def _score_rows(own: list[dict[str, Any]], lengths: list[int]) -> Iterator[tuple[str, ...]]:
    for name in dict.fromkeys(score["agent"] for score in own):
        found = {score["length"]: score for score in own if score["agent"] == name}
        first = next(iter(found.values()))
        cells = (f"{found[n]['success']:.0%} in {found[n]['steps']:.0f} steps" for n in lengths)
        link = f"../../agents/neuralprog_agents/agents/{first['kind']}/README.md"
        yield (
            f"[`{name}`]({link})" if first["kind"] else f"`{name}`",
            first["learned from"],
            *cells,
        )


def measured() -> Iterator[dict[str, Any]]:
    """Yield the score of every agent that can act in an environment, at two lengths."""
    for row in REGISTRY.values():
        for name in ("expert", "random"):
            yield from measured_of(name, row.id)
    for name in pretrained():
        policy = open_agent(name).policy
        for env_id in policy.env_ids if isinstance(policy, Versatile) else [policy.env_id]:
            yield from measured_of(name, env_id)


def measured_of(name: str, env_id: str) -> Iterator[dict[str, Any]]:
    """Yield the scores of an agent in an environment, at two lengths.

    The first is its longest by default, or the shortest with instances to hold out; the other is
    twice that.
    """
    agent = open_agent(name, env_id)
    longest = max(REGISTRY[env_id].defaults["length"][1], make_task(env_id).split_from)
    card = agent.card or {}
    lengths = [longest, 2 * longest] if env_id != "NPICanonicalize-v0" else [longest, 8]
    for score in evaluate(agent.policy, env_id, lengths, _EPISODES, split="test"):
        yield {
            "env": env_id,
            "agent": name,
            "kind": card.get("agent", ""),
            "learned from": card.get("supervision", "–"),
            "length": score.length,
            "success": score.success_rate,
            "steps": round(score.mean_steps, 2),
        }


def markdown(docstring: str) -> str:
    """Return a docstring as Markdown: what is indented is drawn, the rest is prose."""
    blocks = re.split(r"\n\s*\n", docstring.strip())
    return "\n\n".join(
        _drawn(block) if block.startswith("    ") else _prose(block) for block in blocks
    )


def _drawn(block: str) -> str:
    lines = [line.removeprefix("    ") for line in block.splitlines()]
    return "\n".join(["```text", *lines, "```"])


def _prose(block: str) -> str:
    """Return a paragraph; what begins with a heading such as "Source:" is one of its own."""
    code = re.sub(r"``(.+?)``", r"`\1`", block)
    parts = re.split(rf"(?m)(?:^|(?<=\.) )(?={_HEADING}:)", code)
    return "\n\n".join(
        re.sub(rf"^({_HEADING}):", r"**\1:**", part.strip()) for part in parts if part
    )


def main() -> None:
    """Rewrite the pages, and remove those that belong to nothing."""
    if "--scores" in sys.argv:
        rows = [json.dumps(score) for score in measured()]
        SCORES.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")
    for old in PAGES.glob("*-v0.md"):
        old.unlink()
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
    print(f"wrote {PAGES}")


if __name__ == "__main__":
    main()
