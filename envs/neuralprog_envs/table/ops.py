"""The operations of the Neural Programmer, on exact tables: one table for both published sets.

An operation reads the machine's state and does one of three things: it selects rows, it computes a
number, or it prints cells of a column. The other two outputs are then empty: after a number or a
print no row is selected, after a selection there is no number and no print. The papers' update
rules agree when all the weight lies on one operation. This is the only place where the hard
operations are defined.

Source: Neelakantan, Le and Sutskever, "Neural Programmer: Inducing Latent Programs with Gradient
Descent", ICLR 2016, table 1 (the set "2015"); Neelakantan et al., "Learning a Natural Language
Interface with Neural Programmer", ICLR 2017, and its published code (the set "2017").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import arguments
from neuralprog_envs.core.task import Bools, Floats, Ints

if TYPE_CHECKING:
    from neuralprog_envs.table.state import TableState

Effect = Literal["rows", "scalar", "print"]
Reads = Literal["table", "rows", "row", "steps"]


@dataclass(frozen=True)
class Inputs:
    """n of a batch's rows, and the column and the pivot that each has chosen, (n,) each."""

    state: TableState
    slots: NDArray[np.intp]
    column: NDArray[Any]
    pivot: NDArray[Any]

    @cached_property
    def selected(self) -> Bools:
        """The row selection, (n, R)."""
        return self.state.selected[self.slots]

    @cached_property
    def before(self) -> Bools:
        """The row selection one step earlier, (n, R)."""
        return self.state.before[self.slots]

    @cached_property
    def present(self) -> Bools:
        """The table's rows, (n, R)."""
        return self.state.present[self.slots]

    def chosen(self, name: str) -> NDArray[Any]:
        """Return the chosen column of a (B, R, C) array, (n, R)."""
        return getattr(self.state, name)[self.slots, :, self.column]  # type: ignore[no-any-return]

    def compared(self, relation: Callable[[Any, Any], Any]) -> Bools:
        """Return where the relation holds between the column's number and the pivot, (n, R)."""
        known = self.pivot < self.state.pivot_count[self.slots]
        pivot = self.state.pivots[self.slots, self.pivot]
        related = relation(_in_years(self.chosen("numbers"), pivot[:, None]), pivot[:, None])
        return related & self.chosen("valid") & known[:, None]  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        name: Its name.
        effect: "rows" (the result is the new row selection, (n, R)), "scalar" (the result is the
            number, (n,)) or "print" (the result is the printed rows of the column, (n, R)).
        column: Whether it reads the action's column.
        pivot: Whether it reads the action's pivot.
        apply: Its meaning.
        reads: What it starts from: the table alone, the selected rows, the one selected row (of
            several rows it has no use), or the steps before.
        mark: The array of ``PosedTables`` that has something where the operation has an effect on
            a column; "" where it always has one.
        narrows: Whether it leaves one row of many.
    """

    name: str
    effect: Effect
    column: bool
    pivot: bool
    apply: Callable[[Inputs], NDArray[Any]]
    reads: Reads = "table"
    mark: str = ""
    narrows: bool = False


def _in_years(numbers: Floats, pivot: Floats) -> Floats:
    """Return numbers, dates yyyymmdd as years where the pivot looks like a year."""
    years = (pivot >= 1000) & (pivot < 3000)
    if not years.any():
        return numbers
    dates = (numbers >= 1e7) & (numbers < 3e7) & years
    return np.where(dates, numbers // 10_000, numbers)


def _sum(x: Inputs) -> Floats:
    return np.where(x.selected & x.chosen("valid"), x.chosen("numbers"), 0.0).sum(axis=1)


def _count(x: Inputs) -> Floats:
    return x.selected.sum(axis=1).astype(np.float64)


def _difference(x: Inputs) -> Floats:
    """Return the scalar of three steps ago minus that of the last step."""
    scalars = x.state.scalars[x.slots]
    return scalars[:, 2] - scalars[:, 0]


def _shifted(rows: Bools, by: int) -> Bools:
    moved = np.zeros_like(rows)
    if by > 0:
        moved[:, by:] = rows[:, :-by]
    else:
        moved[:, :by] = rows[:, -by:]
    return moved


def _first(rows: Bools) -> Bools:
    return rows & (rows.cumsum(axis=1) == 1)


def _last(rows: Bools) -> Bools:
    return _first(rows[:, ::-1])[:, ::-1]


def _extreme(x: Inputs, sign: float) -> Bools:
    """Return the selected row with the greatest sign · number, one-hot, or none."""
    candidates = x.selected & x.chosen("valid")
    ranked = np.where(candidates, sign * x.chosen("numbers"), -np.inf)
    best: Bools = candidates & (ranked == ranked.max(axis=1, keepdims=True))
    return best


def _max(x: Inputs) -> Bools:
    return _first(_extreme(x, 1.0))


def _min(x: Inputs) -> Bools:
    return _last(_extreme(x, -1.0))


def _gap(x: Inputs) -> Floats:
    """Return the greatest minus the least number of the selected rows; 0 without numbers."""
    there = x.selected & x.chosen("valid")
    numbers = x.chosen("numbers")
    most = np.where(there, numbers, -np.inf).max(axis=1)
    least = np.where(there, numbers, np.inf).min(axis=1)
    some = there.any(axis=1)
    return np.where(some, np.where(some, most, 0.0) - np.where(some, least, 0.0), 0.0)


def _average(x: Inputs) -> Floats:
    """Return the mean of the selected rows' numbers; 0 without numbers."""
    return _sum(x) / np.maximum((x.selected & x.chosen("valid")).sum(axis=1), 1)


