"""Softmaxes of the controller and the mixtures of sources that they choose, on lanes.

Sources come in three classes (see ``plan``): a dense source costs N products a softmax, a
truth value two, a constant one.
"""

from __future__ import annotations

from numba import njit

from neuralprog_agents.nram.kernel.plan import (
    COUNT,
    DENSE,
    FIXED,
    SOFTMAX_FIELDS,
    START,
    TRUTH,
    Plan,
)
from neuralprog_agents.nram.kernel.vector import (
    LANES,
    Pointer,
    Vector,
    above,
    at,
    crop,
    exp,
    fma,
    load,
    logarithm,
    spread,
    store,
)


@njit(error_model="numpy")
def softmax(weights: Pointer, logits: Pointer, log_sum: Pointer, count: int) -> Vector:
    """One softmax over ``count`` rows; keeps log Σ exp and returns the entropy.

    H = log Σ_k e^z_k - Σ_k w_k z_k with z the logits less their largest: no log of a weight.
    """
    top = load(logits, 0)
    for k in range(1, count):
        x = load(logits, k * LANES)
        top = above(x, top, x, top)
    sum_e, sum_ez = spread(0.0), spread(0.0)
    for k in range(count):
        z = load(logits, k * LANES) - top
        e = exp(z)
        store(weights, k * LANES, e)
        sum_e = sum_e + e
        sum_ez = fma(e, z, sum_ez)
    inverse = spread(1.0) / sum_e
    for k in range(count):
        store(weights, k * LANES, load(weights, k * LANES) * inverse)
    log_e = logarithm(sum_e)
    store(log_sum, 0, top + log_e)
    return log_e - sum_ez * inverse


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
def _mix_dense(
    out: Pointer, weights: Pointer, values: Pointer, dense: Pointer, count: int, N: int
) -> None:
    """out[k] = Σ_s w[s] values[s][k], four k at a time."""
    for k in range(0, N * LANES, 4 * LANES):
        s0, s1, s2, s3 = spread(0.0), spread(0.0), spread(0.0), spread(0.0)
        for s in range(count):
            w = load(weights, dense[s] * LANES)
            v = at(values, s * N * LANES + k)
            s0 = fma(w, load(v, 0), s0)
            s1 = fma(w, load(v, 16), s1)
            s2 = fma(w, load(v, 32), s2)
            s3 = fma(w, load(v, 48), s3)
        store(out, k, s0)
        store(out, k + 16, s1)
        store(out, k + 32, s2)
        store(out, k + 48, s3)


@njit(error_model="numpy")
def mix(
    out: Pointer,
    weights: Pointer,
    values: Pointer,
    truths: Pointer,
    table: Pointer,
    row: Pointer,
    plan: Plan,
) -> None:
    """The argument that a softmax chooses: out = Σ_s w[s] (distribution of source s).

    ``row`` is the softmax's row of the table; ``weights`` start at its own.
    """
    _mix_dense(out, weights, values, at(table, plan.dense), row[DENSE], plan.N)
    zero, one = load(out, 0), load(out, 16)
    for s in range(row[TRUTH]):
        w = load(weights, table[plan.truth + s] * LANES)
        true = w * load(truths, s * LANES)
        one = one + true
        zero = zero + (w - true)
    store(out, 0, zero)
    store(out, 16, one)
    for s in range(row[FIXED]):
        w = load(weights, table[plan.fixed + 2 * s] * LANES)
        k = table[plan.fixed + 2 * s + 1] * LANES
        store(out, k, load(out, k) + w)


@njit(error_model="numpy")
def _mix_dense_back(
    g: Pointer,
    g_weights: Pointer,
    g_values: Pointer,
    weights: Pointer,
    values: Pointer,
    dense: Pointer,
    count: int,
    N: int,
) -> None:
    """g_w[s] = Σ_k g[k] values[s][k] and g_values[s][k] += w[s] g[k], four k at a time."""
    for s in range(count):
        store(g_weights, dense[s] * LANES, spread(0.0))
    for k in range(0, N * LANES, 4 * LANES):
        g0, g1, g2, g3 = load(g, k), load(g, k + 16), load(g, k + 32), load(g, k + 48)
        for s in range(count):
            w = load(weights, dense[s] * LANES)
            v, gv = at(values, s * N * LANES + k), at(g_values, s * N * LANES + k)
            left = fma(g1, load(v, 16), g0 * load(v, 0))
            right = fma(g3, load(v, 48), g2 * load(v, 32))
            store(g_weights, dense[s] * LANES, load(g_weights, dense[s] * LANES) + (left + right))
            store(gv, 0, fma(w, g0, load(gv, 0)))
            store(gv, 16, fma(w, g1, load(gv, 16)))
            store(gv, 32, fma(w, g2, load(gv, 32)))
            store(gv, 48, fma(w, g3, load(gv, 48)))


@njit(error_model="numpy")
def mix_back(
    g: Pointer,
    g_weights: Pointer,
    g_values: Pointer,
    g_truths: Pointer,
    weights: Pointer,
    values: Pointer,
    truths: Pointer,
    table: Pointer,
    row: Pointer,
    plan: Plan,
) -> None:
    """From the gradient g of an argument, those of its weights and of its sources.

    Of a comparison the gradients of P(false) and P(true) are kept apart, as they are cropped.
    """
    dense = at(table, plan.dense)
    _mix_dense_back(g, g_weights, g_values, weights, values, dense, row[DENSE], plan.N)
    zero, one = load(g, 0), load(g, 16)
    for s in range(row[TRUTH]):
        source = table[plan.truth + s] * LANES
        w = load(weights, source)
        store(g_weights, source, fma(load(truths, s * LANES), one - zero, zero))
        place = 2 * s * LANES
        store(g_truths, place, fma(w, zero, load(g_truths, place)))
        store(g_truths, place + 16, fma(w, one, load(g_truths, place + 16)))
    for s in range(row[FIXED]):
        source = table[plan.fixed + 2 * s] * LANES
        store(g_weights, source, load(g, table[plan.fixed + 2 * s + 1] * LANES))


@njit(error_model="numpy")
def all_softmaxes(work: Pointer, table: Pointer, plan: Plan, t: int) -> Vector:
    """Every softmax of step t; the sum of their entropies."""
    logits = at(work, plan.logits + t * plan.logits_step)
    weights = at(work, plan.weights + t * plan.weights_step)
    sums = at(work, plan.sums + t * plan.sums_step)
    entropy = spread(0.0)
    for j in range(plan.softmaxes):
        row = at(table, plan.choices + j * SOFTMAX_FIELDS)
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
        row = at(table, plan.choices + j * SOFTMAX_FIELDS)
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
