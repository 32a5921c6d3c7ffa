"""Compiled training of an NRAM on the CPU: the whole rollout, back, and Adam in one call.

The mathematics is that of ``nram.model``, sixteen examples at a time (see ``vector`` and
``plan`` for how, ``rollout`` for the order of things). Results are the same bits in every
run on the same machine, whatever the number of threads.
"""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agents.nram.kernel.loop import Moments, Series, run
from neuralprog_agents.agents.nram.kernel.plan import plan
from neuralprog_agents.agents.nram.records import (
    Batch,
    Floats,
    Hyper,
    Metrics,
    Schedule,
    TrainState,
)
from neuralprog_agents.agents.nram.shape import Shape

__all__ = ["loss_and_grad", "train_steps"]


def _array(values: Any, kind: type, length: int) -> NDArray[Any]:
    """A flat, contiguous, writable array of this type: the compiled code knows no other."""
    array: NDArray[Any] = np.require(values, kind, ["C", "W"]).reshape(-1)
    if array.size != length:
        raise ValueError(f"expected {length} values, got {array.size}")
    return array


def _batches(batches: Batch, shape: Shape) -> tuple[Batch, int, int]:
    """Check K batches; return them flat, with the batch size and the longest time limit."""
    tape, target = np.asarray(batches.tape), np.asarray(batches.target)
    K, B, M = tape.shape
    if shape.memory != M:
        raise ValueError(f"tapes have {M} cells, the shape says {shape.memory}")
    low, high = min(tape.min(), target.min()), max(tape.max(), target.max())
    if low < 0 or high >= M:
        raise ValueError(f"tape and target must hold values from 0 to {M - 1}")
    steps = _array(batches.steps, np.int32, K * B)
    if steps.min() < 1:
        raise ValueError("every time limit must be at least 1")
    data = Batch(
        _array(tape, np.int32, K * B * M),
        _array(target, np.int32, K * B * M),
        _array(batches.mask, np.uint8, K * B * M),
        steps,
    )
    return data, B, int(steps.max())


def _workspace(size: int) -> Floats:
    """Zeros that start on a boundary of 64 bytes."""
    space = np.zeros(size + 16, np.float32)
    skip = -space.ctypes.data // 4 % 16
    return space[skip : skip + size]


def _folded(seed: int) -> int:
    """A key of 32 bits from a seed of any size."""
    seed = int(seed) & 0xFFFFFFFFFFFFFFFF
    return (seed ^ (seed >> 32)) & 0xFFFFFFFF


def _run(
    shape: Shape, state: TrainState, batches: Batch, schedule: Schedule, hyper: Hyper, seed: int,
    update: bool,
) -> tuple[Metrics, Floats, int]:  # fmt: skip
    """Call the compiled entry; returns metrics, the last gradient and the steps done."""
    K = len(schedule.rate)
    data, B, steps = _batches(batches, shape)
    sizes, tables = plan(shape, steps, hyper)
    work = _workspace(sizes.size)
    loss, entropy, norm = np.full((3, K), np.nan, np.float32)
    errors = np.full((K, B), np.nan, np.float32)
    done = run(
        np.array(sizes, np.int64),
        hyper,
        tables,
        work,
        Moments(state.theta, state.m, state.v),
        data,
        Schedule(*(_array(values, np.float32, K) for values in schedule)),
        Series(loss, entropy, norm, errors),
        _folded(seed),
        state.step,
        update,
    )
    metrics = Metrics(loss, entropy, errors.mean(axis=1), errors, norm, done == K)
    return metrics, work[sizes.gradient : sizes.gradient + shape.size].copy(), done


def loss_and_grad(
    shape: Shape,
    theta: Floats,
    batch: Batch,
    *,
    entropy: float = 0.0,
    clip: float = inf,
    epsilon: float = 1e-6,
    renormalise: bool = True,
    sharpen_flags: int = 0,
    straight_through: bool = False,
) -> tuple[float, Floats, Floats]:
    """Loss of one batch, its gradient (P,) and the error of each example (B,), in float32.

    ``entropy`` is the coefficient of the bonus, ``clip`` the C1 of activations.
    """
    state = TrainState(theta)
    one = Batch(*(np.asarray(part)[None] for part in batch))
    schedule = Schedule(np.zeros(1), np.full(1, entropy), np.zeros(1))
    hyper = Hyper(
        clip_activations=clip, log_epsilon=epsilon, renormalise=renormalise,
        sharpen_flags=sharpen_flags, straight_through=straight_through,
    )  # fmt: skip
    metrics, gradient, _ = _run(shape, state, one, schedule, hyper, seed=0, update=False)
    return float(metrics.loss[0]), gradient, metrics.errors[0]


def train_steps(
    shape: Shape, state: TrainState, batches: Batch, schedule: Schedule, hyper: Hyper, seed: int
) -> Metrics:
    """K training steps on K batches: tape, target, mask (K, B, M) and steps (K, B).

    Changes ``state`` in place. Stops before the first update whose loss or gradient is not
    finite, and says so: ``metrics.finite``.
    """
    metrics, _, done = _run(shape, state, batches, schedule, hyper, seed, update=True)
    state.step += done
    finite = metrics.finite and bool(np.isfinite(state.theta).all())
    return metrics._replace(finite=finite)
