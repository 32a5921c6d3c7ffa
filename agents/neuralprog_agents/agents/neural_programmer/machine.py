"""The soft table machine: a step is the weighted mean of the results of all operations.

Symbols are the paper's: i is a row, j a column, s = row_select. At one-hot choices a step is
exactly one step of the hard machine in ``neuralprog_envs.table.machine``.

Source: Neelakantan, Le and Sutskever 2016, section 2.3 and its table 1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from neuralprog_agents.agents.neural_programmer.tensors import Choice, Memory, Tables

OPERATIONS = (
    "sum", "count", "difference", "greater", "lesser", "and", "or", "print", "reset", "match",
)  # fmt: skip
"""The operations of a step, in the order of α_op; "print" is the paper's assign."""


def initial(tables: Tables) -> Memory:
    """Return the memory before the first step: s₀ = s₋₁ = 1, no output."""
    none = tables.numbers.new_zeros(len(tables.numbers))
    rows = tables.present
    return Memory(rows, rows, (none, none, none), torch.zeros_like(tables.numbers))


def step(tables: Tables, memory: Memory, choice: Choice) -> Memory:
    """Return the memory after one soft step.

    scalar_t       = α(count) Σ_i s[i] + α(difference) (scalar_{t-3} - scalar_{t-1})
                     + α(sum) Σ_ij α_col[j] s[i] table[i,j]
    lookup_t[i,j]  = α(print) α_col[j] s[i]
    row_select_t   = α(and) min(s, s_{t-2}) + α(or) max(s, s_{t-2}) + α(reset)
                     + Σ_j α_col[j] (α(greater) g[i,j] + α(lesser) l[i,j] + α(match) m[i,j])

    with s = row_select_{t-1}.
    """
    weight = dict(zip(OPERATIONS, choice.operation.unbind(dim=1), strict=True))
    s, scalars = memory.selected, memory.scalars
    total = (_column(tables.numbers, choice) * s).sum(dim=1)
    scalar = weight["sum"] * total + weight["count"] * s.sum(dim=1)
    scalar = scalar + weight["difference"] * (scalars[2] - scalars[0])
    there = choice.column * tables.columns
    lookup = weight["print"][:, None, None] * s[:, :, None] * there[:, None, :]
    return Memory(
        selected=_rows(tables, memory, choice, weight),
        before=s,
        scalars=(scalar, scalars[0], scalars[1]),
        lookup=lookup,
    )


def _rows(tables: Tables, memory: Memory, choice: Choice, weight: dict[str, Tensor]) -> Tensor:
    s, before = memory.selected, memory.before
    results = {
        "and": torch.minimum(s, before),
        "or": torch.maximum(s, before),
        "reset": tables.present,
        "greater": _compared(tables.above, choice.greater, choice),
        "lesser": _compared(tables.below, choice.lesser, choice),
        "match": _column(tables.matches, choice),
    }
    return torch.stack([weight[name][:, None] * rows for name, rows in results.items()]).sum(dim=0)


def _column(cells: Tensor, choice: Choice) -> Tensor:
    """Return Σ_j α_col[j] cells[i,j], (B, R)."""
    return torch.bmm(cells, choice.column[:, :, None])[:, :, 0]


def _compared(relation: Tensor, pivot: Tensor, choice: Choice) -> Tensor:
    """Return Σ_n β[n] Σ_j α_col[j] 1[table[i,j] stands in the relation to number n], (B, R)."""
    columns = torch.matmul(relation, choice.column[:, None, :, None])[..., 0]
    return torch.bmm(pivot[:, None, :], columns)[:, 0]


def run(tables: Tables, choices: list[Choice]) -> Memory:
    """Return the memory after all steps; its scalar and lookup are the answer."""
    memory = initial(tables)
    for choice in choices:
        memory = step(tables, memory, choice)
    return memory
