"""Where everything lies: the tables and the workspace of the compiled kernel.

The kernel is compiled once for all shapes, so sizes and places are data. ``Plan`` holds the
numbers; offsets into the workspace count floats, and every row there is 16 floats wide, one
lane for each example of a group. Values 0..M-1 are padded to N rows, a multiple of four;
the padding stays zero.

A soft output of a comparison is known from one row, P(true), and a constant from none, so
the sources of a softmax fall into three classes: dense, truth, constant. The tables list
the sources of each class in order; a softmax over the first n sources uses a prefix of each.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agents.nram.kernel.vector import LANES
from neuralprog_agents.agents.nram.records import Hyper
from neuralprog_agents.agents.nram.shape import Shape
from neuralprog_envs.tape.learned import LearnedModule
from neuralprog_envs.tape.ops import MODULES, Module

KINDS = [module.name for module in MODULES if module.arity]
(
    READ, INC, ADD, SUB, DEC, LESS_THAN, LESS_OR_EQUAL, EQUAL, MIN, MAX, WRITE,
    CONSTANT, LEARNED, LEARNED_UNARY,
) = range(14)  # fmt: skip
"""Kinds of modules; the three constants are one kind, as they need no work. Learned modules are
two: of two arguments, and of one."""
CONSTANTS = {"ZERO": 0, "ONE": 1, "TWO": 2, "WRITE": 0}
TRUTHS = ("LESS_THAN", "LESS_OR_EQUAL", "EQUAL")

KIND, FIRST, SLOT, RESULTS, MODULE_FIELDS = range(5)
"""Columns of the module table: kind, first softmax, place among the outputs of its class, place of
a learned module's results among those of all."""
START, COUNT, DENSE, TRUTH, FIXED, SOFTMAX_FIELDS = range(6)
"""Columns of the softmax table: first logit, sources, and how many of them in each class."""
INPUTS, OUTPUTS, RELU, ROWS, WEIGHT, BIAS = range(6)
X, X_STEP, DY, DY_STEP, DW, DB, WIDE, LAYER_FIELDS = range(6, 14)
"""Columns of the layer table. RELU: how many inputs, the first, are outputs of a ReLU; ROWS:
place in the tables of the list 0..outputs-1 (padded, see ``linear``). X and DY: inputs and
output gradients at step 0 and the stride from step to step; DW and DB: gradients; WIDE:
inputs padded to a multiple of sixteen."""


class Plan(NamedTuple):
    """Sizes of the machine and places in the tables and in the workspace."""

    R: int
    M: int
    N: int
    """M padded."""
    Q: int
    writes: int
    softmaxes: int
    outputs: int
    hidden: int
    lstm: int
    layers: int
    parameters: int
    sharpen_flags: int
    straight_through: int
    # tables of integers
    active: int
    modules: int
    choices: int
    linear: int
    dense: int
    truth: int
    fixed: int
    results: int
    dense_count: int
    truth_count: int
    # workspace, the same at every step
    target: int
    mask: int
    limit: int
    loss: int
    entropy: int
    error: int
    tail: int
    tape_gradient: int
    register_gradient: int
    output_gradient: int
    mixed_gradient: int
    twice: int
    weight_gradient: int
    cell_gradient: int
    columns: int
    zeros: int
    # workspace, one block for each step
    values: int
    values_step: int
    truths: int
    truths_step: int
    arguments: int
    arguments_step: int
    tapes: int
    tapes_step: int
    logits: int
    logits_step: int
    weights: int
    weights_step: int
    sums: int
    sums_step: int
    hits: int
    hits_step: int
    finish: int
    finish_step: int
    cells: int
    cells_step: int
    # workspace, parameters: each P floats, padded
    theta: int
    m: int
    v: int
    gradient: int
    noise: int
    size: int


