"""Questions of a release answered by trained networks, judged by the official rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.neural_programmer_2017.data import Release, posed
from neuralprog_agents.neural_programmer_2017.decode import programs_of
from neuralprog_agents.neural_programmer_2017.model import Programmer
from neuralprog_envs.core import batch
from neuralprog_envs.table import official, render
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.table.wikitables import Question

_TURN = 64
"""Questions that are answered at once, those with tables of like sizes together."""


def answers(
    models: Sequence[Programmer],
    release: Release,
    machine: TableMachine,
    questions: Sequence[Question],
    width: int,
) -> list[list[str]]:
    """Return the answer to each question, as the predictions file has it; [] for none.

    Args:
        models: One or more.
        release: Where the tables are.
        machine: See ``data.machine_of``.
        questions: Any number; a table without a row has no answer.
        width: The beam's.
    """
    given: list[list[str]] = [[] for _ in questions]
    rows = np.array([release.table(question.context).shape[0] for question in questions])
    for turn in _turns(rows):
        fitting, instances = posed(release, machine, [questions[i] for i in turn])
        state = fitting.initial(instances)
        chosen = programs_of(models, fitting, fitting.observe(state), width)
        for t in range(fitting.steps):
            state = fitting.step(state, chosen[:, t])
        for row, place in enumerate(turn):
            given[place] = render.answer(fitting, batch.take(state, slice(row, row + 1)))
    return given


def _turns(rows: NDArray[np.int64]) -> Iterator[list[int]]:
    order = [int(i) for i in np.argsort(rows, kind="stable") if rows[i] > 0]
    for first in range(0, len(order), _TURN):
        yield order[first : first + _TURN]


def right(questions: Sequence[Question], given: Sequence[Sequence[str]]) -> list[bool]:
    """Return which answers are right by the official rules."""
    return [
        bool(answer) and official.correct(answer, question.target, question.canon)
        for question, answer in zip(questions, given, strict=True)
    ]
