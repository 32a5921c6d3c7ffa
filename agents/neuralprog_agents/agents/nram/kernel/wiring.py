"""Softmaxes of the controller and the mixtures of sources that they choose, on lanes.

Sources come in three classes (see ``plan``): a dense source costs N products a softmax, a
truth value two, a constant one.

``_mix_dense`` and ``source_back`` make four rows at a time. Measured as in ``modules``, one row at
a time costs 0.35, 0.51, 0.56 and 0.46 milliseconds in the first, 0.36, 0.52, 0.57 and 0.46 in the
second, in place of 0.34, 0.49, 0.55 and 0.44. To mix two softmaxes at a time, and to make eight
products of their gradients at a time, gained 4 % for twice the code, and is gone: without it a step
takes 0.36, 0.52, 0.55 and 0.47.
"""

from __future__ import annotations

from math import log

from numba import njit

from neuralprog_agents.agents.nram.kernel.plan import (
    COUNT,
    DENSE,
    FIXED,
    SOFTMAX_FIELDS,
    START,
    TRUTH,
    Plan,
)
from neuralprog_agents.agents.nram.kernel.vector import (
    LANES,
    Pointer,
    Vector,
    above,
    at,
    crop,
    exp2,
    fma,
    load,
    logarithm,
    spread,
    store,
    store4,
)

LN_2 = log(2.0)
LOG2_E = 1.0 / LN_2


@njit(error_model="numpy")
def softmax(weights: Pointer, logits: Pointer, log_sum: Pointer, count: int) -> Vector:
    """One softmax over ``count`` rows; keeps log Σ exp and returns the entropy.

    Powers of two spare a product: w_k = 2^z_k / Σ 2^z, z the logits less their largest over
    ln 2. H = log Σ_k 2^z_k - ln 2 Σ_k w_k z_k needs no logarithm of a weight.
    """
    top = load(logits, 0)
    for k in range(1, count):
        x = load(logits, k * LANES)
        top = above(x, top, x, top)
    scale = spread(LOG2_E)
    shift = -top * scale
    sum_e, sum_ez = spread(0.0), spread(0.0)
    for k in range(count):
        z = fma(load(logits, k * LANES), scale, shift)
        e = exp2(z)
        store(weights, k * LANES, e)
        sum_e = sum_e + e
        sum_ez = fma(e, z, sum_ez)
    inverse = spread(1.0) / sum_e
    for k in range(count):
        store(weights, k * LANES, load(weights, k * LANES) * inverse)
    log_e = logarithm(sum_e)
    store(log_sum, 0, top + log_e)
    return log_e - spread(LN_2) * sum_ez * inverse


@njit(error_model="numpy")
def softmax_back(
    weights: Pointer,
    gradient: Pointer,
    logits: Pointer,
    log_sum: Vector,
    bonus: Vector,
    bound: Vector,
    count: int,
) -> None:
    """Replace weights w by the gradient of the logits, w (g - Σ w g), cropped.

    The entropy bonus adds λ log w to the gradient g of the weights; its constant cancels.
    """
    mean = spread(0.0)
    for k in range(count):
        log_w = load(logits, k * LANES) - log_sum
        g = fma(bonus, log_w, load(gradient, k * LANES))
        store(gradient, k * LANES, g)
        mean = fma(load(weights, k * LANES), g, mean)
    for k in range(count):
        g = load(weights, k * LANES) * (load(gradient, k * LANES) - mean)
        store(weights, k * LANES, crop(g, bound))


@njit(error_model="numpy")
def _mix_dense(out: Pointer, weights: Pointer, values: Pointer, dense: Pointer, count: int,
               N: int) -> None:  # fmt: skip
    """out[k] = Σ_s w[s] values[s][k], four k at a time."""
    for k in range(0, N * LANES, 4 * LANES):
        s0, s1, s2, s3 = spread(0.0), spread(0.0), spread(0.0), spread(0.0)
        for s in range(count):
            w, row = load(weights, dense[s] * LANES), at(values, s * N * LANES + k)
            s0, s1 = fma(w, load(row, 0), s0), fma(w, load(row, 16), s1)
            s2, s3 = fma(w, load(row, 32), s2), fma(w, load(row, 48), s3)
        store4(out, k, s0, s1, s2, s3)


@njit(error_model="numpy")
def _mix_rest(out: Pointer, weights: Pointer, truths: Pointer, table: Pointer, row: Pointer,
              plan: Plan) -> None:  # fmt: skip
    """Add to out what a softmax takes from truth values and constants."""
    for s in range(row[FIXED]):
        w = load(weights, table[plan.fixed + 2 * s] * LANES)
        k = table[plan.fixed + 2 * s + 1] * LANES
        store(out, k, load(out, k) + w)
    zero, one = spread(0.0), spread(0.0)
    for s in range(row[TRUTH]):
        w = load(weights, table[plan.truth + s] * LANES)
        true = w * load(truths, s * LANES)
        one = one + true
        zero = zero + (w - true)
    store(out, 0, load(out, 0) + zero)
    store(out, 16, load(out, 16) + one)


