"""Writes the page of environments from the registry, the tasks' docstrings and short runs.

``make docs`` or ``python -m docs.environments``, from the root of the repository, rewrites
``docs/environments.md``. A test says when it is out of date. Its pictures are those of
``docs/frames.py``.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gymnasium import spaces

from neuralprog_agents.evaluation.evaluate import Score, evaluate
from neuralprog_agents.evaluation.reference import reference
from neuralprog_envs import REGISTRY
from neuralprog_envs.interfaces.display import display_of
from neuralprog_envs.interfaces.setting import action_space, observation_space
from neuralprog_envs.registry import Row, make_task
from neuralprog_envs.tape.ops import OPERATIONS

FOLDER = Path(__file__).parent
PAGE = FOLDER / "environments.md"
COMMAND = "make docs"

_EPISODES = 100
_OPERATIONS = ", ".join(f"{number} {name}" for number, name in enumerate(OPERATIONS))

_FAMILIES = {
    "tape": """\
The machine has R registers, a tape of M cells, and the fourteen modules of the Neural Random-Access
Machine. All values are integers from 0 to M - 1. An action is one instruction
(`action="instruction"`), or all connections of one NRAM step (`action="circuit"`). In the pictures,
registers are blue, the registers that point to a cell stand below it, and scored cells are green if
they are right and red if not. `observation="flags"` shows only which registers are 0, as an NRAM
sees it. `observation="pointers"` adds two arrays to the tape and the registers: `pointed`, the cell
tape[r] at each register r, and `equal`, which compares each two of the registers and these cells.
The operations of an instruction have these numbers:
"""
    + f"{_OPERATIONS}.",
    "program": """\
The machine has a scratch pad with pointers, and a call stack. An action calls a program with
arguments, acts on the pad (ACT), or returns. The pictures show the pad, blue where a pointer is,
and the innermost calls. `observation="pointers"` adds two arrays that compare each two pointers (0
less, 1 equal, 2 greater): `pointer_order` their places, `cell_order` the cells that they point to.
`last_actions=k` adds the last k actions, the latest first, each number plus 1, and 0 where there
were none yet.""",
    "table": """\
The machine has a table, a selection of its rows, and the result of the last step: rows, a number or
printed cells. An action is an operation, a column and a pivot (which number of the question it
uses). In the pictures, selected rows are blue and printed cells are green. `observation="effects"`
adds an array: how many rows each operation, column and pivot would select or print.""",
}

_HEAD = f"""\
# Environments

<!-- Written by `{COMMAND}` from the registry and the docstrings: change those, not this page. -->

Every id works in `gym.make` and `gym.make_vec` after `import neuralprog_envs`. There are three
rewards. With `reward="sparse"` an episode earns 1 if it ends with a completely right answer.
`reward="shaped"` adds a potential-based shaping, which leaves the optimal policy the same.
`reward="progress"` gives a part for each right part of the answer; a program that returns with a
wrong answer is not paid for having returned. `length` is the number of
elements, digits, vertices, disks or rows of an instance. The spaces below are those of the default
arguments. The columns "expert" and "random" say how often the task's own expert and random legal
actions succeed, on {_EPISODES} episodes of the longest default length, seed 0, split "train".
`env.unwrapped.get_action_meanings()` says what each number of an action means.
"""


def definition(row: Row) -> Any:
    """Return the module of a task, whose docstring says what the task is."""
    return importlib.import_module(row.task.partition(":")[0])


def page() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *_contents(), *_sections()])


def _contents() -> Iterator[str]:
    yield "| id | task |\n|---|---|"
    for env_id, row in REGISTRY.items():
        yield f"| [`{env_id}`](#{env_id.lower()}) | {_summary(row)} |"
    yield ""


def _summary(row: Row) -> str:
    return str(definition(row).__doc__).splitlines()[0].rstrip(".")


def _sections() -> Iterator[str]:
    for family, text in _FAMILIES.items():
        yield f"## The {family} family\n\n{text}\n"
        for env_id, row in REGISTRY.items():
            if row.family == family:
                yield _section(env_id, row)


def _numbers(row: Row) -> str:
    """Return what the first number of an action means; tape tasks share the family's list."""
    if row.family == "tape":
        return ""
    name, meanings = next(iter(display_of(make_task(row.id).machine).meanings().items()))
    listed = ", ".join(f"{number} {meaning}" for number, meaning in enumerate(meanings))
    return f"\nThe numbers of the {name}: {listed}.\n"


def _section(env_id: str, row: Row) -> str:
    return (
        f"### {env_id}\n\n![{env_id}](pictures/{env_id}.png)\n\n"
        f"{markdown(str(definition(row).__doc__))}\n\n{_facts(env_id, row)}\n{_numbers(row)}"
    )


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
    """Return a paragraph; one that begins with a heading such as "Source:" is its own."""
    code = re.sub(r"``(.+?)``", r"`\1`", block)
    return re.sub(r"(?m)^(Source|Input|Output|View|Length):", r"\n**\1.**", code).strip()


def _facts(env_id: str, row: Row) -> str:
    low, high = row.defaults["length"]
    task = make_task(env_id, length=(low, high))
    expert, random = (_score(name, env_id, high) for name in ("expert", "random"))
    facts = {
        "length": f"{low} to {high}",
        "actions": " × ".join(f"{name} {size}" for name, size in zip(*_choices(task), strict=True)),
        "observation": _observation(observation_space(task)),
        "expert": f"{expert.success_rate:.0%} in {expert.mean_steps:.0f} steps",
        "random": f"{random.success_rate:.0%}",
    }
    head, body = (" | ".join(part) for part in (facts.keys(), facts.values()))
    return f"| {head} |\n|{'---|' * len(facts)}\n| {body} |"


def _choices(task: Any) -> tuple[tuple[str, ...], list[int]]:
    return task.machine.action_names, action_space(task).nvec.tolist()


def _observation(space: spaces.Space) -> str:
    parts = space.spaces if isinstance(space, spaces.Dict) else {"": space}
    return ", ".join(
        f"{name} {' × '.join(map(str, part.shape))}".strip() for name, part in parts.items()
    )


def _score(name: str, env_id: str, length: int) -> Score:
    (score,) = evaluate(reference(name, env_id), env_id, [length], _EPISODES, split="train")
    return score


def main() -> None:
    """Rewrite the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
