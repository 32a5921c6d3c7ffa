"""The controller on lanes: MLP or LSTM, one step forward, one step back, weight gradients.

The input of every linear layer is kept for each step, and so is the gradient of its output;
the weight gradients of all steps are then one product. Measured as in ``modules``, that gains 3 %
with the LSTM (0.55 milliseconds a step in place of 0.57) and nothing with MLPs.
"""

from __future__ import annotations

from math import log

from numba import njit

from neuralprog_agents.agents.nram.kernel.linear import (
    active_rows,
    affine,
    affine_bias,
    affine_input,
    affine_weights,
    columns_of,
    gather_layer,
)
from neuralprog_agents.agents.nram.kernel.plan import (
    BIAS,
    DB,
    DW,
    DY,
    DY_STEP,
    INPUTS,
    LAYER_FIELDS,
    OUTPUTS,
    RELU,
    ROWS,
    WEIGHT,
    WIDE,
    X_STEP,
    Plan,
    X,
)
from neuralprog_agents.agents.nram.kernel.vector import (
    LANES,
    Pointer,
    Vector,
    above,
    at,
    clear,
    crop,
    exp2,
    fma,
    load,
    spread,
    store,
)

LOG2_E = 1.0 / log(2.0)


@njit(error_model="numpy")
def layer_row(table: Pointer, plan: Plan, layer: int) -> Pointer:
    """The row of the layer table."""
    return at(table, plan.linear + layer * LAYER_FIELDS)


@njit(error_model="numpy")
def exp(x: Vector) -> Vector:
    """Exponential."""
    return exp2(x * spread(LOG2_E))


@njit(error_model="numpy")
def sigmoid(x: Vector) -> Vector:
    """1 / (1 + e^-x)."""
    one = spread(1.0)
    return one / (one + exp(-x))


@njit(error_model="numpy")
def tanh(x: Vector) -> Vector:
    """1 - 2 / (1 + e^2x)."""
    one, two = spread(1.0), spread(2.0)
    return one - two / (one + exp(x + x))


@njit(error_model="numpy")
def _relu(y: Pointer, count: int) -> None:
    for i in range(0, count * LANES, LANES):
        x = load(y, i)
        store(y, i, above(spread(0.0), x, spread(0.0), x))  # a NaN stays


@njit(error_model="numpy")
def _relu_back(dy: Pointer, y: Pointer, count: int) -> None:
    zero = spread(0.0)
    for i in range(0, count * LANES, LANES):
        store(dy, i, above(load(y, i), zero, load(dy, i), zero))


@njit(error_model="numpy")
def _layer(
    work: Pointer, theta: Pointer, table: Pointer, plan: Plan, layer: int, y: Pointer, t: int
) -> None:
    """One linear layer, its output to y."""
    row, active = layer_row(table, plan, layer), at(table, plan.active)
    x = at(work, row[X] + t * row[X_STEP])
    count = active_rows(active, x, row[INPUTS], row[RELU])
    W, b, all_rows = at(theta, row[WEIGHT]), at(theta, row[BIAS]), at(table, row[ROWS])
    affine(y, W, b, x, all_rows, row[OUTPUTS], active, count, row[INPUTS])


@njit(error_model="numpy")
def _layer_back(
    work: Pointer, theta: Pointer, table: Pointer, plan: Plan, layer: int, dx: Pointer, t: int
) -> None:
    """Gradient of the input of one linear layer, to dx; undefined where a ReLU gave 0."""
    row, active = layer_row(table, plan, layer), at(table, plan.active)
    x, dy = at(work, row[X] + t * row[X_STEP]), at(work, row[DY] + t * row[DY_STEP])
    count = active_rows(active, x, row[INPUTS], row[RELU])
    W, zeros, all_rows = at(theta, row[WEIGHT]), at(work, plan.zeros), at(table, row[ROWS])
    affine_input(dx, W, zeros, dy, all_rows, row[OUTPUTS], active, count, row[INPUTS])


