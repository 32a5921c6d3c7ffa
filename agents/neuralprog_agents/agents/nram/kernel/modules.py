"""The soft modules on lanes, forward and backward, in the closed forms of ``nram.soft_modules``.

A learned module has none: its results for all i and j are looked up.

Distributions are N rows of which the first M count; tapes are M x N rows. ``back`` functions
write the gradients of the arguments to ``ga`` and ``gb``.

``_circular`` and ``_read`` make four rows at a time, which stay in registers. Measured as in
``linear`` (the fourth case there is an MLP of 2 x 32 with R = 4, M = 16): one row at a time costs
0.35, 0.51, 0.57 and 0.47 milliseconds a step in place of 0.34, 0.49, 0.55 and 0.44.
"""

from __future__ import annotations

from numba import njit

from neuralprog_agents.agents.nram.kernel.plan import (
    ADD,
    DEC,
    EQUAL,
    INC,
    LEARNED,
    LESS_OR_EQUAL,
    MAX,
    MIN,
    READ,
    SUB,
    Plan,
)
from neuralprog_agents.agents.nram.kernel.vector import (
    LANES,
    Pointer,
    Vector,
    at,
    clear,
    crop,
    fma,
    load,
    spread,
    store,
    store4,
)


@njit(error_model="numpy")
def _rotate(out: Pointer, a: Pointer, shift: int, M: int) -> None:
    """out[k] = a[(k + shift) mod M] for 0 <= shift < M."""
    for k in range(M - shift):
        store(out, k * LANES, load(a, (k + shift) * LANES))
    for k in range(M - shift, M):
        store(out, k * LANES, load(a, (k + shift - M) * LANES))


@njit(error_model="numpy")
def _double(twice: Pointer, a: Pointer, M: int) -> None:
    """Write the rows of a twice, one copy behind the other."""
    for k in range(M):
        store(twice, k * LANES, load(a, k * LANES))
        store(twice, (M + k) * LANES, load(a, k * LANES))


@njit(error_model="numpy")
def _circular(out: Pointer, u: Pointer, v: Pointer, sign: int, M: int, N: int) -> None:
    """out[c] = Σ_k u[k] v[c + sign·k]: four c at a time, v inside a doubled vector."""
    for c in range(0, N, 4):
        s0, s1, s2, s3 = spread(0.0), spread(0.0), spread(0.0), spread(0.0)
        for k in range(M):
            x = load(u, k * LANES)
            y = at(v, (c + sign * k) * LANES)
            s0 = fma(x, load(y, 0), s0)
            s1 = fma(x, load(y, 16), s1)
            s2 = fma(x, load(y, 32), s2)
            s3 = fma(x, load(y, 48), s3)
        store4(out, c * LANES, s0, s1, s2, s3)
    clear(at(out, M * LANES), N - M)


@njit(error_model="numpy")
def _convolve(out: Pointer, a: Pointer, b: Pointer, twice: Pointer, M: int, N: int) -> None:
    """ADD: out[c] = Σ_a A[a] B[c - a]."""
    _double(twice, b, M)
    _circular(out, a, at(twice, M * LANES), -1, M, N)


@njit(error_model="numpy")
def _correlate(out: Pointer, a: Pointer, b: Pointer, twice: Pointer, M: int, N: int) -> None:
    """SUB: out[c] = Σ_b A[c + b] B[b]."""
    _double(twice, a, M)
    _circular(out, b, twice, 1, M, N)


@njit(error_model="numpy")
def _extreme(out: Pointer, a: Pointer, b: Pointer, first: int, step: int, M: int) -> None:
    """MAX counts upwards, MIN downwards: out[k] = A[k] B(up to k) + B[k] A(before k)."""
    sum_a, sum_b = spread(0.0), spread(0.0)
    k = first * LANES
    for _ in range(M):
        x, y = load(a, k), load(b, k)
        sum_b = sum_b + y
        store(out, k, fma(x, sum_b, y * sum_a))
        sum_a = sum_a + x
        k += step * LANES


