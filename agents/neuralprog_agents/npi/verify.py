"""The verification set of recursive addition, by fixed point over what its expert can see.

A recursive program's calls each see a bounded part of the pad, so finitely many different frames
cover inputs of every length (Cai, Shin and Song 2017). For addition:

- A call of ADD, before it calls itself, reads and writes its own column and the one to its left.
  So its frames depend on that column's four values and the two digits to its left alone (nothing
  was ever written further left).
- Its inner call finds the values that its LSHIFT leaves in view. ``verification_set`` starts from
  every first column and adds whatever columns are so found, until there are no new ones. Each is
  run by the task's own machine and expert on a pad of four columns, before every possible left
  neighbour, until ADD calls itself.
- After its inner call ADD sees what that call leaves in view, and returns. A call that ends at
  once leaves what it found, and every other what its own inner call leaves: by induction one of
  the views of the calls that end at once. (There is one: all blank.)

So a network that decides as the expert in each of these frames adds any two numbers of any length
(its state is new in each call, and it is a function of the frame alone).
Leading zeros are included, which drawn instances do not have.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any

import numpy as np

from neuralprog_agents.npi.check import failing, smallest_margin
from neuralprog_agents.npi.model import NPI
from neuralprog_envs.core.trace import Act, Call, Event
from neuralprog_envs.faces.frames import Frame, FrameBatch, batch_frames
from neuralprog_envs.program.library import RETURN, Action, Library, run
from neuralprog_envs.program.machine import ProgramMachine
from neuralprog_envs.program.task import build
from neuralprog_envs.program.tasks.addition import BLANK, INP1, INP2, Addition
from neuralprog_envs.program.world import ProgramInstances

View = tuple[int, ...]
"""The values of INP1, INP2, CARRY and OUT in one column."""
_Case = tuple[int, tuple[tuple[View, Action], ...]]
"""A call: its program (none here has arguments) and its steps, each a view and an action."""

_RETURN: Action = (RETURN, 0, 0, 0)
_DIGITS = tuple(range(10))
_COLUMNS = 4


def provable(task: Any) -> bool:
    """Return whether there is a verification set for a task."""
    return isinstance(task.definition, Addition) and task.machine.recursive is True


def verification_set(task: Any) -> FrameBatch:
    """Return every frame of the task's expert, on inputs of every length.

    Raises:
        ValueError: There is no such set for this task.
    """
    if not provable(task):
        raise ValueError("only recursive addition has a verification set: prove must be false")
    return _addition()


@lru_cache(maxsize=1)
def _addition() -> FrameBatch:
    machine = build(Addition(), length=_COLUMNS - 2, recursive=True).machine
    found: set[_Case] = set()
    inner: set[_Case] = set()
    known: set[View] = set()
    new: set[View] = {(a, b, BLANK, BLANK) for a, b in itertools.product(_DIGITS, _DIGITS)}
    while new:
        known |= new
        levels = _run_levels(machine, _posed(new), found)
        inner |= levels
        new = {steps[-1][0] for _, steps in levels} - known
    left = {steps[0][0] for main, steps in found if main == machine.library.main}
    found |= {(main, (*steps, (view, _RETURN))) for main, steps in inner for view in left}
    return batch_frames(map(_frame, sorted(found)), unique=False)


def _run_levels(
    machine: ProgramMachine, instances: ProgramInstances, found: set[_Case]
) -> set[_Case]:
    """Run the expert on pads, each until ADD calls itself or returns.

    Args:
        machine: Recursive addition's.
        instances: The pads.
        found: Takes every call that has returned.

    Returns:
        The calls of ADD that have called themselves, so far.
    """
    state = machine.initial(instances)
    B, cut = len(state.depth), set()
    views: list[View] = [(0,)] * B
    rows = [_Row(run(machine.library, partial(views.__getitem__, row))) for row in range(B)]
    going = list(range(B))
    while going:
        views[:] = map(tuple, machine.view(state).tolist())
        actions = np.zeros((B, 4), dtype=np.int64)
        for row in going:
            actions[row] = rows[row].act(machine.library, views[row], found)
        cut |= {rows[row].outer for row in going if actions[row, 0] == machine.library.main}
        state = machine.advance(state, actions)
        going = [r for r in going if not state.halted[r] and actions[r, 0] != machine.library.main]
    for one in rows:
        one.finish(found)
    return cut


class _Row:
    """One run of an expert, and its calls under way: a program and its steps so far each."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._calls: list[tuple[int, list[tuple[View, Action]]]] = []

    @property
    def outer(self) -> _Case:
        """The outermost call so far."""
        program, steps = self._calls[0]
        return program, tuple(steps)

    def act(self, library: Library, view: View, found: set[_Case]) -> Action:
        """Go on to the next action, and note it."""
        for event in self._events:
            if isinstance(event, Act):
                action: Any = event.action
                self._calls[-1][1].append((view, action))
                return action
            if isinstance(event, Call):
                self._calls.append((library.names.index(event.program), []))
            else:
                self._return(found)
        raise AssertionError("an expert ends with a return")

    def finish(self, found: set[_Case]) -> None:
        """Note the outermost call if it has returned."""
        if self._calls[0][1][-1][1] == _RETURN:
            self._return(found)

    def _return(self, found: set[_Case]) -> None:
        program, steps = self._calls.pop()
        found.add((program, tuple(steps)))


