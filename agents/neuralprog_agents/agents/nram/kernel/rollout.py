"""One rollout of sixteen examples: forward through all steps, then back.

Section numbers are the paper's. Examples end at their own time limit: there the chance of
finishing is 1 and has no gradient, and afterwards nothing counts. There are no tricks for speed
here: they are in what it calls.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from neuralprog_agents.agents.nram.kernel import controller, modules
from neuralprog_agents.agents.nram.kernel.plan import (
    CONSTANT,
    DEC,
    EQUAL,
    FIRST,
    INC,
    KIND,
    LEARNED_UNARY,
    LESS_THAN,
    MODULE_FIELDS,
    READ,
    RESULTS,
    SLOT,
    WRITE,
    Plan,
)
from neuralprog_agents.agents.nram.kernel.vector import (
    LANES,
    Pointer,
    Vector,
    above,
    at,
    clear,
    crop,
    fma,
    load,
    logarithm,
    spread,
    store,
)
from neuralprog_agents.agents.nram.kernel.wiring import (
    all_softmaxes,
    all_softmaxes_back,
    mix,
    source_back,
    weights_back,
)

CHANCE, ALIVE, COST, LAST = range(0, 4 * LANES, LANES)
"""Rows of a step's finish block: f_t, Π_{i<t}(1 - f_i), the tape's cost, f_t is forced."""


@njit(error_model="numpy")
def _tape(work: Pointer, plan: Plan, t: int, writes: int) -> Pointer:
    """The tape in step t after so many of its writes."""
    place = plan.tapes + t * plan.tapes_step + writes * plan.M * plan.N * LANES
    return at(work, place)


@njit(error_model="numpy")
def _argument(work: Pointer, plan: Plan, t: int, j: int) -> Pointer:
    """The distribution that the softmax j of a module argument has mixed in step t."""
    return at(work, plan.arguments + t * plan.arguments_step + j * plan.N * LANES)


@njit(error_model="numpy")
def _modules(work: Pointer, table: Pointer, plan: Plan, t: int) -> None:
    """Section 3.1: every module in order, on arguments mixed from what is there by then."""
    values, truths = plan.values + t * plan.values_step, plan.truths + t * plan.truths_step
    twice, writes = at(work, plan.twice), 0
    for i in range(plan.Q):
        row = at(table, plan.modules + i * MODULE_FIELDS)
        kind, j = row[KIND], row[FIRST]
        if kind == CONSTANT:
            continue
        a, b = _argument(work, plan, t, j), _argument(work, plan, t, j + 1)
        tape = _tape(work, plan, t, writes)
        mix(work, table, plan, t, a, j)
        if not _unary(kind):
            mix(work, table, plan, t, b, j + 1)
        if kind == WRITE:
            writes += 1
            modules.write(_tape(work, plan, t, writes), tape, a, b, plan.M, plan.N)
        elif LESS_THAN <= kind <= EQUAL:
            store(work, truths + row[SLOT] * LANES, modules.truth(kind, a, b, plan.M))
        else:
            out = at(work, values + row[SLOT] * plan.N * LANES)
            results = at(table, plan.results + row[RESULTS])
            modules.dense(kind, out, a, b, tape, twice, results, plan)


@njit(error_model="numpy")
def _unary(kind: int) -> bool:
    """Whether a module has one argument."""
    return kind in (READ, INC, DEC, LEARNED_UNARY)


@njit(error_model="numpy")
def _registers(work: Pointer, table: Pointer, plan: Plan, t: int, renormalise: bool) -> None:
    """All registers at once; divided by their sums if asked (a constant to the gradient)."""
    first = plan.softmaxes - plan.R
    for r in range(plan.R):
        out = _register(work, plan, t + 1, r)
        mix(work, table, plan, t, out, first + r)
        if renormalise:
            _renormalise(out, plan.M)


@njit(error_model="numpy")
def _register(work: Pointer, plan: Plan, t: int, r: int) -> Pointer:
    """Register r before step t."""
    return at(work, plan.values + t * plan.values_step + r * plan.N * LANES)


@njit(error_model="numpy")
def _renormalise(p: Pointer, M: int) -> None:
    mass = spread(0.0)
    for k in range(0, M * LANES, LANES):
        mass = mass + load(p, k)
    inverse = spread(1.0) / mass
    for k in range(0, M * LANES, LANES):
        store(p, k, load(p, k) * inverse)


@njit(error_model="numpy")
def _score(work: Pointer, plan: Plan, t: int, epsilon: Vector) -> None:
    """Section 3.3: p_t, and the cost -Σ log max(tape[i, y_i], ε) over scored cells."""
    finish = at(work, plan.finish + t * plan.finish_step)
    logit = plan.logits + t * plan.logits_step + (plan.outputs - 1) * LANES
    now, one = spread(float(t) + 1.5), spread(1.0)
    last = above(now, load(work, plan.limit), one, spread(0.0))
    chance = above(last, spread(0.5), one, controller.sigmoid(load(work, logit)))
    alive, cost = load(finish, ALIVE), spread(0.0)
    p = alive * chance
    tape = at(work, plan.tapes + (t + 1) * plan.tapes_step)
    for i in range(plan.M):
        hit = spread(0.0)
        for k in range(i * plan.N * LANES, (i * plan.N + plan.M) * LANES, LANES):
            hit = fma(load(work, plan.target + k), load(tape, k), hit)
        store(work, plan.hits + t * plan.hits_step + i * LANES, hit)
        expected = plan.error + i * LANES
        store(work, expected, fma(p, hit, load(work, expected)))
        safe = logarithm(above(epsilon, hit, epsilon, hit))
        cost = cost - load(work, plan.mask + i * LANES) * safe
    store(finish, CHANCE, chance)
    store(finish, COST, cost)
    store(finish, LAST, last)
    store(finish, plan.finish_step + ALIVE, alive * (one - chance))
    store(work, plan.loss, fma(p, cost, load(work, plan.loss)))


@njit(error_model="numpy")
def forward(
    work: Pointer, theta: Pointer, table: Pointer, plan: Plan, steps: int, epsilon: Vector,
    renormalise: bool,
) -> None:  # fmt: skip
    """Run ``steps`` steps from the tape and registers at place 0."""
    zero, one = spread(0.0), spread(1.0)
    clear(at(work, plan.loss), 1)
    clear(at(work, plan.entropy), 1)
    clear(at(work, plan.error), plan.M)
    store(work, plan.finish + ALIVE, above(load(work, plan.limit), zero, one, zero))
    controller.reset(work, table, plan)
    for t in range(steps):
        controller.forward(work, theta, table, plan, t)
        entropy = all_softmaxes(work, table, plan, t)
        counts = above(load(work, plan.limit), spread(float(t) + 0.5), one, zero)
        store(work, plan.entropy, fma(counts, entropy, load(work, plan.entropy)))
        _modules(work, table, plan, t)
        _registers(work, table, plan, t, renormalise)
        _score(work, plan, t, epsilon)


# ---- back --------------------------------------------------------------------------------


@njit(error_model="numpy")
def _score_back(work: Pointer, plan: Plan, t: int, epsilon: Vector) -> Vector:
    """Gradient of the cost on the tape after step t; returns that of the finish logit.

    With U_t = f_t S_t + (1 - f_t) U_{t+1} the cost to expect when alive at t, the gradient
    of f_t is alive_t (S_t - U_{t+1}).
    """
    finish = at(work, plan.finish + t * plan.finish_step)
    chance, alive, cost = load(finish, CHANCE), load(finish, ALIVE), load(finish, COST)
    p, zero = alive * chance, spread(0.0)
    for i in range(plan.M):
        hit = load(work, plan.hits + t * plan.hits_step + i * LANES)
        slope = p * load(work, plan.mask + i * LANES) / hit
        slope = above(epsilon, hit, zero, slope)
        for k in range(i * plan.N * LANES, (i * plan.N + plan.M) * LANES, LANES):
            g = load(work, plan.tape_gradient + k) - slope * load(work, plan.target + k)
            store(work, plan.tape_gradient + k, g)
    one, tail = spread(1.0), load(work, plan.tail)
    store(work, plan.tail, fma(chance, cost, (one - chance) * tail))
    g = alive * (cost - tail) * chance * (one - chance)
    return above(load(finish, LAST), spread(0.5), zero, g)


@njit(error_model="numpy")
def _mixed(work: Pointer, plan: Plan, j: int) -> Pointer:
    """The gradient of what softmax j has mixed in this step."""
    return at(work, plan.mixed_gradient + j * plan.N * LANES)


@njit(error_model="numpy")
def _module_back(work: Pointer, table: Pointer, plan: Plan, t: int, row: Pointer, source: int,
                 writes: int, bound: Vector) -> None:  # fmt: skip
    """From everything that used one module's output to the gradients of its arguments."""
    kind, j = row[KIND], row[FIRST]
    a, b = _argument(work, plan, t, j), _argument(work, plan, t, j + 1)
    ga, gb, g = _mixed(work, plan, j), _mixed(work, plan, j + 1), at(work, plan.output_gradient)
    g_tape, tape, after = at(work, plan.tape_gradient), _tape(work, plan, t, writes), j + 1
    if kind == WRITE:
        modules.write_back(ga, gb, g_tape, tape, a, b, bound, plan.M, plan.N)
    elif LESS_THAN <= kind <= EQUAL:
        source_back(work, table, plan, t, g, source, after + 1, 2, bound)
        slope = load(g, LANES) - load(g, 0)  # both were cropped
        modules.truth_back(kind, ga, gb, slope, a, b, plan.M)
    else:
        after = j + 1 if _unary(kind) else j + 2
        source_back(work, table, plan, t, g, source, after, plan.N, bound)
        twice, results = at(work, plan.twice), at(table, plan.results + row[RESULTS])
        modules.dense_back(kind, ga, gb, g_tape, g, a, b, tape, twice, results, plan)


