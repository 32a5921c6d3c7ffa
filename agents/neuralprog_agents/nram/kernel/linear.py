"""Linear layers on sixteen lanes: forward, and the gradients of inputs and of weights.

Register tiles are written out by hand: eight sums at a time stay in registers.
"""

from __future__ import annotations

from numba import njit

from neuralprog_agents.nram.kernel.vector import (
    LANES,
    Pointer,
    at,
    fma,
    load,
    spread,
    store,
    total,
    transpose,
)

TILE = 8


@njit(error_model="numpy")
def _eight(y: Pointer, W: Pointer, row: int, column: int, x: Pointer, count: int) -> None:
    """y[j] += Σ_i W[j·row + i·column] x[i] for eight j."""
    s0, s1, s2, s3 = load(y, 0), load(y, 16), load(y, 32), load(y, 48)
    s4, s5, s6, s7 = load(y, 64), load(y, 80), load(y, 96), load(y, 112)
    for i in range(count):
        v = load(x, i * LANES)
        w = at(W, i * column)
        s0 = fma(spread(w[0]), v, s0)
        s1 = fma(spread(w[row]), v, s1)
        s2 = fma(spread(w[2 * row]), v, s2)
        s3 = fma(spread(w[3 * row]), v, s3)
        s4 = fma(spread(w[4 * row]), v, s4)
        s5 = fma(spread(w[5 * row]), v, s5)
        s6 = fma(spread(w[6 * row]), v, s6)
        s7 = fma(spread(w[7 * row]), v, s7)
    store(y, 0, s0)
    store(y, 16, s1)
    store(y, 32, s2)
    store(y, 48, s3)
    store(y, 64, s4)
    store(y, 80, s5)
    store(y, 96, s6)
    store(y, 112, s7)


@njit(error_model="numpy")
def _one(y: Pointer, W: Pointer, column: int, x: Pointer, count: int) -> None:
    """y[0] += Σ_i W[i·column] x[i]."""
    s = load(y, 0)
    for i in range(count):
        s = fma(spread(W[i * column]), load(x, i * LANES), s)
    store(y, 0, s)


@njit(error_model="numpy")
def _product(
    y: Pointer, W: Pointer, row: int, column: int, x: Pointer, rows: int, count: int
) -> None:
    """y[j] += Σ_i W[j·row + i·column] x[i] for all rows j."""
    tiled = rows - rows % TILE
    for j in range(0, tiled, TILE):
        _eight(at(y, j * LANES), at(W, j * row), row, column, x, count)
    for j in range(tiled, rows):
        _one(at(y, j * LANES), at(W, j * row), column, x, count)


@njit(error_model="numpy")
def affine(y: Pointer, W: Pointer, b: Pointer, x: Pointer, outputs: int, inputs: int) -> None:
    """The layer y = W x + b; W is (outputs, inputs)."""
    for j in range(outputs):
        store(y, j * LANES, spread(b[j]))
    _product(y, W, inputs, 1, x, outputs, inputs)


@njit(error_model="numpy")
def affine_input(dx: Pointer, W: Pointer, dy: Pointer, outputs: int, inputs: int) -> None:
    """Its input's gradient, dx = Wᵀ dy."""
    for j in range(inputs):
        store(dx, j * LANES, spread(0.0))
    _product(dx, W, 1, inputs, dy, inputs, outputs)


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
