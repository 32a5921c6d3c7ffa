"""The compiled entry: K training steps, or one gradient, in a single call.

Compiled once for all shapes and kept on disk. The function takes arrays of fixed types, so
there is one compilation only; it holds no lock while it runs, so that restarts can train in
parallel threads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from neuralprog_agents.agents.nram.kernel import controller, optimiser, rollout
from neuralprog_agents.agents.nram.kernel.plan import Plan
from neuralprog_agents.agents.nram.kernel.vector import (
    LANES,
    Pointer,
    at,
    clear,
    load,
    pointer,
    spread,
    store,
    total,
)
from neuralprog_agents.agents.nram.kernel.view import view
from neuralprog_agents.agents.nram.records import Batch, Floats, Hyper, Schedule
from neuralprog_agents.training.compiled import compiled


@njit(error_model="numpy")
def _start(work: Pointer, plan: Plan) -> None:
    """Registers at 0, an empty target, mask and tape, no time."""
    clear(at(work, plan.values), plan.R * plan.N)
    clear(at(work, plan.tapes), plan.M * plan.N)
    clear(at(work, plan.target), plan.M * plan.N)
    clear(at(work, plan.mask), plan.M)
    clear(at(work, plan.limit), 1)
    for r in range(plan.R):
        store(work, plan.values + r * plan.N * LANES, spread(1.0))


@njit(error_model="numpy")
def _load_group(
    work: Pointer, plan: Plan, tape: Pointer, target: Pointer, mask: Pointer, limits: Pointer,
    count: int,
) -> int:  # fmt: skip
    """Spread up to sixteen examples over the lanes; returns the longest time limit.

    Lanes without an example have time limit 0, so nothing in them counts.
    """
    _start(work, plan)
    longest = 0
    for lane in range(count):
        work[plan.limit + lane] = np.float32(limits[lane])
        longest = max(longest, limits[lane])
        for i in range(plan.M):
            cell, place = lane * plan.M + i, i * plan.N * LANES + lane
            work[plan.tapes + place + tape[cell] * LANES] = np.float32(1.0)
            if mask[cell] != 0:
                work[plan.target + place + target[cell] * LANES] = np.float32(1.0)
                work[plan.mask + i * LANES + lane] = np.float32(1.0)
    return longest


@njit(error_model="numpy")
def _errors(errors: Pointer, work: Pointer, plan: Plan, count: int) -> None:
    """Of each example the fraction of scored cells whose expected P(right) is at most 1/2."""
    for lane in range(count):
        wrong, scored = 0, 0
        for i in range(plan.M):
            place = i * LANES + lane
            if work[plan.mask + place] != 0:
                scored += 1
                wrong += 0 if work[plan.error + place] > 0.5 else 1
        errors[lane] = np.float32(wrong / max(scored, 1))


@njit(error_model="numpy")
def _gradient(
    work: Pointer, table: Pointer, plan: Plan, tape: Pointer, target: Pointer, mask: Pointer,
    limits: Pointer, batch: int, bonus: float, hyper: Hyper, errors: Pointer,
) -> tuple[float, float]:  # fmt: skip
    """Mean loss and entropy of one batch; its gradient is left in the workspace."""
    theta = at(work, plan.theta)
    epsilon, bound = spread(hyper.log_epsilon), spread(hyper.clip_activations)
    loss, entropy = spread(0.0), spread(0.0)
    controller.clear_weights(work, table, plan)
    for first in range(0, batch, LANES):
        count, cells = min(LANES, batch - first), first * plan.M
        steps = _load_group(
            work, plan, at(tape, cells), at(target, cells), at(mask, cells), at(limits, first),
            count,
        )  # fmt: skip
        rollout.forward(work, theta, table, plan, steps, epsilon, hyper.renormalise)
        rollout.back(work, theta, table, plan, steps, epsilon, bound, spread(bonus))
        controller.add_weights(work, table, plan, steps)
        loss, entropy = loss + load(work, plan.loss), entropy + load(work, plan.entropy)
        _errors(at(errors, first), work, plan, count)
    controller.gather_weights(work, table, plan, np.float32(1.0 / batch))
    mean_entropy = total(entropy) / batch
    return total(loss) / batch - bonus * mean_entropy, mean_entropy


@njit(error_model="numpy")
def _update(
    work: Pointer, plan: Plan, hyper: Hyper, size: float, rate: float, sigma: float,
    seed: int, step: int,
) -> None:  # fmt: skip
    """Clip by norm, add noise, one update of Adam."""
    if size > hyper.clip_norm:
        optimiser.scale(at(work, plan.gradient), plan.parameters, hyper.clip_norm / size)
    if sigma > 0:
        optimiser.add_noise(work, plan, sigma, seed, step)
    optimiser.adam(work, plan, hyper, rate, step + 1)


class Moments(NamedTuple):
    """Theta and Adam's moments, each (P,); changed in place."""

    theta: Floats
    m: Floats
    v: Floats