@njit(error_model="numpy")
def _cell(gates: Pointer, old: Pointer, new: Pointer, h: Pointer, copy: Pointer, H: int) -> None:
    """One LSTM step: c = σ(f) c + σ(i) tanh g and h = σ(o) tanh c; activations stay in gates.

    ``new`` gets c and, H rows later, tanh c; h goes to the output layer and to the next step.
    """
    for k in range(0, H * LANES, LANES):
        i, f = sigmoid(load(gates, k)), sigmoid(load(gates, k + H * LANES))
        g, o = tanh(load(gates, k + 2 * H * LANES)), sigmoid(load(gates, k + 3 * H * LANES))
        c = fma(f, load(old, k), i * g)
        bent = tanh(c)
        store(gates, k, i)
        store(gates, k + H * LANES, f)
        store(gates, k + 2 * H * LANES, g)
        store(gates, k + 3 * H * LANES, o)
        store(new, k, c)
        store(new, k + H * LANES, bent)
        store(h, k, o * bent)
        store(copy, k, o * bent)


@njit(error_model="numpy")
def _cell_back(gates: Pointer, old: Pointer, new: Pointer, dh: Pointer, dc: Pointer,
               bound: Vector, H: int) -> None:  # fmt: skip
    """Replace the activations of the gates by gradients; dc becomes that of the old cell."""
    one = spread(1.0)
    for k in range(0, H * LANES, LANES):
        i, f = load(gates, k), load(gates, k + H * LANES)
        g, o = load(gates, k + 2 * H * LANES), load(gates, k + 3 * H * LANES)
        bent, gh = load(new, k + H * LANES), crop(load(dh, k), bound)
        gc = crop(fma(gh * o, one - bent * bent, load(dc, k)), bound)
        store(gates, k, gc * g * i * (one - i))
        store(gates, k + H * LANES, gc * load(old, k) * f * (one - f))
        store(gates, k + 2 * H * LANES, gc * i * (one - g * g))
        store(gates, k + 3 * H * LANES, gh * bent * o * (one - o))
        store(dc, k, gc * f)


@njit(error_model="numpy")
def _lstm(work: Pointer, theta: Pointer, table: Pointer, plan: Plan, t: int) -> None:
    """Hidden layer, then gates, then cell: fills the input of the output layer."""
    H = plan.hidden
    gate, out = layer_row(table, plan, 1), layer_row(table, plan, 2)
    u = at(work, gate[X] + t * gate[X_STEP])
    _layer(work, theta, table, plan, 0, u, t)
    _relu(u, H)
    gates = at(work, gate[DY] + t * gate[DY_STEP])
    _layer(work, theta, table, plan, 1, gates, t)
    old = at(work, plan.cells + t * plan.cells_step)
    h = at(work, out[X] + t * out[X_STEP])
    _cell(gates, old, at(old, plan.cells_step), h, at(u, gate[X_STEP] + H * LANES), H)


@njit(error_model="numpy")
def _lstm_back(
    work: Pointer, theta: Pointer, table: Pointer, plan: Plan, t: int, bound: Vector
) -> None:
    """From the logits' gradients to those of the hidden layer's output."""
    H = plan.hidden
    hidden, gate = layer_row(table, plan, 0), layer_row(table, plan, 1)
    state = at(work, plan.cell_gradient)  # dh from the step after, then dc
    joint = at(work, plan.columns)  # scratch: gradients of (u, h), 2H rows
    _layer_back(work, theta, table, plan, 2, joint, t)
    for k in range(0, H * LANES, LANES):
        store(state, k, load(state, k) + load(joint, k))
    old = at(work, plan.cells + t * plan.cells_step)
    gates = at(work, gate[DY] + t * gate[DY_STEP])
    _cell_back(gates, old, at(old, plan.cells_step), state, at(state, H * LANES), bound, H)
    _layer_back(work, theta, table, plan, 1, joint, t)
    du = at(work, hidden[DY] + t * hidden[DY_STEP])
    for k in range(0, H * LANES, LANES):
        store(du, k, load(joint, k))
        store(state, k, load(joint, k + H * LANES))
    _relu_back(du, at(work, gate[X] + t * gate[X_STEP]), H)


@njit(error_model="numpy")
def _flag(p: Vector, plan: Plan) -> Vector:
    """What the controller sees of P(r = 0)."""
    for _ in range(plan.sharpen_flags):
        p = _sharper(p)
    if plan.straight_through:
        p = above(p, spread(0.5), spread(1.0), spread(0.0))
    return p


@njit(error_model="numpy")
def _flag_slope(p: Vector, plan: Plan) -> Vector:
    """The derivative of ``_flag``, rounding passed straight through."""
    slope = spread(1.0)
    for _ in range(plan.sharpen_flags):
        slope = slope * spread(6.0) * p * (spread(1.0) - p)
        p = _sharper(p)
    return slope


