"""Linear layers on sixteen lanes: forward, and the gradients of inputs and of weights.

Sums are written out by hand, four rows at a time (eight for weights), so that they stay in
registers. Measured as CPU-milliseconds of a training step, the least of 60 (one core of an AVX-512
server; B = 32, R = 3, M = 10, T = 10; MLPs of 2 x 32 and of 2 x 64, an LSTM of 32), this code takes
0.34, 0.49 and 0.55. Without ``active_rows`` it takes 0.39, 0.63 and 0.55; with ``_one_weights`` in
place of ``_eight_weights`` 0.44, 0.72 and 0.72. Tiles of eight rows in ``_product`` changed nothing
(0.34, 0.49, 0.54), and are gone, as is a hint to LLVM that the plan never changes (``view``).
"""

from __future__ import annotations

from numba import njit

from neuralprog_agents.agents.nram.kernel.vector import (
    LANES,
    Pointer,
    at,
    fma,
    load,
    nonzero,
    spread,
    store,
    total,
    transpose,
)

TILE = 8


@njit(error_model="numpy")
def active_rows(active: Pointer, x: Pointer, inputs: int, relu: int) -> int:
    """List the rows of x that have an effect; the last is repeated up to a multiple of four.

    Of the first ``relu`` rows, outputs of a ReLU, those that are 0 in every lane take no part
    in a product, neither forward nor back. Flags are alike in many examples: often a half.
    """
    count = 0
    for i in range(inputs):
        active[count] = i
        count += 1 if i >= relu or nonzero(load(x, i * LANES)) else 0
    padded = count + -count % 4
    for i in range(count, padded):
        active[i] = active[max(count - 1, 0)]
    return count


@njit(error_model="numpy")
def _four(y: Pointer, W: Pointer, b: Pointer, rows: Pointer, row: int, x: Pointer,
          columns: Pointer, column: int, count: int) -> None:  # fmt: skip
    """Four rows of ``_product``."""
    r0, r1, r2, r3 = rows[0], rows[1], rows[2], rows[3]
    s0, s1, s2, s3 = spread(b[r0]), spread(b[r1]), spread(b[r2]), spread(b[r3])
    for c in range(count):
        k = columns[c]
        v = load(x, k * LANES)
        w = at(W, k * column)
        s0 = fma(spread(w[r0 * row]), v, s0)
        s1 = fma(spread(w[r1 * row]), v, s1)
        s2 = fma(spread(w[r2 * row]), v, s2)
        s3 = fma(spread(w[r3 * row]), v, s3)
    store(y, r0 * LANES, s0)
    store(y, r1 * LANES, s1)
    store(y, r2 * LANES, s2)
    store(y, r3 * LANES, s3)


@njit(error_model="numpy")
def _product(y: Pointer, W: Pointer, b: Pointer, rows: Pointer, row_count: int, row: int,
             x: Pointer, columns: Pointer, count: int, column: int) -> None:  # fmt: skip
    """y[r] = b[r] + Σ_c W[r·row + c·column] x[c] for the listed rows r and columns c.

    The list of rows is padded to a multiple of four: repeating a row does no harm.
    """
    for j in range(0, row_count, 4):
        _four(y, W, b, at(rows, j), row, x, columns, column, count)


@njit(error_model="numpy")
def affine(y: Pointer, W: Pointer, b: Pointer, x: Pointer, all_rows: Pointer, outputs: int,
           active: Pointer, count: int, inputs: int) -> None:  # fmt: skip
    """The layer y = W x + b, W (outputs, inputs), from the active rows of x."""
    _product(y, W, b, all_rows, outputs, inputs, x, active, count, 1)


@njit(error_model="numpy")
def affine_input(dx: Pointer, W: Pointer, zeros: Pointer, dy: Pointer, all_rows: Pointer,
                 outputs: int, active: Pointer, count: int, inputs: int) -> None:  # fmt: skip
    """Its input's gradient dx = Wᵀ dy, in the active rows only."""
    _product(dx, W, zeros, active, count, 1, dy, all_rows, outputs, inputs)