class Series(NamedTuple):
    """What is measured: loss, entropy and norm of the gradient (K,), errors (K, B)."""

    loss: Floats
    entropy: Floats
    norm: Floats
    errors: Floats


@njit(error_model="numpy")
def _take(work: Pointer, plan: Plan, moments: Moments) -> None:
    _copy(at(work, plan.theta), pointer(moments.theta), plan.parameters)
    _copy(at(work, plan.m), pointer(moments.m), plan.parameters)
    _copy(at(work, plan.v), pointer(moments.v), plan.parameters)


@njit(error_model="numpy")
def _give(work: Pointer, plan: Plan, moments: Moments) -> None:
    _copy(pointer(moments.theta), at(work, plan.theta), plan.parameters)
    _copy(pointer(moments.m), at(work, plan.m), plan.parameters)
    _copy(pointer(moments.v), at(work, plan.v), plan.parameters)


@njit(error_model="numpy")
def _copy(target: Pointer, source: Pointer, count: int) -> None:
    for i in range(count):
        target[i] = source[i]


@njit(error_model="numpy")
def _run(
    numbers: NDArray[np.int64], hyper: Hyper, tables: NDArray[np.int64], workspace: Floats,
    moments: Moments, data: Batch, schedule: Schedule, series: Series, seed: int, first_step: int,
    update: bool,
) -> int:  # fmt: skip
    """Take K training steps, or with no ``update`` one gradient; return how many were finite."""
    work, table, plan = pointer(workspace), pointer(tables), view(pointer(numbers))
    B, M = series.errors.shape[1], plan.M
    _take(work, plan, moments)
    done = 0
    for k in range(len(schedule.rate)):
        cells, bonus = k * B * M, schedule.entropy[k]
        loss, entropy = _gradient(
            work, table, plan, at(pointer(data.tape), cells), at(pointer(data.target), cells),
            at(pointer(data.mask), cells), at(pointer(data.steps), k * B), B, bonus,
            hyper, at(pointer(series.errors), k * B),
        )  # fmt: skip
        size = optimiser.norm(at(work, plan.gradient), plan.parameters)
        series.loss[k], series.entropy[k], series.norm[k] = loss, entropy, size
        if not (np.isfinite(loss) and np.isfinite(size)):
            break
        done += 1
        if update:
            rate, sigma = schedule.rate[k], schedule.noise[k]
            _update(work, plan, hyper, size, rate, sigma, seed, first_step + k)
    _give(work, plan, moments)
    return done


def _build(sources: str, cache: bool) -> tuple[Any, ...]:
    """The entry; see ``training.compiled``."""

    @njit(nogil=True, error_model="numpy", cache=cache)
    def run(*arguments: Any) -> int:
        version = sources  # noqa: F841
        return _run(*arguments)

    return (run,)


_HERE = Path(__file__).parent
(run,) = compiled(_build, sorted(_HERE.glob("*.py")))
