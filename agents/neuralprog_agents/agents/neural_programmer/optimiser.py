"""Adam with clipped, noisy gradients on one vector of parameters.

Source: Kingma and Ba 2015, algorithm 1; Neelakantan et al. 2015, "Adding Gradient Noise Improves
Learning for Very Deep Networks" (arXiv 1511.06807).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_BETAS = (0.9, 0.999)
_EPSILON = 1e-8


@dataclass
class State:
    """The state of an optimisation after ``step`` steps, all of shape (P,).

    θ, and Adam's means of the gradients, m, and of the squared gradients, v.
    """

    theta: Tensor
    m: Tensor
    v: Tensor
    step: int = 0

    @classmethod
    def begin(cls, theta: Tensor) -> State:
        """Return the state before the first step."""
        return cls(theta, torch.zeros_like(theta), torch.zeros_like(theta))


def clipped(gradient: Tensor, norm: float) -> Tensor:
    """Return the gradient, shortened to the given norm if it is longer."""
    return gradient * (norm / gradient.norm().clamp(min=norm))


def noise_sigma(step: int, eta: float) -> float:
    """Return σ_t = sqrt(η / (1 + t)^0.55)."""
    return float((eta / (1 + step) ** 0.55) ** 0.5)


def update(state: State, gradient: Tensor, learning_rate: float) -> None:
    """Do one step of Adam, in place."""
    state.step += 1
    first, second = _BETAS
    state.m.mul_(first).add_(gradient, alpha=1 - first)
    state.v.mul_(second).addcmul_(gradient, gradient, value=1 - second)
    size = learning_rate / (1 - first**state.step)
    scale = (state.v / (1 - second**state.step)).sqrt_().add_(_EPSILON)
    state.theta.addcdiv_(state.m, scale, value=-size)