@njit(error_model="numpy")
def columns_of(x: Pointer, stride: int, wide: int, steps: int, columns: Pointer) -> None:
    """Turn x (steps, wide, 16) into columns (steps, 16, wide): examples before features."""
    for t in range(steps):
        for i in range(0, wide, LANES):
            place = t * LANES * wide + i
            transpose(at(x, t * stride + i * LANES), at(columns, place), wide)


@njit(error_model="numpy")
def _eight_weights(
    dW: Pointer, dy: Pointer, stride: int, columns: Pointer, wide: int, steps: int
) -> None:
    """Gradients of eight rows of weights, sixteen of their columns."""
    s0, s1 = load(dW, 0), load(dW, wide)
    s2, s3 = load(dW, 2 * wide), load(dW, 3 * wide)
    s4, s5 = load(dW, 4 * wide), load(dW, 5 * wide)
    s6, s7 = load(dW, 6 * wide), load(dW, 7 * wide)
    for t in range(steps):
        for lane in range(LANES):
            x = load(columns, (t * LANES + lane) * wide)
            g = at(dy, t * stride + lane)
            s0 = fma(spread(g[0]), x, s0)
            s1 = fma(spread(g[16]), x, s1)
            s2 = fma(spread(g[32]), x, s2)
            s3 = fma(spread(g[48]), x, s3)
            s4 = fma(spread(g[64]), x, s4)
            s5 = fma(spread(g[80]), x, s5)
            s6 = fma(spread(g[96]), x, s6)
            s7 = fma(spread(g[112]), x, s7)
    store(dW, 0, s0)
    store(dW, wide, s1)
    store(dW, 2 * wide, s2)
    store(dW, 3 * wide, s3)
    store(dW, 4 * wide, s4)
    store(dW, 5 * wide, s5)
    store(dW, 6 * wide, s6)
    store(dW, 7 * wide, s7)


@njit(error_model="numpy")
def _one_weights(
    dW: Pointer, dy: Pointer, stride: int, columns: Pointer, wide: int, steps: int
) -> None:
    """Gradients of one row of weights, sixteen of its columns."""
    s = load(dW, 0)
    for t in range(steps):
        for lane in range(LANES):
            x = load(columns, (t * LANES + lane) * wide)
            s = fma(spread(dy[t * stride + lane]), x, s)
    store(dW, 0, s)


@njit(error_model="numpy")
def affine_weights(
    dW: Pointer, dy: Pointer, stride: int, columns: Pointer, outputs: int, wide: int, steps: int
) -> None:
    """Add to dW (outputs, wide) the sum over steps and lanes of dy xᵀ."""
    tiled = outputs - outputs % TILE
    for i in range(0, wide, LANES):
        x = at(columns, i)
        for j in range(0, tiled, TILE):
            g = at(dy, j * LANES)
            _eight_weights(at(dW, j * wide + i), g, stride, x, wide, steps)
        for j in range(tiled, outputs):
            _one_weights(at(dW, j * wide + i), at(dy, j * LANES), stride, x, wide, steps)


@njit(error_model="numpy")
def affine_bias(db: Pointer, dy: Pointer, stride: int, outputs: int, steps: int) -> None:
    """Add to db (outputs, 16 lanes) the sum over steps of dy."""
    for j in range(outputs):
        s = load(db, j * LANES)
        for t in range(steps):
            s = s + load(dy, t * stride + j * LANES)
        store(db, j * LANES, s)


@njit(error_model="numpy")
def gather_layer(
    gradient: Pointer, dW: Pointer, db: Pointer, scale: float, outputs: int, inputs: int, wide: int
) -> None:
    """Write scale·(dW without padding, db summed over lanes) as one block of the gradient."""
    for j in range(outputs):
        for i in range(inputs):
            gradient[j * inputs + i] = scale * dW[j * wide + i]
        gradient[outputs * inputs + j] = scale * total(load(db, j * LANES))
