"""A table of circuits run on groups of sixty-four pairs, one byte lane a pair, and its score.

A step finds the patterns of zero registers that occur among the lanes and executes the circuit of
each on all lanes at once; a mask says for which lanes it counts. READ and WRITE go through the
cells one by one, which for the short tapes of training beats any gather.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from neuralprog_agents.circuits import lanes as v
from neuralprog_agents.circuits.lanes import LANES, Lanes
from neuralprog_agents.circuits.program import FIRST_LEARNED, FOURTEEN, ModuleList, Program

FULL = 200
"""The sum of the weights of an example's scored cells."""
_EXTRA = 3
"""Rows after the registers: whether the answer was read, history of flags, flags of the step."""
Bytes = NDArray[np.uint8]
Bits = Any
"""Annotation only: sixty-four bits, uint64."""


class Problem(NamedTuple):
    """G groups of 64 pairs; every array of bytes is flat.

    Attributes:
        tape: Inputs, cell by cell, (G, C, 64).
        answer: What the scored cells must hold, (G, C, 64).
        weight: What each cell counts, (G, C, 64), 0 where it is not scored; FULL an example.
        modulus: M of each example, (G, 64); at most 128.
        limit: Its time limit T, (G, 64); at most 255.
        wanted: The answer of its only scored cell, (G, 64).
        answers: Whether neighbouring lanes' answers differ (255) or not (0), (G, 64).
        cells: The longest tape of each group, shape (G,), int64.
        steps: The longest time limit of each group, shape (G,), int64.
        width: C.
    """

    tape: Bytes
    answer: Bytes
    weight: Bytes
    modulus: Bytes
    limit: Bytes
    wanted: Bytes
    answers: Bytes
    cells: NDArray[np.int64]
    steps: NDArray[np.int64]
    width: int


class Weights(NamedTuple):
    """What the score consists of: shares, which add up to 1.

    ``cells`` counts right cells, weighted; ``prefix`` those before the first wrong one; ``exact``
    examples that are wholly right; ``hint`` those whose only answer was ever read or is in a
    register at the end; ``contrast`` neighbours whose flags differ in time exactly if answers do.
    If ``halting``, only examples that halted by themselves may be wholly right.
    """

    cells: float
    prefix: float
    exact: float
    hint: float
    contrast: float
    halting: bool


class TableScore(NamedTuple):
    """The score of a table, from 0 to 1; how many examples are right; patterns seen, as bits."""

    score: float
    right: int
    visited: int


def workspace(problem: Problem, registers: int, modules: ModuleList = FOURTEEN) -> Bytes:
    """Return room for one group's tape, registers, modules, new registers and what is noted."""
    rows = problem.width + 2 * registers + len(modules.arity) + _EXTRA
    return np.zeros(rows * LANES, dtype=np.uint8)


@njit(error_model="numpy")
def _start(work: Bytes, problem: Problem, g: int, R: int, Q: int) -> None:
    """The input on the tape, registers at 0, constants in place, nothing visited."""
    C = problem.width
    for cell in range(problem.cells[g]):
        v.store(work, cell * LANES, v.load(problem.tape, (g * C + cell) * LANES))
    for row in range(C, C + 2 * R + Q + _EXTRA):
        v.store(work, row * LANES, v.spread(0))
    v.store(work, (C + R + 2) * LANES, v.spread(1))
    v.store(work, (C + R + 3) * LANES, v.spread(2))


@njit(error_model="numpy")
def _read(work: Bytes, cells: int, address: Lanes) -> Lanes:
    result, cell = v.spread(0), v.spread(0)
    for i in range(cells):
        result = v.choose(v.equal(address, cell), v.load(work, i * LANES), result)
        cell = v.add(cell, v.spread(1))
    return result


@njit(error_model="numpy")
def _write(work: Bytes, cells: int, address: Lanes, value: Lanes, mask: Lanes) -> None:
    address, cell = v.either(address, v.without(v.spread(255), mask)), v.spread(0)
    for i in range(cells):
        old = v.load(work, i * LANES)
        v.store(work, i * LANES, v.choose(v.equal(address, cell), value, old))
        cell = v.add(cell, v.spread(1))


