"""Two identities whose gradients differ: clipping inside back-propagation, renormalisation.

Both are the paper's tricks (appendix A of the ICLR version, "techniques"): gradients of
intermediate activations overflowed, and rounding made distributions drift.
"""

from __future__ import annotations

from math import inf
from typing import Any

import torch
from torch import Tensor


class _Crop(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, bound: float) -> Tensor:
        ctx.bound = bound
        return x.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return gradient.clamp(-ctx.bound, ctx.bound), None


def crop_gradient(x: Tensor, bound: float) -> Tensor:
    """The value x itself; its gradient is cropped to [-bound, bound] coordinate by coordinate."""
    return x if bound == inf else _Crop.apply(x, bound)  # type: ignore[no-untyped-call]


def renormalise(p: Tensor) -> Tensor:
    """Distributions p divided by their sums; backwards the identity."""
    return p + (p / p.sum(-1, keepdim=True) - p).detach()