@njit(error_model="numpy")
def _modules_back(work: Pointer, table: Pointer, plan: Plan, t: int, bound: Vector) -> None:
    """All modules in reverse order."""
    writes = plan.writes
    for i in range(plan.Q - 1, -1, -1):
        row = at(table, plan.modules + i * MODULE_FIELDS)
        kind, j = row[KIND], row[FIRST]
        if kind == CONSTANT:
            continue
        if kind == WRITE:
            writes -= 1
        _module_back(work, table, plan, t, row, plan.R + i, writes, bound)
        weights_back(work, table, plan, t, j)
        if not _unary(kind):
            weights_back(work, table, plan, t, j + 1)


@njit(error_model="numpy")
def _registers_back(work: Pointer, table: Pointer, plan: Plan, t: int, bound: Vector) -> None:
    """Crop the gradients of the registers after step t: their softmaxes have mixed them."""
    first = plan.softmaxes - plan.R
    g = _mixed(work, plan, first)
    for k in range(0, plan.R * plan.N * LANES, LANES):
        store(g, k, crop(load(work, plan.register_gradient + k), bound))
    for j in range(first, plan.softmaxes):
        weights_back(work, table, plan, t, j)


@njit(error_model="numpy")
def _sources_back(work: Pointer, table: Pointer, plan: Plan, t: int) -> None:
    """Gradients of the registers before step t from all that read them; cropped later."""
    free = spread(np.inf)
    for r in range(plan.R):
        out = at(work, plan.register_gradient + r * plan.N * LANES)
        source_back(work, table, plan, t, out, r, 0, plan.N, free)


@njit(error_model="numpy")
def back(
    work: Pointer, theta: Pointer, table: Pointer, plan: Plan, steps: int, epsilon: Vector,
    bound: Vector, bonus: Vector,
) -> None:  # fmt: skip
    """Gradients of all layers' outputs at every step, from the state that forward left."""
    zero = spread(0.0)
    clear(at(work, plan.tail), 1)
    clear(at(work, plan.register_gradient), plan.R * plan.N)
    clear(at(work, plan.tape_gradient), plan.M * plan.N)
    for t in range(steps - 1, -1, -1):
        finish = _score_back(work, plan, t, epsilon)
        _registers_back(work, table, plan, t, bound)
        _modules_back(work, table, plan, t, bound)
        _sources_back(work, table, plan, t)
        counts = above(load(work, plan.limit), spread(float(t) + 0.5), bonus, zero)
        all_softmaxes_back(work, table, plan, t, counts, bound)
        logit = plan.weights + t * plan.weights_step + (plan.outputs - 1) * LANES
        store(work, logit, crop(finish, bound))
        controller.back(work, theta, table, plan, t, bound)
