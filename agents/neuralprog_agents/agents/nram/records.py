"""What training consumes, keeps and reports: records of the kernel and the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Batch(NamedTuple):
    """B input/output pairs, or K batches of them with one more leading axis.

    Arrays of NumPy or tensors of torch: tape and target (B, M) integers, mask (B, M) true
    where the target cell is scored, steps (B,) each example's own time limit T >= 1.
    """

    tape: Any
    target: Any
    mask: Any
    steps: Any


@dataclass
class TrainState:
    """Everything needed to go on: theta (P,), Adam's m (P,) and v (P,), steps done."""

    theta: Floats
    m: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    v: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    step: int = 0

    def __post_init__(self) -> None:
        self.theta = np.ascontiguousarray(self.theta, np.float32)
        self.m = self.m if self.m.size else np.zeros_like(self.theta)
        self.v = self.v if self.v.size else np.zeros_like(self.theta)


class Schedule(NamedTuple):
    """What changes from step to step: three float arrays (K,).

    ``entropy`` is the coefficient λ of the bonus (negative while hardening), ``noise`` the
    standard deviation σ of the gradient noise.
    """

    rate: Any
    entropy: Any
    noise: Any


class Hyper(NamedTuple):
    """What stays: clipping (C1 of activations, C2 of the norm), Adam, ε of the logarithm.

    And how the controller's inputs, the flags, are made of P(r = 0): ``sharpen_flags`` times
    p²(3 - 2p), then rounded if ``straight_through``.
    """

    clip_activations: float = inf
    clip_norm: float = inf
    beta1: float = 0.9
    beta2: float = 0.999
    adam_epsilon: float = 1e-8
    log_epsilon: float = 1e-6
    renormalise: bool = True
    sharpen_flags: int = 0
    straight_through: bool = False


class Metrics(NamedTuple):
    """What K steps measured before each update; NaN where a step was not reached.

    loss (K,) the objective, bonus included; entropy (K,) so that loss + λ·entropy is the
    expected negative log-likelihood; error (K,) the mean fraction of wrong cells and
    errors (K, B) that of each example; grad_norm (K,) before clipping by C2. ``finite``
    is false if training stopped early; the state is then the last finite one.
    """

    loss: Floats
    entropy: Floats
    error: Floats
    errors: Floats
    grad_norm: Floats
    finite: bool


def noise_sigma(step: Any, eta: float, gamma: float = 0.55) -> Any:
    """σ of the gradient noise: σ_t² = η / (1 + t)^γ (Neelakantan et al., 2015)."""
    return np.sqrt(eta / (1.0 + np.asarray(step, np.float64)) ** gamma)
