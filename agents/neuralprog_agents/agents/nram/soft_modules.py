"""The modules on distributions, the fourteen in closed form (paper, section 3.2 and eq. 2).

A value is a distribution over 0..M-1, a tensor (..., M). Arguments are independent, so
P(m(A, B) = c) = Σ_ab P(A = a) P(B = b) [m(a, b) = c]; every function below is that sum,
rearranged. Nothing here knows the batch: leading axes broadcast.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from neuralprog_envs.core.task import Ints


def constant(value: int, like: Tensor) -> Tensor:
    """The distribution that is surely ``value``, in the shape of ``like``."""
    return (torch.arange(like.shape[-1]) == value).to(like).expand_as(like)


def up_to(p: Tensor) -> Tensor:
    """P(value <= k) for every k."""
    return p.cumsum(-1)


def from_on(p: Tensor) -> Tensor:
    """P(value >= k) for every k."""
    return p.flip(-1).cumsum(-1).flip(-1)


def boolean(probability: Tensor, like: Tensor) -> Tensor:
    """False is 0 and true is 1: (1 - p) e_0 + p e_1."""
    p = probability[..., None]
    return (1 - p) * constant(0, like) + p * constant(1, like)


def inc(a: Tensor) -> Tensor:
    """INC: a + 1 mod M."""
    return a.roll(1, -1)


def dec(a: Tensor) -> Tensor:
    """DEC: a - 1 mod M."""
    return a.roll(-1, -1)


def negate(a: Tensor) -> Tensor:
    """The value -a mod M; not a module, but half of ADD."""
    return a.flip(-1).roll(1, -1)


def circulant(a: Tensor) -> Tensor:
    """The matrix with A[c + i mod M] in row c, column i.

    M + 1 copies of A in a row, cut into M pieces of M + 1: each piece starts one later.
    """
    M = a.shape[-1]
    copies = a[..., None, :].expand(*a.shape[:-1], M + 1, M)
    return copies.reshape(*a.shape[:-1], M, M + 1)[..., :M]


def sub(a: Tensor, b: Tensor) -> Tensor:
    """SUB: Σ_i A[c + i] B[i], a circular correlation."""
    return (circulant(a) @ b[..., None])[..., 0]


def add(a: Tensor, b: Tensor) -> Tensor:
    """ADD: Σ_i A[c - i] B[i], written as a - (-b)."""
    return sub(a, negate(b))


def less_than(a: Tensor, b: Tensor) -> Tensor:
    """LESS-THAN: Σ_i B[i] P(a < i)."""
    return boolean((b * (up_to(a) - a)).sum(-1), a)


def less_or_equal(a: Tensor, b: Tensor) -> Tensor:
    """LESS-OR-EQUAL-THAN: Σ_i B[i] P(a <= i)."""
    return boolean((b * up_to(a)).sum(-1), a)


def equal(a: Tensor, b: Tensor) -> Tensor:
    """EQUALITY-TEST: A · B."""
    return boolean((a * b).sum(-1), a)


def minimum(a: Tensor, b: Tensor) -> Tensor:
    """MIN: A[k] P(b >= k) + B[k] P(a > k)."""
    return a * from_on(b) + b * (from_on(a) - a)


def maximum(a: Tensor, b: Tensor) -> Tensor:
    """MAX: A[k] P(b <= k) + B[k] P(a < k)."""
    return a * up_to(b) + b * (up_to(a) - a)


def read(tape: Tensor, p: Tensor) -> Tensor:
    """READ: Σ_i p[i] tape[i, k]; the tape is (..., M, M)."""
    return (p[..., None, :] @ tape)[..., 0, :]


def write(tape: Tensor, p: Tensor, v: Tensor) -> Tensor:
    """WRITE: cell i becomes v with probability p[i], else it stays."""
    return tape + p[..., :, None] * (v[..., None, :] - tape)


def learned(results: Ints, a: Tensor, b: Tensor | None = None) -> Tensor:
    """A learned module, by its table of results: eq. 2 as it stands.

    Args:
        results: Entry (i, j) is the result for i and j, from 0 to M - 1; shape (M, M). A module of
            one argument has its results in the first column.
        a: The distribution of the first argument, shape (..., M).
        b: That of the second; None for a module of one argument.

    Returns:
        The distribution of the result, shape (..., M), with the dtype of ``a``.
    """
    certain = torch.eye(len(results), dtype=a.dtype)[torch.tensor(results, dtype=torch.int64)]
    if b is None:
        return a @ certain[:, 0]
    return torch.einsum("...i,...j,ijk->...k", a, b, certain)


VALUE_MODULES: dict[str, Callable[..., Tensor]] = {
    "INC": inc,
    "ADD": add,
    "SUB": sub,
    "DEC": dec,
    "LESS_THAN": less_than,
    "LESS_OR_EQUAL": less_or_equal,
    "EQUAL": equal,
    "MIN": minimum,
    "MAX": maximum,
}
"""The modules that are functions of their arguments alone, by the name of the hard one."""

CONSTANTS = {"ZERO": 0, "ONE": 1, "TWO": 2}