def _entries(x: Inputs) -> Ints:
    """Return the entries of the selected rows, 0 in the others, (n, R)."""
    return np.where(x.selected, x.chosen("entries"), 0)


def _distinct(x: Inputs) -> Floats:
    """Return how many different entries the selected rows have."""
    ordered = np.sort(_entries(x), axis=1)
    new = np.diff(ordered, axis=1, prepend=0) > 0
    return new.sum(axis=1).astype(np.float64)


def _mode(x: Inputs) -> Bools:
    """Return the selected rows with their most frequent entry, the first one if several are."""
    entries = _entries(x)
    alike = (entries[:, :, None] == entries[:, None, :]) & (entries > 0)[:, :, None]
    times = alike.sum(axis=2)
    best = np.take_along_axis(entries, times.argmax(axis=1)[:, None], axis=1)
    mode: Bools = (entries == best) & (times > 0)
    return mode


def _longest(x: Inputs) -> Bools:
    """Return the selected row with the greatest span, the first one if several have it."""
    spans = np.where(x.selected, np.abs(x.chosen("spans")), 0.0)
    return _first((spans > 0) & (spans == spans.max(axis=1, keepdims=True)))


def _of_first(x: Inputs, values: NDArray[Any]) -> NDArray[Any]:
    """Return the value in the first selected row, 0 without one, (n, 1)."""
    return np.where(_first(x.selected), values, 0).sum(axis=1, keepdims=True)


def _same(x: Inputs) -> Bools:
    """Return the other rows whose entry is that of the first selected row."""
    entries = x.chosen("entries")
    here = _of_first(x, entries)
    same: Bools = (entries == here) & (here > 0) & ~_first(x.selected)
    return same


def _beside(x: Inputs, relation: Callable[[Any, Any], Any]) -> Bools:
    """Return the rows whose number has a relation to that of the first selected row."""
    known = _of_first(x, x.chosen("valid")) > 0
    related: Bools = relation(x.chosen("numbers"), _of_first(x, x.chosen("numbers")))
    return related & x.chosen("valid") & known


def _above(rows: Bools) -> Bools:
    """Return the rows above the first of some rows."""
    return rows.any(axis=1, keepdims=True) & (rows.cumsum(axis=1) == 0)


def _unlike(x: Inputs) -> Bools:
    """Return the cells with an entry but no word of the question."""
    unlike: Bools = (x.chosen("entries") > 0) & ~x.chosen("shared")
    return unlike


def _comparison(name: str, relation: Callable[[Any, Any], Any]) -> Operation:
    return Operation(name, "rows", True, True, lambda x: x.compared(relation), mark="valid")


