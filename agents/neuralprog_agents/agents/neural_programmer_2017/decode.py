"""Beam search for programs, guided by their execution on the hard machine.

A program that selects nothing, changes nothing or prints nothing is dropped at once. At the end the
probabilities of programs with the same answer are added, and the most probable answer wins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuralprog_agents.agents.neural_programmer_2017.features import (
    Observation,
    cell_mask,
    features_of,
)
from neuralprog_agents.agents.neural_programmer_2017.model import Encoding, Programmer, Rows
from neuralprog_agents.agents.neural_programmer_2017.programs import (
    FOLLOWING,
    FRESH,
    NARROWING,
    OF_SEVERAL,
    STEPPING,
)
from neuralprog_agents.agents.neural_programmer_2017.traces import cells_of, size_of
from neuralprog_envs.core import batch
from neuralprog_envs.core.task import Bools
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.table.ops import OPERATIONS
from neuralprog_envs.table.state import TableState

_IMPOSSIBLE = -1e8
_TRIED = 3
"""How many programs of a question are executed in a step, as a multiple of the beam's width."""
Actions = NDArray[np.int64]


@dataclass(frozen=True)
class Candidate:
    """A finished program.

    Attributes:
        program: Its actions, (T', 3).
        log_probability: The log probability of the program.
        answer: A key that is equal for equal answers.
    """

    program: Actions
    log_probability: float
    answer: tuple[Any, ...]


@dataclass
class _Beam:
    """n unfinished programs of B questions."""

    owner: NDArray[np.int64]
    score: NDArray[np.float64]
    programs: Actions
    h: list[Tensor]
    state: TableState

    def take(self, rows: NDArray[np.int64]) -> _Beam:
        """Return the programs in the given rows."""
        where = torch.from_numpy(rows)
        return _Beam(
            self.owner[rows],
            self.score[rows],
            self.programs[rows],
            [h[where] for h in self.h],
            batch.take(self.state, rows),
        )


def programs_of(
    models: Sequence[Programmer], machine: TableMachine, observation: Observation, width: int
) -> Actions:
    """Return the program of each question, padded by resets in front, (B, T, 3).

    Args:
        models: The networks; their log probabilities are averaged.
        machine: The machine, with the networks' operations.
        observation: The first observation of B environments.
        width: The width of the beam.
    """
    found = candidates(models, machine, observation, width)
    T, sums = machine.steps, "sums" not in models[0].shape.without
    chosen = np.zeros((len(found), T, 3), dtype=np.int64)
    chosen[:, :, 0] = machine.operations.index("reset")
    for row, each in enumerate(found):
        program = best(each, sums)
        if program is not None:
            chosen[row, T - len(program) :] = program
    return chosen


def best(found: Sequence[Candidate], sums: bool = True) -> Actions | None:
    """Return the likeliest program of the likeliest answer, or None without candidates.

    Without ``sums``, an answer is as likely as its likeliest program.
    """
    if not found:
        return None
    if not sums:
        return max(found, key=lambda each: each.log_probability).program
    probability: dict[tuple[Any, ...], float] = defaultdict(float)
    for each in found:
        probability[each.answer] += float(np.exp(each.log_probability))
    answer = max(probability, key=lambda key: probability[key])
    return max(
        (each for each in found if each.answer == answer), key=lambda each: each.log_probability
    ).program


def candidates(
    models: Sequence[Programmer], machine: TableMachine, observation: Observation, width: int
) -> list[list[Candidate]]:
    """Return the finished programs that a beam search finds for each question."""
    features = features_of(observation, machine.operations)
    B = len(features.length)
    finished: list[list[Candidate]] = [[] for _ in range(B)]
    with torch.no_grad():
        seen = [model.encode(features) for model in models]
        beam = _Beam(
            owner=np.arange(B),
            score=np.zeros(B),
            programs=np.zeros((B, 0, 3), dtype=np.int64),
            h=[model.initial_history(each) for model, each in zip(models, seen, strict=True)],
            state=state_of(observation, machine),
        )
        for t in range(machine.steps):
            beam = _extended(models, machine, seen, beam, width, last=t == machine.steps - 1)
            ends = beam.state.output > 0
            for row in np.flatnonzero(ends & _answers(beam.state)).tolist():
                finished[beam.owner[row]].append(_candidate(beam, row))
            beam = beam.take(_best_rows(beam.owner, beam.score, np.flatnonzero(~ends), width))
            if not len(beam.owner):
                break
    return finished


