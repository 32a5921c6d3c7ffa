"""Two identities whose gradients differ: clipping inside back-propagation, renormalisation.

Both are the paper's tricks (appendix A of the ICLR version, "techniques"): gradients of
intermediate activations overflowed, and rounding made distributions drift.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _Crop(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, bound: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        (bound,) = ctx.saved_tensors
        return gradient.clamp(-bound, bound), None


def crop_gradient(x: Tensor, bound: Tensor | None) -> Tensor:
    """The value x itself; its gradient is cropped to [-bound, bound] coordinate by coordinate."""
    return x if bound is None else _Crop.apply(x, bound)  # type: ignore[no-untyped-call]


def renormalise(p: Tensor) -> Tensor:
    """Distributions p divided by their sums; backwards the identity."""
    return p + (p / p.sum(-1, keepdim=True) - p).detach()