@njit(error_model="numpy")
def _extreme_back(
    ga: Pointer, gb: Pointer, g: Pointer, a: Pointer, b: Pointer, first: int, step: int, M: int
) -> None:
    """ga[k] = g[k] B(up to k) + Σ_{after k} g B, and the same for b."""
    sum_a, sum_b = spread(0.0), spread(0.0)
    k = first * LANES
    for _ in range(M):
        sum_a, sum_b = sum_a + load(a, k), sum_b + load(b, k)
        x = load(g, k)
        store(ga, k, x * sum_b)
        store(gb, k, x * sum_a)
        k += step * LANES
    sum_a, sum_b = spread(0.0), spread(0.0)
    for _ in range(M):
        k -= step * LANES
        x = load(g, k)
        store(ga, k, load(ga, k) + sum_b)
        store(gb, k, load(gb, k) + sum_a)
        sum_a, sum_b = fma(x, load(a, k), sum_a), fma(x, load(b, k), sum_b)


@njit(error_model="numpy")
def truth(kind: int, a: Pointer, b: Pointer, M: int) -> Vector:
    """P(true) of a comparison: Σ_k B[k] times A(before k), A(up to k) or A[k]."""
    result, below = spread(0.0), spread(0.0)
    for k in range(0, M * LANES, LANES):
        x, y = load(a, k), load(b, k)
        upto = below + x
        factor = below
        if kind == EQUAL:
            factor = x
        elif kind == LESS_OR_EQUAL:
            factor = upto
        result = fma(y, factor, result)
        below = upto
    return result


@njit(error_model="numpy")
def truth_back(
    kind: int, ga: Pointer, gb: Pointer, g: Vector, a: Pointer, b: Pointer, M: int
) -> None:
    """Gradients of a comparison from that of P(true)."""
    if kind == EQUAL:
        for k in range(0, M * LANES, LANES):
            store(ga, k, g * load(b, k))
            store(gb, k, g * load(a, k))
        return
    inclusive = kind == LESS_OR_EQUAL
    below, beyond = spread(0.0), spread(0.0)
    for k in range(M):
        i, j = k * LANES, (M - 1 - k) * LANES  # i runs upwards, j downwards
        upto, from_here = below + load(a, i), beyond + load(b, j)
        if inclusive:
            below, beyond = upto, from_here
        store(gb, i, g * below)
        store(ga, j, g * beyond)
        below, beyond = upto, from_here


@njit(error_model="numpy")
def _read(out: Pointer, p: Pointer, tape: Pointer, M: int, N: int) -> None:
    """READ: out[k] = Σ_i p[i] tape[i][k]."""
    for k in range(0, N * LANES, 4 * LANES):
        s0, s1, s2, s3 = spread(0.0), spread(0.0), spread(0.0), spread(0.0)
        for i in range(M):
            x = load(p, i * LANES)
            cell = at(tape, i * N * LANES + k)
            s0 = fma(x, load(cell, 0), s0)
            s1 = fma(x, load(cell, 16), s1)
            s2 = fma(x, load(cell, 32), s2)
            s3 = fma(x, load(cell, 48), s3)
        store4(out, k, s0, s1, s2, s3)


@njit(error_model="numpy")
def _read_back(gp: Pointer, g_tape: Pointer, g: Pointer, p: Pointer, tape: Pointer,
               M: int, N: int) -> None:  # fmt: skip
    """gp[i] = Σ_k g[k] tape[i][k]; the gradient of the tape grows by p gᵀ."""
    for i in range(M):
        x, s = load(p, i * LANES), spread(0.0)
        for k in range(0, M * LANES, LANES):
            place = i * N * LANES + k
            y = load(g, k)
            s = fma(y, load(tape, place), s)
            store(g_tape, place, fma(x, y, load(g_tape, place)))
        store(gp, i * LANES, s)


@njit(error_model="numpy")
def write(new: Pointer, old: Pointer, p: Pointer, v: Pointer, M: int, N: int) -> None:
    """WRITE: new[i][k] = old[i][k] + p[i] (v[k] - old[i][k])."""
    for i in range(M):
        x = load(p, i * LANES)
        for k in range(0, M * LANES, LANES):
            place = i * N * LANES + k
            y = load(old, place)
            store(new, place, fma(x, load(v, k) - y, y))


@njit(error_model="numpy")
def write_back(gp: Pointer, gv: Pointer, g_tape: Pointer, old: Pointer, p: Pointer, v: Pointer,
               bound: Vector, M: int, N: int) -> None:  # fmt: skip
    """Crop the gradient of the new tape, then turn it into those of the old one, p and v."""
    clear(gv, M)
    for i in range(M):
        x, s = load(p, i * LANES), spread(0.0)
        for k in range(0, M * LANES, LANES):
            place = i * N * LANES + k
            g = crop(load(g_tape, place), bound)
            s = fma(g, load(v, k) - load(old, place), s)
            gain = x * g
            store(gv, k, load(gv, k) + gain)
            store(g_tape, place, g - gain)
        store(gp, i * LANES, s)