def _extended(
    models: Sequence[Programmer],
    machine: TableMachine,
    seen: Sequence[Encoding],
    beam: _Beam,
    width: int,
    *,
    last: bool,
) -> _Beam:
    """Extend each program by its likeliest next actions; execute them and drop useless programs."""
    parent, action, score = _likeliest(models, machine, seen, beam, width, last=last)
    before = batch.take(beam.state, parent)
    state = machine.step(before, action)
    programs = np.concatenate([beam.programs[parent], action[:, None]], axis=1)
    read = zip(models, seen, beam.h, strict=True)
    h = [_next_history(*each, beam.owner, parent, action) for each in read]
    whole = _Beam(beam.owner[parent], score, programs, h, state)
    return whole.take(np.flatnonzero(_is_useful(before, state)))


def _likeliest(
    models: Sequence[Programmer],
    machine: TableMachine,
    seen: Sequence[Encoding],
    beam: _Beam,
    width: int,
    *,
    last: bool,
) -> tuple[NDArray[np.int64], Actions, NDArray[np.float64]]:
    """Return the likeliest m extensions of each question's programs.

    Returns:
        The rows of the programs that they extend, (m,); the actions, (m, 3); the log probabilities
        of the extended programs, (m,).
    """
    rows = Rows(torch.from_numpy(beam.owner), len(seen[0].q))
    sizes = torch.from_numpy(size_of(beam.state))
    cells = torch.from_numpy(cells_of(machine, beam.state))
    allowed = _allowed(machine, beam, last)
    some = np.flatnonzero(allowed.any(axis=0)).tolist()
    logs = sum(
        _all_logs(model, read, rows, h, sizes, cells, some)
        for model, read, h in zip(models, seen, beam.h, strict=True)
    ) / len(models)
    logs = np.where(allowed[:, :, None, None], logs, _IMPOSSIBLE)
    n, *choices = logs.shape
    flat = logs.reshape(n, -1)
    k = min(_TRIED * width, flat.shape[1])
    top = np.argpartition(-flat, k - 1, axis=1)[:, :k].ravel()
    parent = np.repeat(np.arange(n), k)
    score = beam.score[parent] + flat[parent, top]
    possible = np.flatnonzero(score > _IMPOSSIBLE / 2)
    tried = _best_rows(beam.owner[parent], score, possible, _TRIED * width)
    action = np.stack(np.unravel_index(top[tried], choices), axis=1)
    return parent[tried], action, score[tried]


def _is_useful(before: TableState, state: TableState) -> Bools:
    """Return of each program whether its last action prints, or selects other cells, (m,)."""
    changed = (state.selected != before.selected).any(axis=1)
    return (state.output > 0) | (state.selected.any(axis=1) & changed)


def _next_history(
    model: Programmer,
    seen: Encoding,
    h: Tensor,
    owner: NDArray[np.int64],
    parent: NDArray[np.int64],
    action: Actions,
) -> Tensor:
    """Return a network's histories after one more action of each program."""
    before, (operation, column, _) = torch.from_numpy(parent), torch.from_numpy(action).unbind(1)
    vectors = seen.P[torch.from_numpy(owner[parent]), column]
    return model.next_history(h[before], operation, vectors)


def _all_logs(
    model: Programmer,
    seen: Encoding,
    rows: Rows,
    h: Tensor,
    sizes: Tensor,
    cells: Tensor,
    some: Sequence[int],
) -> NDArray[np.float64]:
    """Return the log probability of every action, (n, O, C, N), of ``some`` operations only."""
    context = model.context(seen, rows, h, sizes)
    operations, read = model.operations(seen, rows, context), model.column(context)
    n, count = operations.shape
    C, N = seen.P.shape[1], seen.left.shape[1]
    columns = torch.full((n, count, C), _IMPOSSIBLE)
    columns[:, :, 0] = 0.0
    pivots = torch.full((n, count, N), _IMPOSSIBLE)
    pivots[:, :, 0] = 0.0
    for o in some:
        number, operation = torch.full((n,), o), OPERATIONS[model.shape.operations[o]]
        if not seen.able[:, o].any():
            continue
        if operation.column:
            columns[:, o] = model.columns(seen, rows, read, number, cells)
        if operation.pivot:
            pivots[:, o] = model.pivots(seen, rows, number)
    logs = operations[:, :, None, None] + columns[:, :, :, None] + pivots[:, :, None, :]
    return logs.double().numpy()