@njit(error_model="numpy")
def softmax_row(table: Pointer, plan: Plan, j: int) -> Pointer:
    """The row of the softmax table."""
    return at(table, plan.choices + j * SOFTMAX_FIELDS)


@njit(error_model="numpy")
def mix(work: Pointer, table: Pointer, plan: Plan, t: int, out: Pointer, j: int) -> None:
    """What softmax j chooses in step t, as a distribution."""
    row = softmax_row(table, plan, j)
    weights = at(work, plan.weights + t * plan.weights_step + row[START] * LANES)
    values = at(work, plan.values + t * plan.values_step)
    truths = at(work, plan.truths + t * plan.truths_step)
    _mix_dense(out, weights, values, at(table, plan.dense), row[DENSE], plan.N)
    _mix_rest(out, weights, truths, table, row, plan)


@njit(error_model="numpy")
def _rest_back(out: Pointer, g: Pointer, truths: Pointer, table: Pointer, row: Pointer,
               plan: Plan) -> None:  # fmt: skip
    """Gradients of the weights of truth values and constants."""
    zero, one = load(g, 0), load(g, 16)
    slope = one - zero
    for s in range(row[TRUTH]):
        x = fma(load(truths, s * LANES), slope, zero)
        store(out, table[plan.truth + s] * LANES, x)
    for s in range(row[FIXED]):
        x = load(g, table[plan.fixed + 2 * s + 1] * LANES)
        store(out, table[plan.fixed + 2 * s] * LANES, x)


@njit(error_model="numpy")
def weights_back(work: Pointer, table: Pointer, plan: Plan, t: int, j: int) -> None:
    """Gradients of the weights of softmax j: Σ_k g[k] values[s][k] for every source s."""
    row = softmax_row(table, plan, j)
    out = at(work, plan.weight_gradient + row[START] * LANES)
    g = at(work, plan.mixed_gradient + j * plan.N * LANES)
    for s in range(row[DENSE]):
        x, values = spread(0.0), plan.values + t * plan.values_step + s * plan.N * LANES
        for k in range(0, plan.M * LANES, LANES):
            x = fma(load(g, k), load(work, values + k), x)
        store(out, table[plan.dense + s] * LANES, x)
    _rest_back(out, g, at(work, plan.truths + t * plan.truths_step), table, row, plan)


@njit(error_model="numpy")
def source_back(work: Pointer, table: Pointer, plan: Plan, t: int, out: Pointer, source: int,
                first: int, rows: int, bound: Vector) -> None:  # fmt: skip
    """Cropped gradient of one source: out[k] = Σ_j w_j[source] g_j[k], softmaxes from first on.

    Every later softmax has the source, so this is one sum, with nothing written on the way;
    ``rows`` is rounded up to a multiple of four.
    """
    weights = at(work, plan.weights + t * plan.weights_step + source * LANES)
    for k in range(0, rows * LANES, 4 * LANES):
        s0, s1, s2, s3 = spread(0.0), spread(0.0), spread(0.0), spread(0.0)
        for j in range(first, plan.softmaxes):
            w = load(weights, softmax_row(table, plan, j)[START] * LANES)
            g = at(work, plan.mixed_gradient + j * plan.N * LANES + k)
            s0 = fma(w, load(g, 0), s0)
            s1 = fma(w, load(g, 16), s1)
            s2 = fma(w, load(g, 32), s2)
            s3 = fma(w, load(g, 48), s3)
        store4(out, k, crop(s0, bound), crop(s1, bound), crop(s2, bound), crop(s3, bound))


@njit(error_model="numpy")
def all_softmaxes(work: Pointer, table: Pointer, plan: Plan, t: int) -> Vector:
    """Every softmax of step t; the sum of their entropies."""
    logits = at(work, plan.logits + t * plan.logits_step)
    weights = at(work, plan.weights + t * plan.weights_step)
    sums = at(work, plan.sums + t * plan.sums_step)
    entropy = spread(0.0)
    for j in range(plan.softmaxes):
        row = softmax_row(table, plan, j)
        start = row[START] * LANES
        log_sum = at(sums, j * LANES)
        entropy = entropy + softmax(at(weights, start), at(logits, start), log_sum, row[COUNT])
    return entropy


@njit(error_model="numpy")
def all_softmaxes_back(
    work: Pointer, table: Pointer, plan: Plan, t: int, bonus: Vector, bound: Vector
) -> None:
    """Turn the weights of step t into gradients of the logits."""
    logits = at(work, plan.logits + t * plan.logits_step)
    weights = at(work, plan.weights + t * plan.weights_step)
    sums = at(work, plan.sums + t * plan.sums_step)
    gradient = at(work, plan.weight_gradient)
    for j in range(plan.softmaxes):
        row = softmax_row(table, plan, j)
        start = row[START] * LANES
        softmax_back(
            at(weights, start),
            at(gradient, start),
            at(logits, start),
            load(sums, j * LANES),
            bonus,
            bound,
            row[COUNT],
        )
