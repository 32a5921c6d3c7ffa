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
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import arguments
from neuralprog_envs.core.task import Bools, Floats

if TYPE_CHECKING:
    from neuralprog_envs.table.state import TableState

Effect = Literal["rows", "scalar", "print"]


@dataclass(frozen=True)
class Inputs:
    """n of a batch's rows, and the column and the pivot that each has chosen, (n,) each."""

    state: TableState
    slots: NDArray[np.intp]
    column: NDArray[Any]
    pivot: NDArray[Any]

    @property
    def selected(self) -> Bools:
        """The row selection, (n, R)."""
        return self.state.selected[self.slots]

    @property
    def before(self) -> Bools:
        """The row selection one step earlier, (n, R)."""
        return self.state.before[self.slots]

    @property
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
        related = relation(self.chosen("numbers"), pivot[:, None])
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
    """

    name: str
    effect: Effect
    column: bool
    pivot: bool
    apply: Callable[[Inputs], NDArray[Any]]


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


_OPERATIONS = (
    Operation("sum", "scalar", True, False, _sum),
    Operation("count", "scalar", False, False, _count),
    Operation("difference", "scalar", False, False, _difference),
    Operation("greater", "rows", True, True, lambda x: x.compared(np.greater)),
    Operation("lesser", "rows", True, True, lambda x: x.compared(np.less)),
    Operation("geq", "rows", True, True, lambda x: x.compared(np.greater_equal)),
    Operation("leq", "rows", True, True, lambda x: x.compared(np.less_equal)),
    Operation("and", "rows", False, False, lambda x: x.selected & x.before),
    Operation("or", "rows", False, False, lambda x: x.selected | x.before),
    Operation("print", "print", True, False, lambda x: x.selected),
    Operation("reset", "rows", False, False, lambda x: x.present),
    Operation("match", "rows", True, False, lambda x: x.chosen("matches")),
    Operation("prev", "rows", False, False, lambda x: _shifted(x.selected, -1)),
    Operation("next", "rows", False, False, lambda x: _shifted(x.selected, 1)),
    Operation("first", "rows", False, False, lambda x: _first(x.selected)),
    Operation("last", "rows", False, False, lambda x: _last(x.selected)),
    Operation("like", "rows", True, False, lambda x: x.chosen("similar")),
    Operation("frequent", "rows", True, False, lambda x: x.chosen("frequent")),
    Operation("max", "rows", True, False, _max),
    Operation("min", "rows", True, False, _min),
    Operation("gap", "scalar", True, False, _gap),
)

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
            "leq", "max", "min", "match", "reset", "print", "and", "like", "sum", "gap",
        ),
        "all": tuple(OPERATIONS),
    }
)  # fmt: skip
"""The published sets, in the papers' and the code's order, one for real questions, and all.

"wiki" is "2017" with "and" and "sum" of 2015 and two operations of ours: "like" selects the cells
that share the most words with the question, and "gap" is the difference of the greatest and the
least number ("how many more medals has A than B?").

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