def _allowed(machine: TableMachine, beam: _Beam, last: bool) -> Bools:
    """Return the operations that may come next, (n, O); see ``programs.py``."""
    names = np.array(machine.operations)
    effects = np.array([OPERATIONS[name].effect for name in names])
    steps, n = beam.programs.shape[1], len(beam.owner)
    taken = names[beam.programs[:, :, 0]]
    refined = np.asarray(np.isin(taken[:, -1:], NARROWING).any(axis=1))
    alike = np.asarray(np.isin(taken, FRESH).all(axis=1))
    several = beam.state.selected.sum(axis=1) != 1
    allowed = np.tile(~np.isin(names, ["reset", "and", "or"]), (n, 1))
    allowed &= ~(refined[:, None] & np.isin(names, OF_SEVERAL))
    allowed &= ~(several[:, None] & np.isin(names, STEPPING))
    followed = np.asarray(np.isin(taken[:, -1:], FRESH).any(axis=1))
    allowed &= followed[:, None] | ~np.isin(names, FOLLOWING)
    if steps:
        allowed &= ((steps == 1) & alike)[:, None] | ~np.isin(names, FRESH)
    if steps == 2:
        allowed[alike] = names == "and"
    return allowed & (effects != "rows") if last else allowed


def _answers(state: TableState) -> Bools:
    """Return the states with an answer: a number or a printed cell."""
    numbers: Bools = state.output == 1
    return numbers | state.printed.any(axis=1)


def _candidate(beam: _Beam, row: int) -> Candidate:
    state = beam.state
    if state.output[row] == 1:
        answer: tuple[Any, ...] = ("number", round(float(state.scalars[row, 0]), 6))
    else:
        answer = ("cells", int(state.printed_column[row]), state.printed[row].tobytes())
    return Candidate(beam.programs[row], float(beam.score[row]), answer)


def _best_rows(
    owner: NDArray[np.int64],
    score: NDArray[np.float64],
    rows: NDArray[np.int64],
    count: int,
) -> NDArray[np.int64]:
    """Return the ``count`` best of the given rows for each question."""
    order = rows[np.argsort(-score[rows], kind="stable")]
    order = order[np.argsort(owner[order], kind="stable")]
    place = np.arange(len(order)) - np.searchsorted(owner[order], owner[order])
    best: NDArray[np.int64] = order[place < count]
    return best


def state_of(observation: Observation, machine: TableMachine) -> TableState:
    """Return the initial state of the machine, from the first observation."""
    lengths = observation["lengths"]
    B = len(lengths)
    there = cell_mask(observation)
    marks: Mapping[str, Any] = {
        name: observation[name] > 0
        for name in ("valid", "matches", "frequent", "similar", "shared")
    }
    present = np.asarray(there.any(axis=2))
    return TableState(
        question=observation["question"],
        question_length=lengths[:, 0],
        pivots=observation["pivots"],
        pivot_count=lengths[:, 1],
        pivot_position=observation["pivot_positions"],
        names=observation["names"],
        column_count=lengths[:, 2],
        numbers=observation["numbers"],
        words=observation["words"][..., :0],
        entries=observation["entries"],
        spans=observation["spans"],
        links=observation["links"],
        name_matches=np.zeros((B, machine.columns), dtype=bool),
        texts=np.empty((B, 0), dtype=object),
        present=present,
        length=lengths[:, 3],
        selected=present,
        before=present,
        scalars=np.zeros((B, 3)),
        printed=np.zeros_like(present),
        printed_column=np.zeros(B, dtype=np.int32),
        output=np.zeros(B, dtype=np.int8),
        actions=np.full((B, machine.steps, 3), -1, dtype=np.int32),
        steps=np.zeros(B, dtype=np.int32),
        **marks,
    )