@njit(error_model="numpy")
def _learned(out: Pointer, a: Pointer, b: Pointer, results: Pointer, M: int, N: int) -> None:
    """out[k] = Σ_ij A[i] B[j] [f(i, j) = k]."""
    clear(out, N)
    for i in range(M):
        x = load(a, i * LANES)
        for j in range(M):
            k = results[i * M + j] * LANES
            store(out, k, fma(x, load(b, j * LANES), load(out, k)))


@njit(error_model="numpy")
def _learned_back(ga: Pointer, gb: Pointer, g: Pointer, a: Pointer, b: Pointer, results: Pointer,
                  M: int) -> None:  # fmt: skip
    """ga[i] = Σ_j B[j] g[f(i, j)] and gb[j] = Σ_i A[i] g[f(i, j)]."""
    clear(gb, M)
    for i in range(M):
        x, s = load(a, i * LANES), spread(0.0)
        for j in range(0, M * LANES, LANES):
            y = load(g, results[i * M + j // LANES] * LANES)
            s = fma(load(b, j), y, s)
            store(gb, j, fma(x, y, load(gb, j)))
        store(ga, i * LANES, s)


@njit(error_model="numpy")
def _learned_unary(out: Pointer, a: Pointer, results: Pointer, M: int, N: int) -> None:
    """out[k] = Σ_i A[i] [f(i) = k]."""
    clear(out, N)
    for i in range(M):
        k = results[i * M] * LANES
        store(out, k, load(out, k) + load(a, i * LANES))


@njit(error_model="numpy")
def _learned_unary_back(ga: Pointer, g: Pointer, results: Pointer, M: int) -> None:
    """ga[i] = g[f(i)]."""
    for i in range(M):
        store(ga, i * LANES, load(g, results[i * M] * LANES))


@njit(error_model="numpy")
def dense(kind: int, out: Pointer, a: Pointer, b: Pointer, tape: Pointer, twice: Pointer,
          results: Pointer, plan: Plan) -> None:  # fmt: skip
    """Any module with a whole distribution as output."""
    M, N = plan.M, plan.N
    if kind == READ:
        _read(out, a, tape, M, N)
    elif kind == INC:
        _rotate(out, a, M - 1, M)
    elif kind == DEC:
        _rotate(out, a, 1, M)
    elif kind == ADD:
        _convolve(out, a, b, twice, M, N)
    elif kind == SUB:
        _correlate(out, a, b, twice, M, N)
    elif kind in (MIN, MAX):
        first, step = (M - 1, -1) if kind == MIN else (0, 1)
        _extreme(out, a, b, first, step, M)
    elif kind == LEARNED:
        _learned(out, a, b, results, M, N)
    else:
        _learned_unary(out, a, results, M, N)


@njit(error_model="numpy")
def dense_back(kind: int, ga: Pointer, gb: Pointer, g_tape: Pointer, g: Pointer, a: Pointer,
               b: Pointer, tape: Pointer, twice: Pointer, results: Pointer,
               plan: Plan) -> None:  # fmt: skip
    """Gradients of the arguments of any module with a whole distribution as output."""
    M, N = plan.M, plan.N
    if kind == READ:
        _read_back(ga, g_tape, g, a, tape, M, N)
    elif kind == INC:
        _rotate(ga, g, 1, M)
    elif kind == DEC:
        _rotate(ga, g, M - 1, M)
    elif kind == ADD:
        _correlate(ga, g, b, twice, M, N)
        _correlate(gb, g, a, twice, M, N)
    elif kind == SUB:
        _convolve(ga, b, g, twice, M, N)
        _correlate(gb, a, g, twice, M, N)
    elif kind in (MIN, MAX):
        first, step = (M - 1, -1) if kind == MIN else (0, 1)
        _extreme_back(ga, gb, g, a, b, first, step, M)
    elif kind == LEARNED:
        _learned_back(ga, gb, g, a, b, results, M)
    else:
        _learned_unary_back(ga, g, results, M)