@njit(error_model="numpy")
def _arithmetic(module: int, a: Lanes, b: Lanes, M: Lanes) -> Lanes:
    """One of the modules INC to MAX, by its number, modulo M."""
    if module == 4 or module == 5:
        one_or_b = v.spread(1) if module == 4 else b
        plain = v.add(a, one_or_b)
        return v.lesser(plain, v.sub(plain, M))
    if module == 6 or module == 7:
        one_or_b = v.spread(1) if module == 7 else b
        plain = v.sub(a, one_or_b)
        return v.lesser(plain, v.add(plain, M))
    if module == 8:
        return v.both(v.less(a, b), v.spread(1))
    if module == 9:
        return v.both(v.at_most(a, b), v.spread(1))
    if module == 10:
        return v.both(v.equal(a, b), v.spread(1))
    return v.lesser(a, b) if module == 11 else v.greater(a, b)


@njit(error_model="numpy")
def _look_up(
    work: Bytes,
    a: int,
    b: int,
    out: int,
    problem: Problem,
    g: int,
    module: int,
    machine: ModuleList,
) -> None:
    """The results of a learned module on the rows a and b go to the row ``out``."""
    for lane in range(LANES):
        M = np.int64(problem.modulus[g * LANES + lane])
        entry = machine.place[module, M] + work[a + lane] * M + work[b + lane]
        work[out + lane] = machine.results[entry]


@njit(error_model="numpy")
def _circuit(
    work: Bytes, problem: Problem, g: int, program: Program, pattern: int, R: int, mask: Lanes
) -> None:
    """Execute one circuit where the mask says; its registers go to the rows of new ones."""
    values, cells, Q = problem.width, problem.cells[g], len(program.machine.arity)
    M = v.load(problem.modulus, g * LANES)
    for k in range(program.sizes[pattern]):
        module = program.modules[pattern, 3 * k]
        row_a = (values + program.modules[pattern, 3 * k + 1]) * LANES
        row_b = (values + program.modules[pattern, 3 * k + 2]) * LANES
        a = v.load(work, row_a)
        out = (values + R + module) * LANES
        if module == 0:
            read = _read(work, cells, a)
            found = v.both(v.equal(read, v.load(problem.wanted, g * LANES)), mask)
            seen = (values + 2 * R + Q) * LANES
            v.store(work, seen, v.either(v.load(work, seen), found))
            v.store(work, out, read)
        else:
            b = v.load(work, row_b)
            if module == Q - 1:
                _write(work, cells, a, b, mask)
            elif module < FIRST_LEARNED:
                v.store(work, out, _arithmetic(module, a, b, M))
            else:
                _look_up(work, row_a, row_b, out, problem, g, module, program.machine)
    for j in range(R):
        new = v.load(work, (values + program.after[pattern, j]) * LANES)
        place = (values + R + Q + j) * LANES
        v.store(work, place, v.choose(mask, new, v.load(work, place)))


@njit(error_model="numpy")
def _patterns(work: Bytes, values: int, R: int) -> Lanes:
    """Each lane's pattern: Σ_j [r_j = 0] · 2^j."""
    code, zero = v.spread(0), v.spread(0)
    for j in range(R):
        flag = v.equal(v.load(work, (values + j) * LANES), zero)
        code = v.either(code, v.both(flag, v.spread(1 << j)))
    return code


@njit(error_model="numpy")
def run_group(work: Bytes, problem: Problem, g: int, program: Program, R: int) -> tuple[Bits, Bits]:
    """Run a program on a group; its tape is left in ``work``.

    Returns:
        The patterns that occurred, and the lanes that have halted, as bits.
    """
    values, visited, Q = problem.width, np.uint64(0), len(program.machine.arity)
    limit, halted = v.load(problem.limit, g * LANES), v.spread(0)
    history, code_row = (values + 2 * R + Q + 1) * LANES, (values + 2 * R + Q + 2) * LANES
    _start(work, problem, g, R, Q)
    for step in range(problem.steps[g]):
        active = v.without(v.less(v.spread(step), limit), halted)
        left = v.bits(active)
        if left == 0:
            break
        code = v.either(_patterns(work, values, R), v.without(v.spread(255), active))
        v.store(work, code_row, code)
        old = v.load(work, history)
        v.store(work, history, v.add(v.add(v.add(old, old), old), v.add(code, v.spread(1))))
        while left != 0:
            pattern = np.int64(work[code_row + v.lowest(left)])
            mask = v.equal(code, v.spread(pattern))
            left &= ~v.bits(mask)
            visited |= np.uint64(1) << np.uint64(pattern)
            _circuit(work, problem, g, program, pattern, R, mask)
            if program.finish[pattern]:
                halted = v.either(halted, mask)
        for j in range(R):
            v.store(work, (values + j) * LANES, v.load(work, (values + R + Q + j) * LANES))
    return visited, v.bits(halted)


