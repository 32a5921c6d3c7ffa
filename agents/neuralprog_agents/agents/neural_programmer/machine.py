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
    rows, columns = tables.present, tables.columns
    none = rows.new_zeros(len(rows))
    return Memory(rows, rows, (none, none, none), rows.new_zeros(*rows.shape, columns.shape[1]))


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
    s, scalars, there = memory.selected, memory.scalars, choice.column * tables.columns
    cells = read(tables, choice)
    kinds = [
        weight["match"][:, None],
        weight["greater"][:, None] * choice.greater,
        weight["lesser"][:, None] * choice.lesser,
    ]
    compared = torch.bmm(torch.cat(kinds, dim=1)[:, None], cells[:, 1:])[:, 0]
    scalar = weight["sum"] * (cells[:, 0] * s).sum(dim=1) + weight["count"] * s.sum(dim=1)
    scalar = scalar + weight["difference"] * (scalars[2] - scalars[0])
    rows = {
        "and": torch.minimum(s, memory.before),
        "or": torch.maximum(s, memory.before),
        "reset": tables.present,
    }
    return Memory(
        selected=sum((weight[name][:, None] * each for name, each in rows.items()), compared),
        before=s,
        scalars=(scalar, scalars[0], scalars[1]),
        lookup=(weight["print"][:, None] * s)[:, :, None] * there[:, None],
    )


def read(tables: Tables, choice: Choice) -> Tensor:
    """Return Σ_j α_col[j] cells[j], what a step reads of each row, (B, K, R)."""
    B, C, K, R = tables.cells.shape
    return torch.bmm(choice.column[:, None], tables.cells.view(B, C, K * R)).view(B, K, R)


def run(tables: Tables, choices: list[Choice]) -> Memory:
    """Return the memory after all steps; its scalar and lookup are the answer."""
    memory = initial(tables)
    for choice in choices:
        memory = step(tables, memory, choice)
    return memory