def _frame(case: _Case) -> Frame:
    program, steps = case
    view, target = (np.array(part, dtype=np.int32) for part in zip(*steps, strict=True))
    return Frame(program, (0, 0, 0), view, target, np.zeros((len(view), 0), dtype=np.int32))


def _posed(columns: set[View]) -> ProgramInstances:
    """Return pads with each column at the right, before each possible left neighbour."""
    rows = [(column, left) for column in sorted(columns) for left in _lefts(column)]
    B = len(rows)
    pad = np.full((B, 4, _COLUMNS), BLANK, dtype=np.int32)
    pad[:, :, -1] = [column for column, _ in rows]
    pad[:, [INP1, INP2], -2] = [left for _, left in rows]
    return ProgramInstances(
        pad=pad,
        pointers=np.full((B, 4), _COLUMNS - 1, dtype=np.int32),
        given=np.zeros((B, 0), dtype=np.int32),
        answer=np.zeros((B, _COLUMNS), dtype=np.int32),
        mask=np.ones((B, _COLUMNS), dtype=bool),
        length=np.full(B, _COLUMNS - 2, dtype=np.int32),
    )


def _lefts(column: View) -> Iterator[tuple[int, ...]]:
    """Yield the digits left of a column's: a number that has ended has no more digits."""
    choices = [[BLANK] if column[row] == BLANK else [*range(BLANK + 1)] for row in (INP1, INP2)]
    return itertools.product(*choices)


def certificate(model: NPI, task: Any, weights_sha256: str) -> dict[str, Any]:
    """Check a network on a task's whole verification set; return what was found, plain JSON.

    Args:
        model: The network.
        task: A task that is ``provable``.
        weights_sha256: The hash of the file that the network's weights came from.

    Returns:
        The task, the weights' hash, and ``proof``.
    """
    found = proof(model, verification_set(task))
    return {
        "task": "NPIAddition",
        "recursive": True,
        "weights_sha256": weights_sha256,
        **found,
    }


def proof(model: NPI, cases: FrameBatch) -> dict[str, Any]:
    """Check a network on a verification set.

    Returns:
        The set's hash, the number of its cases and of those that fail, whether the proof is
        complete (none fails), and by how many logits the closest decision is made.
    """
    wrong = int(failing(model, cases).sum())
    return {
        "set_sha256": digest(cases),
        "cases": len(cases.program),
        "failing": wrong,
        "complete": wrong == 0,
        "smallest_margin": smallest_margin(model, cases),
    }


def digest(cases: FrameBatch) -> str:
    """Return the SHA-256 of a set of frames, whatever their order."""
    parts = (cases.program, cases.arguments, cases.view, cases.target, cases.mask)
    table = np.concatenate([part.reshape(len(cases.program), -1) for part in parts], axis=1)
    ordered = np.unique(table.astype("<i4"), axis=0)
    return hashlib.sha256(str(ordered.shape).encode() + ordered.tobytes()).hexdigest()
