"""The frames of recursive addition, by a fixed point over the columns that its expert can see.

Each call of a recursive program sees a bounded part of the pad, so finitely many different frames
cover inputs of every length (Cai, Shin and Song 2017). For addition:

- Before it calls itself, a call of ADD reads and writes only its own column and the one to its
  left. So its frames depend on the four values of that column and on the two digits to its left
  (nothing has been written further left).
- The inner call of ADD sees the column that LSHIFT moves to. ``addition_frames`` starts from every
  possible first column and adds the columns that inner calls see, until there are no new ones. The
  task's own machine and expert run on each column, on a pad of four columns, for every possible
  left neighbour, until ADD calls itself.
- After its inner call, ADD sees the column that this call ends at, and returns. A call without an
  inner call ends at the column that it saw last; every other call ends where its inner call ends.
  By induction, that is the last column of a call without an inner call. (There is one: all blank.)

A network that chooses the expert's action in each of these frames adds any two numbers of any
length: its state is 0 at the start of each call, and its actions are a function of the frame.
The frames include leading zeros, which drawn instances do not have.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from neuralprog_agents.npi_network.reachable_frames import Case, View, decide
from neuralprog_envs.core import batch
from neuralprog_envs.core.events import Act, Call
from neuralprog_envs.program.library import RETURN, Action
from neuralprog_envs.program.state import ProgramInstances
from neuralprog_envs.program.task import ProgramTask
from neuralprog_envs.program.tasks.addition import BLANK, INP1, INP2

_RETURN: Action = (RETURN, 0, 0, 0)
_DIGITS = tuple(range(10))
_COLUMNS = 4
SIZE = _COLUMNS - 2
"""The longest numbers on the pad of ``addition_frames``."""


def addition_frames(task: ProgramTask) -> set[Case]:
    """Return every frame of the expert of recursive addition, on numbers of any length.

    The task has a pad of ``SIZE``.

    Raises:
        ValueError: ADD does not return after it has called itself.
    """
    found: set[Case] = set()
    inner: set[Case] = set()
    known: set[View] = set()
    new: set[View] = {(a, b, BLANK, BLANK) for a, b in itertools.product(_DIGITS, _DIGITS)}
    while new:
        known |= new
        levels = _run_levels(task, _instances(new), found)
        inner |= levels
        new = {steps[-1][0] for _, steps in levels} - known
    left = {steps[-1][0] for (program, *_), steps in found if program == task.library.main}
    for (call, steps), view in itertools.product(inner, left):
        if decide(task.library, call, [*(seen for seen, _ in steps), view]) != _RETURN:
            raise ValueError("ADD does not return after it has called itself")
        found.add((call, (*steps, (view, _RETURN))))
    return found


def _run_levels(task: ProgramTask, instances: ProgramInstances, found: set[Case]) -> set[Case]:
    """Run the expert on pads, each until ADD calls itself or returns.

    Every call that returns is added to ``found``. The calls of ADD that have called themselves are
    returned, up to that call.
    """
    cut: set[Case] = set()
    for row in range(len(instances.length)):
        episode = task.machine.begin(batch.take(instances, slice(row, row + 1)))
        running: list[tuple[Action, list[tuple[View, Action]]]] = []
        for event in task.perform(episode):
            if isinstance(event, Call):
                running.append((episode.running, []))
            elif isinstance(event, Act):
                action: Any = event.action
                running[-1][1].append((episode.view(), action))
                if action[0] == task.library.main:
                    call, steps = running[0]
                    cut.add((call, tuple(steps)))
                    break
            else:
                call, steps = running.pop()
                found.add((call, tuple(steps)))
    return cut


def _instances(columns: set[View]) -> ProgramInstances:
    """Return pads with each column at the right and each possible left neighbour."""
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
    """Yield the digits to the left of a column; a number that has ended has no more digits."""
    choices = [[BLANK] if column[row] == BLANK else [*range(BLANK + 1)] for row in (INP1, INP2)]
    return itertools.product(*choices)
