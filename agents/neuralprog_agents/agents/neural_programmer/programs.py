"""Exact search: every program that answers a synthetic question correctly, given only the answer.

The programs are those of T = 4 steps in which each step has an effect, padded by resets in front:

- a condition, or none, or two of them and "and" or "or", then a sum, a count or a print;
- two numbers, the second one of a condition's rows or of all, then their difference.

Every other program of four steps has the same result as one of these, or no result (a test executes
all of them and compares). The search uses only the table, the question's numbers and the right
answer; the networks must learn which of the programs is meant.

A condition selects rows f_k, (R,), and f_0 = 1 selects all. With ⟨a, b⟩_w = Σ_r w_r a_r b_r, the
sum of w over the rows of "f_k and f_l" is ⟨f_k, f_l⟩_w, and over those of "f_k or f_l" it is
⟨f_k, 1⟩_w + ⟨f_l, 1⟩_w - ⟨f_k, f_l⟩_w. So one matrix product executes all programs at once: w is 1
for counts, a column for its sum, the right rows for prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agents.neural_programmer.machine import OPERATIONS
from neuralprog_envs.core import batch
from neuralprog_envs.core.task import Bools, Floats
from neuralprog_envs.table.state import LOOKUP, SCALAR, TableInstances

STEPS = 4
"""T."""
_CHUNK = 250
_CLOSE = 1e-6
_RESET = (OPERATIONS.index("reset"), 0, 0)
_DIFFERENCE = (OPERATIONS.index("difference"), 0, 0)
Actions = NDArray[np.int64]


@dataclass(frozen=True)
class Found:
    """The programs that answer B questions correctly, sorted by question.

    Attributes:
        programs: Their actions (operation, column, pivot), (n, T, 3), int8.
        first: The index of each question's first program, then n, (B + 1,).
    """

    programs: NDArray[np.int8]
    first: NDArray[np.int64]

    @classmethod
    def joined(cls, parts: Sequence[Found]) -> Found:
        """Concatenate the programs of consecutive questions."""
        counts = np.concatenate([np.diff(part.first) for part in parts])
        first = np.concatenate([[0], np.cumsum(counts)])
        return cls(np.concatenate([part.programs for part in parts]), first)

    def of(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
        """Return the programs of the questions in ``rows``, and the index into ``rows`` of each."""
        counts = self.first[rows + 1] - self.first[rows]
        owner = np.repeat(np.arange(len(rows)), counts)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self.programs[self.first[rows][owner] + within], owner


@dataclass(frozen=True)
class _Space:
    """The parts of all programs on B tables: K conditions and 1 + C aggregations.

    Attributes:
        conditions: Their actions, starting with "all rows", (K, 3).
        rows: The rows that each selects, 0 or 1, (B, K, R); NaN if its column or number is missing.
        finishes: The actions of count and of the sum of each column, (1 + C, 3).
        weights: The values that each adds up, (B, 1 + C, R).
    """

    conditions: Actions
    rows: Floats
    finishes: Actions
    weights: Floats


def search(instances: TableInstances, most: int | None = None) -> Found:
    """Return all programs of four steps, of the 2015 operations, that answer questions correctly.

    A question with more than ``most`` programs gets none, and neither does one whose answer is an
    empty print, since every column would be right.
    """
    B = len(instances.length)
    chunks = (slice(i, min(i + _CHUNK, B)) for i in range(0, B, _CHUNK))
    return Found.joined([_search(batch.take(instances, chunk), most) for chunk in chunks])


def _search(instances: TableInstances, most: int | None) -> Found:
    space = _space(instances)
    joint = _products(space.rows, space.weights)
    scalar = instances.answer_kind == SCALAR
    found = [
        _selected(space, joint, instances, scalar),
        _differences(space, joint, instances, scalar),
        _printed(space, joint[:, :1], instances),
    ]
    owner = np.concatenate([owner for owner, _ in found])
    programs = np.concatenate([programs for _, programs in found]).astype(np.int8)
    counts = np.bincount(owner, minlength=len(scalar))
    if most is not None:
        few = counts[owner] <= most
        owner, programs, counts = owner[few], programs[few], np.where(counts > most, 0, counts)
    order = np.argsort(owner, kind="stable")
    return Found(programs[order], np.concatenate([[0], np.cumsum(counts)]))


def _space(instances: TableInstances) -> _Space:
    B, R, C = instances.numbers.shape
    there = np.arange(C) < instances.column_count[:, None]
    actions, rows = [_RESET], [instances.present.astype(np.float64)]
    for name, relation in (("greater", np.greater), ("lesser", np.less)):
        for n in range(instances.pivots.shape[1]):
            known = there & (n < instances.pivot_count)[:, None]
            compared = relation(instances.numbers, instances.pivots[:, n, None, None])
            actions += [(OPERATIONS.index(name), c, n) for c in range(C)]
            rows += _columns(compared & instances.valid, known)
    if instances.matches.any():
        actions += [(OPERATIONS.index("match"), c, 0) for c in range(C)]
        rows += _columns(instances.matches, there)
    present = instances.valid & instances.present[:, :, None]
    finishes = [(OPERATIONS.index("count"), 0, 0)]
    finishes += [(OPERATIONS.index("sum"), c, 0) for c in range(C)]
    weights = [np.ones((B, R)), *_columns(np.where(present, instances.numbers, 0.0), there)]
    return _Space(
        conditions=np.array(actions),
        rows=np.stack(rows, axis=1),
        finishes=np.array(finishes),
        weights=np.stack(weights, axis=1),
    )


def _columns(cells: NDArray[Any], there: Bools) -> list[Floats]:
    """Return the columns of (B, R, C) cells, (B, R) each; missing columns are NaN."""
    marked = np.where(there[:, None], cells, np.nan)
    return list(marked.transpose(2, 0, 1))


def _products(rows: Floats, weights: Floats) -> Floats:
    """Return ⟨f_k, f_l⟩_w for each weight w and all k, l, (B, weights, K, K)."""
    weighted = rows[:, None] * weights[:, :, None]
    product: Floats = weighted @ rows[:, None].transpose(0, 1, 3, 2)
    return product


def _either(joint: Floats) -> Floats:
    """Return the sums of w over "f_k or f_l", given ``_products``, in the same shape."""
    single = joint[..., 0, :]
    return single[..., :, None] + single[..., None, :] - joint


def _selected(
    space: _Space, joint: Floats, instances: TableInstances, asked: Bools
) -> tuple[Actions, Actions]:
    """Return (owner, program) of the right counts and sums over selected rows."""
    right = instances.answer_scalar[:, None, None, None]
    owners, programs = [], []
    for name, sums in (("and", joint), ("or", _either(joint))):
        hit = _close_to(sums, right) & asked[:, None, None, None]
        owner, finish, a, b = np.nonzero(hit & _pairs(len(space.conditions), name))
        owners.append(owner)
        programs.append(_joined(space.conditions, name, a, b, space.finishes[finish]))
    return np.concatenate(owners), np.concatenate(programs)


def _printed(space: _Space, counts: Floats, instances: TableInstances) -> tuple[Actions, Actions]:
    """Return (owner, program) of the right prints: exactly the right rows."""
    target = instances.answer_rows.astype(np.float64)
    size = target.sum(axis=1)[:, None, None]
    asked = (instances.answer_kind == LOOKUP)[:, None, None] & (size > 0)
    within = _products(space.rows, target[:, None])
    owners, programs = [], []
    for name, inside, all_rows in (
        ("and", within[:, 0], counts[:, 0]),
        ("or", _either(within)[:, 0], _either(counts)[:, 0]),
    ):
        hit = _close_to(inside, size) & _close_to(all_rows, size) & asked
        owner, a, b = np.nonzero(hit & _pairs(len(space.conditions), name))
        column = instances.answer_column[owner].astype(np.int64)
        finish = np.stack([np.full_like(column, OPERATIONS.index("print")), column, 0 * column], 1)
        owners.append(owner)
        programs.append(_joined(space.conditions, name, a, b, finish))
    return np.concatenate(owners), np.concatenate(programs)


def _differences(
    space: _Space, joint: Floats, instances: TableInstances, asked: Bools
) -> tuple[Actions, Actions]:
    """Return (owner, program) of the right "number, condition, number, difference"."""
    single = joint[:, :, 0]
    error = single[:, :, 0, None, None] - single[:, None]
    hit = (
        _close_to(error, instances.answer_scalar[:, None, None, None]) & asked[:, None, None, None]
    )
    owner, first, second, k = np.nonzero(hit)
    steps = [space.finishes[first], space.conditions[k], space.finishes[second]]
    last = np.broadcast_to(np.array(_DIFFERENCE), (len(owner), 3))
    return owner, np.stack([*steps, last], axis=1)


def _pairs(K: int, joint: str) -> Bools:
    """Return the pairs (a, b) that make a selection: b alone if a = 0, else two different ones."""
    alone = np.zeros((K, K), dtype=bool)
    alone[0] = joint == "and"
    both = ~np.eye(K, dtype=bool)
    both[0] = both[:, 0] = False
    return alone | both


def _joined(conditions: Actions, joint: str, a: Actions, b: Actions, finish: Actions) -> Actions:
    """Return the programs "condition a, condition b, joint, finish", or "condition b, finish"."""
    n = len(a)
    programs = np.broadcast_to(np.array(_RESET), (n, STEPS, 3)).copy()
    alone = (a == 0)[:, None]
    programs[:, 0] = conditions[a]
    programs[:, 1] = np.where(alone, _RESET, conditions[b])
    programs[:, 2] = np.where(alone, conditions[b], (OPERATIONS.index(joint), 0, 0))
    programs[:, 3] = finish
    return programs


def _close_to(found: Floats, wanted: Floats) -> Bools:
    return np.abs(found - wanted) < _CLOSE