@njit(error_model="numpy")
def _sharper(p: Vector) -> Vector:
    return p * p * (spread(3.0) - p - p)


@njit(error_model="numpy")
def reset(work: Pointer, table: Pointer, plan: Plan) -> None:
    """Forget: the LSTM's state before the first step, and the gradient after the last."""
    if plan.lstm:
        clear(at(work, layer_row(table, plan, 1)[X] + plan.hidden * LANES), plan.hidden)
        clear(at(work, plan.cells), plan.hidden)
        clear(at(work, plan.cell_gradient), 2 * plan.hidden)


@njit(error_model="numpy")
def forward(work: Pointer, theta: Pointer, table: Pointer, plan: Plan, t: int) -> None:
    """Logits of step t from the registers' P(r = 0) (paper, section 3.1)."""
    row = layer_row(table, plan, 0)
    x = at(work, row[X] + t * row[X_STEP])
    values = plan.values + t * plan.values_step
    for j in range(plan.R):
        store(x, j * LANES, _flag(load(work, values + j * plan.N * LANES), plan))
    if plan.lstm:
        _lstm(work, theta, table, plan, t)
    else:
        for layer in range(plan.layers - 1):
            after = layer_row(table, plan, layer + 1)
            y = at(work, after[X] + t * after[X_STEP])
            _layer(work, theta, table, plan, layer, y, t)
            _relu(y, plan.hidden)
    logits = at(work, plan.logits + t * plan.logits_step)
    _layer(work, theta, table, plan, plan.layers - 1, logits, t)


@njit(error_model="numpy")
def back(work: Pointer, theta: Pointer, table: Pointer, plan: Plan, t: int, bound: Vector) -> None:
    """From the logits' gradients to those of every layer; adds to the registers' P(r = 0)."""
    if plan.lstm:
        _lstm_back(work, theta, table, plan, t, bound)
    else:
        for layer in range(plan.layers - 1, 0, -1):
            row, below = layer_row(table, plan, layer), layer_row(table, plan, layer - 1)
            dx = at(work, below[DY] + t * below[DY_STEP])
            _layer_back(work, theta, table, plan, layer, dx, t)
            _relu_back(dx, at(work, row[X] + t * row[X_STEP]), plan.hidden)
    dx = at(work, plan.columns)
    _layer_back(work, theta, table, plan, 0, dx, t)
    values = plan.values + t * plan.values_step
    for j in range(plan.R):
        slope = _flag_slope(load(work, values + j * plan.N * LANES), plan)
        place = plan.register_gradient + j * plan.N * LANES
        store(work, place, fma(slope, load(dx, j * LANES), load(work, place)))


@njit(error_model="numpy")
def add_weights(work: Pointer, table: Pointer, plan: Plan, steps: int) -> None:
    """Add this group's gradients of all weights and biases."""
    columns = at(work, plan.columns)
    for layer in range(plan.layers):
        row = layer_row(table, plan, layer)
        dy, stride, outputs, wide = at(work, row[DY]), row[DY_STEP], row[OUTPUTS], row[WIDE]
        columns_of(at(work, row[X]), row[X_STEP], wide, steps, columns)
        affine_weights(at(work, row[DW]), dy, stride, columns, outputs, wide, steps)
        affine_bias(at(work, row[DB]), dy, stride, outputs, steps)


@njit(error_model="numpy")
def clear_weights(work: Pointer, table: Pointer, plan: Plan) -> None:
    """Set the sums of weight gradients to zero."""
    for layer in range(plan.layers):
        row = layer_row(table, plan, layer)
        clear(at(work, row[DW]), row[OUTPUTS] * row[WIDE] // LANES)
        clear(at(work, row[DB]), row[OUTPUTS])


@njit(error_model="numpy")
def gather_weights(work: Pointer, table: Pointer, plan: Plan, scale: float) -> None:
    """The flat gradient (P,): the sums of all groups times scale."""
    for layer in range(plan.layers):
        row = layer_row(table, plan, layer)
        gradient, dw = at(work, plan.gradient + row[WEIGHT]), at(work, row[DW])
        db = at(work, row[DB])
        gather_layer(gradient, dw, db, scale, row[OUTPUTS], row[INPUTS], row[WIDE])
