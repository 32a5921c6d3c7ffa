"""The update of the parameters: clipping by norm, gradient noise, Adam.

Parameters, moments and gradient lie in the workspace as whole rows, sixteen at a time; the padding
is zero. There are no other tricks for speed.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from neuralprog_agents.agents.nram.kernel.plan import Plan
from neuralprog_agents.agents.nram.kernel.vector import (
    LANES,
    Pointer,
    at,
    cosine,
    fma,
    load,
    logarithm,
    root,
    sine,
    spread,
    store,
    total,
)
from neuralprog_agents.agents.nram.records import Hyper

_ROUNDS = 10
_MULTIPLIER, _KEY_STEP = np.uint64(0xD256D193), np.uint64(0x9E3779B9)
_WORD, _HALF, _BYTE = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(8)


@njit(error_model="numpy")
def _uniforms(out: Pointer, half: int, seed: int, step: int) -> None:
    """Put numbers of (0, 1] into out[i] and of [-1/2, 1/2) into out[half + i].

    They are random by Philox 2x32 with ten rounds, whose key is the seed and whose counter is
    (i, step): no state, so that training resumes exactly, whatever the order of work. Source:
    Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
    """
    for i in range(half):
        key = np.uint64(seed) & _WORD
        left, right = np.uint64(i) & _WORD, np.uint64(step) & _WORD
        for _ in range(_ROUNDS):
            product = left * _MULTIPLIER
            left, right = (product >> _HALF) ^ key ^ right, product & _WORD
            key = (key + _KEY_STEP) & _WORD
        out[i] = np.float32(np.int64(left >> _BYTE) + 1) * np.float32(2.0**-24)
        turn = np.float32(np.int64(right >> _BYTE)) * np.float32(2.0**-24)
        out[half + i] = turn - np.float32(0.5)


@njit(error_model="numpy")
def normals(out: Pointer, size: int, seed: int, step: int) -> None:
    """Standard normals of this seed and step, by Box and Muller from 24 bits of each word."""
    half = -(-size // (2 * LANES)) * LANES
    _uniforms(out, half, seed, step)
    for k in range(0, half, LANES):
        radius = root(spread(-2.0) * logarithm(load(out, k)))
        angle = load(out, half + k)
        store(out, k, radius * cosine(angle))
        store(out, half + k, radius * sine(angle))


@njit(error_model="numpy")
def norm(p: Pointer, size: int) -> float:
    """The L2 norm of so many floats, padding included."""
    squares = spread(0.0)
    for k in range(0, size, LANES):
        x = load(p, k)
        squares = fma(x, x, squares)
    return np.sqrt(total(squares))


@njit(error_model="numpy")
def add_noise(work: Pointer, plan: Plan, sigma: float, seed: int, step: int) -> None:
    """Gradient += σ · normals, once clipped (Neelakantan et al., 2015)."""
    out = plan.noise
    normals(at(work, out), plan.parameters, seed, step)
    for i in range(plan.parameters):
        work[plan.gradient + i] += np.float32(sigma) * work[out + i]


@njit(error_model="numpy")
def adam(work: Pointer, plan: Plan, hyper: Hyper, rate: float, step: int) -> None:
    """One update of Adam (Kingma and Ba, 2015); ``step`` counts from 1."""
    mean_share, square_share = 1.0 - hyper.beta1, 1.0 - hyper.beta2
    pace = spread(-rate / (1.0 - hyper.beta1**step))
    inverse = spread(1.0 / (1.0 - hyper.beta2**step))
    epsilon = spread(hyper.adam_epsilon)
    for k in range(0, plan.parameters, LANES):
        g, m, v = load(work, plan.gradient + k), load(work, plan.m + k), load(work, plan.v + k)
        m = fma(spread(mean_share), g - m, m)
        v = fma(spread(square_share), g * g - v, v)
        store(work, plan.m + k, m)
        store(work, plan.v + k, v)
        change = pace * m / (root(v * inverse) + epsilon)
        store(work, plan.theta + k, load(work, plan.theta + k) + change)


@njit(error_model="numpy")
def scale(p: Pointer, size: int, factor: float) -> None:
    """Multiply so many floats."""
    for k in range(0, size, LANES):
        store(p, k, spread(factor) * load(p, k))