@njit(error_model="numpy")
def _hints(work: Bytes, problem: Problem, g: int, R: int, Q: int) -> Lanes:
    """Mask of the lanes whose answer was ever read or is in a register."""
    values, wanted = problem.width, v.load(problem.wanted, g * LANES)
    found = v.load(work, (values + 2 * R + Q) * LANES)
    for j in range(R):
        found = v.either(found, v.equal(v.load(work, (values + j) * LANES), wanted))
    return found


@njit(error_model="numpy")
def _judge(
    work: Bytes, problem: Problem, g: int, weights: Weights, done: Bits, R: int, Q: int
) -> tuple[float, Bits]:
    """Return the score of a group that has run, and the lanes that are wholly right, as bits."""
    C, points = problem.width, v.spread(0)
    prefix, unbroken = v.spread(0), v.spread(255)
    for cell in range(problem.cells[g]):
        place = (g * C + cell) * LANES
        right = v.equal(v.load(work, cell * LANES), v.load(problem.answer, place))
        weight = v.load(problem.weight, place)
        unbroken = v.both(unbroken, v.either(right, v.equal(weight, v.spread(0))))
        points = v.add(points, v.both(right, weight))
        prefix = v.add(prefix, v.both(unbroken, weight))
    exact = v.equal(points, v.spread(FULL))
    right_bits = v.bits(exact)
    if weights.halting:
        right_bits &= done
    score = weights.cells * v.total(points) / FULL + weights.prefix * v.total(prefix) / FULL
    score += weights.exact * v.count(right_bits)
    if weights.hint > 0:
        score += weights.hint * v.count(v.bits(v.either(exact, _hints(work, problem, g, R, Q))))
    if weights.contrast > 0:
        history = v.load(work, (C + 2 * R + Q + 1) * LANES)
        same = v.equal(history, v.neighbour(history))
        agree = v.differ(same, v.load(problem.answers, g * LANES))
        score += weights.contrast * v.count(v.bits(agree))
    return score / LANES, right_bits


@njit(error_model="numpy")
def _signed(bits: Bits) -> Any:
    return np.int64(bits)


@njit(error_model="numpy")
def evaluate(
    work: Bytes,
    problem: Problem,
    weights: Weights,
    program: Program,
    R: int,
    gains: NDArray[np.float64],
    slack: float,
) -> TableScore:
    """Return a program's score, or -1 where it falls behind.

    ``gains``, shape (G,), are the scores of the groups up to each, added up: those to compare with,
    which this program's replace as far as it is run. Once a sum is below by more than ``slack``,
    evaluation ends.
    """
    groups, gained, right = len(problem.cells), 0.0, 0
    visited: Bits = np.uint64(0)
    for g in range(groups):
        seen, done = run_group(work, problem, g, program, R)
        visited |= seen
        score, exact = _judge(work, problem, g, weights, done, R, len(program.machine.arity))
        gained += score
        right += v.count(exact)
        if gained < gains[g] - slack:
            return TableScore(-1.0, right, _signed(visited))
        gains[g] = gained
    return TableScore(gained / groups, right, _signed(visited))


@njit(error_model="numpy")
def right_in(
    work: Bytes, problem: Problem, weights: Weights, program: Program, R: int, g: int
) -> tuple[Bits, int]:
    """Return the lanes of a group that a program is wholly right on, and patterns, as bits."""
    visited, done = run_group(work, problem, g, program, R)
    Q = len(program.machine.arity)
    return _judge(work, problem, g, weights, done, R, Q)[1], _signed(visited)