class _Allocator:
    """Hands out consecutive places."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.size = 0

    def take(self, floats: int) -> int:
        """A place of this many floats, on a boundary of a row."""
        place = self.size
        self.size += -(-floats // LANES) * LANES
        return place

    def rows(self, name: str, rows: int, steps: int | None = None) -> int:
        """A named block of rows; with ``steps`` one block for each, and its stride."""
        if steps is not None:
            self.places[f"{name}_step"] = rows * LANES
        self.places[name] = self.take(rows * LANES * (1 if steps is None else steps))
        return self.places[name]


def _padded(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple


def _classes(shape: Shape) -> tuple[list[int], list[int], list[tuple[int, int]]]:
    """The numbers of dense and truth sources, and (number, value) of constant ones."""
    dense = list(range(shape.registers))
    truth: list[int] = []
    fixed: list[tuple[int, int]] = []
    for source, module in enumerate(shape.modules, start=shape.registers):
        if module.name in CONSTANTS:
            fixed.append((source, CONSTANTS[module.name]))
        else:
            (truth if module.name in TRUTHS else dense).append(source)
    return dense, truth, fixed


def _module_table(shape: Shape, dense: list[int], truth: list[int]) -> list[tuple[int, ...]]:
    rows: list[tuple[int, ...]] = []
    writes = 0
    for i, module in enumerate(shape.modules):
        first = shape.arguments[i][0] if module.arity else 0
        source, kind = shape.registers + i, _kind(module)
        results = shape.learned.index(module) if module in shape.learned else 0
        if kind == WRITE:
            slot, writes = writes, writes + 1
        else:
            slot = next((c.index(source) for c in (dense, truth) if source in c), 0)
        rows.append((kind, first, slot, results * shape.memory**2))
    return rows


def _kind(module: Module | LearnedModule) -> int:
    if isinstance(module, LearnedModule):
        return LEARNED if module.arity == 2 else LEARNED_UNARY
    return KINDS.index(module.name) if module.arity else CONSTANT


def _results(shape: Shape) -> list[int]:
    """For each learned module M² numbers: entry a · M + b is its result for a and b."""
    tables = [module.table(shape.memory).ravel() for module in shape.learned]
    return [result for table in tables for result in table.tolist()]


def _softmax_table(
    shape: Shape, dense: list[int], truth: list[int], fixed: list[tuple[int, int]]
) -> list[tuple[int, ...]]:
    numbers = [source for source, _ in fixed]
    return [
        (s.start, s.size, *(int(np.searchsorted(c, s.size)) for c in (dense, truth, numbers)))
        for s in shape.softmaxes
    ]


def _layer_table(shape: Shape, steps: int, space: _Allocator) -> list[list[int]]:
    """Place the inputs and output gradients of every linear layer of the controller."""
    table, rows = [], 0
    for layer, (outputs, inputs) in enumerate(shape.linear):
        weight, bias = shape.parameters[2 * layer : 2 * layer + 2]
        wide = _padded(inputs, LANES)
        x = space.rows(f"x{layer}", wide, steps + 1)
        last = layer == len(shape.linear) - 1
        dy = space.places["weights"] if last else space.rows(f"dy{layer}", outputs, steps)
        dw, db = space.take(outputs * wide), space.take(outputs * LANES)
        row = [inputs, outputs, _relus(shape, layer), rows, weight.start, bias.start]
        table.append([*row, x, wide * LANES, dy, outputs * LANES, dw, db, wide])
        rows += _padded(outputs, 4)
    space.rows("columns", max(row[WIDE] for row in table), steps)
    return table


def _relus(shape: Shape, layer: int) -> int:
    """How many inputs of a layer a ReLU made: all, none, or the LSTM's, which then has h."""
    return shape.hidden if layer > 0 and (shape.controller == "mlp" or layer == 1) else 0


def _row_lists(shape: Shape) -> list[int]:
    """For each layer 0..outputs-1, the last repeated up to a multiple of four."""
    return [
        min(row, outputs - 1) for outputs, _ in shape.linear for row in range(_padded(outputs, 4))
    ]


def _allocate(shape: Shape, steps: int, dense: int, truth: int, space: _Allocator) -> None:
    """Everything of the machine itself."""
    R, M, N = shape.registers, shape.memory, _padded(shape.memory, 4)
    arguments, writes = len(shape.softmaxes) - R, shape.repetitions
    for name, rows in (
        ("target", M * N), ("mask", M), ("limit", 1), ("loss", 1), ("entropy", 1),
        ("error", M), ("tail", 1), ("tape_gradient", M * N), ("register_gradient", R * N),
        ("output_gradient", N), ("mixed_gradient", (len(shape.softmaxes) + 1) * N),
        ("twice", 2 * M + 4), ("weight_gradient", shape.outputs),
        ("cell_gradient", 2 * shape.hidden), ("zeros", max(i for _, i in shape.linear)),
    ):  # fmt: skip
        space.rows(name, rows)
    for name, rows, count in (
        ("values", dense * N, steps + 1), ("truths", truth, steps),
        ("arguments", arguments * N, steps), ("tapes", writes * M * N, steps + 1),
        ("logits", shape.outputs, steps), ("weights", shape.outputs, steps),
        ("sums", len(shape.softmaxes), steps), ("hits", M, steps), ("finish", 4, steps + 1),
        ("cells", 2 * shape.hidden, steps + 1),
    ):  # fmt: skip
        space.rows(name, rows, count)
    for name in ("theta", "m", "v", "gradient", "noise"):
        space.places[name] = space.take(_padded(shape.size, 2 * LANES))


def plan(shape: Shape, steps: int, hyper: Hyper) -> tuple[Plan, NDArray[np.int64]]:
    """The plan for rollouts of at most ``steps`` steps, and its tables."""
    dense, truth, fixed = _classes(shape)
    space = _Allocator()
    _allocate(shape, steps, len(dense), len(truth), space)
    tables = {
        "rows": _row_lists(shape),  # first: the layer table counts from here
        "active": [0] * _padded(max(inputs for _, inputs in shape.linear) + 1, 4),
        "modules": _module_table(shape, dense, truth),
        "choices": _softmax_table(shape, dense, truth, fixed),
        "linear": _layer_table(shape, steps, space),
        "dense": dense,
        "truth": truth,
        "fixed": fixed,
        "results": _results(shape),
    }
    flat = {name: np.asarray(rows, np.int64).ravel() for name, rows in tables.items()}
    starts = np.cumsum([0, *(len(rows) for rows in flat.values())])
    places = {name: int(start) for name, start in zip(flat, starts, strict=False)} | space.places
    numbers = {name: place for name, place in places.items() if name in Plan._fields}
    sizes = Plan(
        R=shape.registers, M=shape.memory, N=_padded(shape.memory, 4), Q=len(shape.modules),
        writes=shape.repetitions, softmaxes=len(shape.softmaxes), outputs=shape.outputs,
        hidden=shape.hidden, lstm=int(shape.controller == "lstm"), layers=len(shape.linear),
        parameters=shape.size, sharpen_flags=hyper.sharpen_flags,
        straight_through=int(hyper.straight_through), dense_count=len(dense),
        truth_count=len(truth), size=space.size, **numbers,
    )  # fmt: skip
    return sizes, np.concatenate(list(flat.values()))