_OPERATIONS = (
    Operation("sum", "scalar", True, False, _sum, "rows", "valid"),
    Operation("count", "scalar", False, False, _count, "rows"),
    Operation("difference", "scalar", False, False, _difference, "steps"),
    _comparison("greater", np.greater),
    _comparison("lesser", np.less),
    _comparison("geq", np.greater_equal),
    _comparison("leq", np.less_equal),
    Operation("and", "rows", False, False, lambda x: x.selected & x.before, "steps"),
    Operation("or", "rows", False, False, lambda x: x.selected | x.before, "steps"),
    Operation("print", "print", True, False, lambda x: x.selected, "rows"),
    Operation("reset", "rows", False, False, lambda x: x.present),
    Operation("match", "rows", True, False, lambda x: x.chosen("matches"), mark="matches"),
    Operation("prev", "rows", False, False, lambda x: _shifted(x.selected, -1), "row", "", True),
    Operation("next", "rows", False, False, lambda x: _shifted(x.selected, 1), "row", "", True),
    Operation("first", "rows", False, False, lambda x: _first(x.selected), "rows", "", True),
    Operation("last", "rows", False, False, lambda x: _last(x.selected), "rows", "", True),
    Operation("like", "rows", True, False, lambda x: x.chosen("similar"), mark="similar"),
    Operation("frequent", "rows", True, False, lambda x: x.chosen("frequent"), mark="frequent"),
    Operation("max", "rows", True, False, _max, "rows", "valid", True),
    Operation("min", "rows", True, False, _min, "rows", "valid", True),
    Operation("gap", "scalar", True, False, _gap, "rows", "valid"),
    Operation("unlike", "rows", True, False, _unlike, mark="shared"),
    Operation("mode", "rows", True, False, _mode, "rows", "entries"),
    Operation("longest", "rows", True, False, _longest, "rows", "spans", True),
    Operation("same", "rows", True, False, _same, "row", "entries"),
    Operation("more", "rows", True, False, lambda x: _beside(x, np.greater), "row", "valid"),
    Operation("fewer", "rows", True, False, lambda x: _beside(x, np.less), "row", "valid"),
    Operation("above", "rows", False, False, lambda x: _above(x.selected), "row"),
    Operation("below", "rows", False, False, lambda x: _above(x.selected[:, ::-1])[:, ::-1], "row"),
    Operation("average", "scalar", True, False, _average, "rows", "valid"),
    Operation("distinct", "scalar", True, False, _distinct, "rows", "entries"),
    Operation(
        "span", "scalar", True, False, lambda x: np.abs(_of_first(x, x.chosen("spans"))[:, 0]),
        "row", "spans",
    ),
)  # fmt: skip

OPERATIONS: Mapping[str, Operation] = MappingProxyType({o.name: o for o in _OPERATIONS})
"""Every operation by its name."""

SETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "2015": (
            "sum", "count", "difference", "greater", "lesser", "and", "or", "print", "reset",
            "match",
        ),
        "2017": (
            "count", "prev", "next", "first", "last", "frequent", "greater", "lesser", "geq",
            "leq", "max", "min", "match", "reset", "print",
        ),
        "wiki": (
            "count", "prev", "next", "first", "last", "frequent", "greater", "lesser", "geq",
            "leq", "max", "min", "match", "reset", "print", "and", "like", "sum", "gap", "unlike",
            "mode", "longest", "same", "more", "fewer", "above", "below", "average", "distinct",
            "span",
        ),
        "all": tuple(OPERATIONS),
    }
)  # fmt: skip
"""The published sets, in the papers' and the code's order, one for real questions, and all.

"wiki" is "2017" with "and" and "sum" of 2015 and operations of ours:

- of the table: "like" (the cells that share the most words with the question) and "unlike" (those
  that share none: "other than A");
- of the selected rows: "mode" (those with the most frequent entry), "longest" (the one with the
  greatest span: 1950–1958 spans 8), "gap" (the greatest number less the least: "how many more has A
  than B?"), "average", and "distinct" (how many different entries);
- of one selected row: "same" (the others with its entry), "more" and "fewer" (those with a greater
  or smaller number), "above" and "below" it, and "span".

Where a number of the question looks like a year, it is compared with the years of dates.

The 2015 paper calls "print" assign and "match" text match; the 2017 paper calls "frequent" mfe,
"match" select, "max" and "min" argmax and argmin.
"""


def operation_set(chosen: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of a set of ``SETS``, or the given names.

    Raise ValueError if there is no such set or operation, or if "reset", which pads, is missing.
    """
    if isinstance(chosen, str):
        if chosen not in SETS:
            raise ValueError(f"operations: one of {', '.join(SETS)} or a list, got {chosen!r}")
        return SETS[chosen]
    names = tuple(arguments.words("operations", chosen))
    unknown = [name for name in names if name not in OPERATIONS]
    if unknown:
        raise ValueError(f"unknown operation {unknown[0]!r}: {', '.join(OPERATIONS)}")
    if "reset" not in names or len(set(names)) < len(names):
        raise ValueError("operations must be distinct, and 'reset' among them: it pads programs")
    return names
