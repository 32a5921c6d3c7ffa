"""A table of circuits run on groups of sixty-four pairs, one byte lane a pair, and its score.

A step finds the patterns of zero registers that occur among the lanes and executes the circuit of
each on all lanes at once; a mask says for which lanes it counts. READ and WRITE go through the
cells one by one, which for the short tapes of training beats any gather: 13 cells take 6 ns.

A search changes few circuits at a time, so the states of the program so far are kept: a changed one
is run only from where a changed circuit first occurs, and as far as its states differ. That leaves
two thirds of the circuits to execute.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.circuits import lanes as v
from neuralprog_agents.circuits.lanes import LANES, Lanes
from neuralprog_agents.circuits.program import (
    ARITY,
    FIRST,
    FIRST_LEARNED,
    FOURTEEN,
    ModuleList,
    Program,
)
from neuralprog_agents.training.compiled import inlined

FULL = 200
"""The sum of the weights of an example's scored cells."""
ANEW = 0
"""Instead of the patterns that changed: there is no program so far."""
_SEEN, _HISTORY, _HALTED = range(3)
_EXTRA = 3
"""A state's rows after the registers: masks of lanes whose answer was read and of those that have
halted, and in between the history of patterns."""
_ALL = np.uint64(2**64 - 1)
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


class Runs(NamedTuple):
    """The states of G groups under the program so far, and where a changed one's differ.

    A state is a group before a step, or after its last one. It has C + R + 3 rows: cells,
    registers, and those that ``_SEEN`` and so on number. There is room for two of each.

    Attributes:
        states: Shape (G, S + 1, 2, C + R + 3, 64), flat; S is the most steps of a group.
        patterns: Those that occur at each state, as bits, shape (G, S + 1, 2), flat, int64.
        place: Which of two states belongs to the program so far, shape (G, S + 1), flat, int64.
        differs: Whether the changed program's state is the other one, same shape, int64.
        values: Of a step: registers, modules' results, patterns, shape (R + Q + 1, 64), flat.
        scores: The groups' under the program so far and under the changed one, shape (2, G).
        right: Their lanes that are wholly right, as bits, shape (2, G), uint64.
        registers: R.
    """

    states: Bytes
    patterns: NDArray[np.int64]
    place: NDArray[np.int64]
    differs: NDArray[np.int64]
    values: Bytes
    scores: NDArray[np.float64]
    right: NDArray[np.uint64]
    registers: int


def new_runs(problem: Problem, registers: int, modules: ModuleList = FOURTEEN) -> Runs:
    """Return room for running programs on a problem."""
    G, S = len(problem.cells), int(problem.steps.max())
    values = _aligned(registers + len(modules.arity) + 1)
    values.reshape(-1, LANES)[registers + 2 : registers + 4] = [[1], [2]]  # the constants
    return Runs(
        states=_aligned(G * (S + 1) * 2 * (problem.width + registers + _EXTRA)),
        patterns=np.zeros(G * (S + 1) * 2, dtype=np.int64),
        place=np.zeros(G * (S + 1), dtype=np.int64),
        differs=np.zeros(G * (S + 1), dtype=np.int64),
        values=values,
        scores=np.zeros((2, G)),
        right=np.zeros((2, G), dtype=np.uint64),
        registers=registers,
    )


def _aligned(rows: int) -> Bytes:
    """Return rows of zeros, flat, each in one line of the cache: searches gain a tenth."""
    room = np.zeros((rows + 1) * LANES, dtype=np.uint8)
    first = -room.ctypes.data % LANES
    return room[first : first + rows * LANES]


@inlined
def _read(states: Bytes, tape: int, cells: int, address: Lanes) -> Lanes:
    result, cell = v.spread(0), v.spread(0)
    for i in range(cells):
        here = v.equal(address, cell)
        result = v.choose(here, v.load(states, tape + i * LANES), result)
        cell = v.add(cell, v.spread(1))
    return result


@inlined
def _write(
    states: Bytes, old: int, new: int, cells: int, address: Lanes, value: Lanes, mask: Lanes
) -> None:
    """Copy a tape, with one cell of each lane of the mask changed."""
    address, cell = v.either(address, v.without(v.spread(255), mask)), v.spread(0)
    for i in range(cells):
        before = v.load(states, old + i * LANES)
        v.store(states, new + i * LANES, v.choose(v.equal(address, cell), value, before))
        cell = v.add(cell, v.spread(1))


@inlined
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


@inlined
def _look_up(
    values: Bytes, a: int, b: int, out: int, problem: Problem, g: int, module: int, own: ModuleList
) -> None:
    """The results of a learned module on the rows a and b go to the row ``out``."""
    for lane in range(LANES):
        M = np.int64(problem.modulus[g * LANES + lane])
        entry = own.place[module, M] + values[a + lane] * M + values[b + lane]
        values[out + lane] = own.results[entry]


@inlined
def _modules(runs: Runs, problem: Problem, g: int, program: Program, pattern: int) -> None:
    """Compute the results of the live modules from INC on, but for WRITE, in all lanes."""
    R, values, M = runs.registers, runs.values, v.load(problem.modulus, g * LANES)
    live, circuit, own = program.live[pattern], program.table[pattern], program.machine
    for module in range(4, 13):
        if live >> module & 1:
            a = v.load(values, circuit[FIRST[module]] * LANES)
            b = v.load(values, circuit[FIRST[module] + ARITY[module] - 1] * LANES)
            v.store(values, (R + module) * LANES, _arithmetic(module, a, b, M))
    for module in range(FIRST_LEARNED, len(own.arity) - 1):
        if live >> module & 1:
            a = circuit[own.first[module]] * LANES
            b = circuit[own.first[module] + own.arity[module] - 1] * LANES
            _look_up(values, a, b, (R + module) * LANES, problem, g, module, own)


@inlined
def _circuit(
    runs: Runs,
    problem: Problem,
    g: int,
    program: Program,
    pattern: int,
    mask: Lanes,
    before: int,
    old: int,
    new: int,
) -> Lanes:
    """Execute a circuit on the state ``before``, and write its lanes of the state ``new``.

    The lanes outside the mask are those of ``old``, one of the two.

    Returns:
        Mask of the lanes that read their answer.
    """
    R, values, states, cells = runs.registers, runs.values, runs.states, problem.cells[g]
    circuit, W, found = program.table[pattern], len(program.machine.owner), v.spread(0)
    if program.live[pattern] & 1:
        read = _read(states, before, cells, v.load(values, circuit[0] * LANES))
        v.store(values, R * LANES, read)
        found = v.both(v.equal(read, v.load(problem.wanted, g * LANES)), mask)
    _modules(runs, problem, g, program, pattern)
    address, value = v.load(values, circuit[W - 2] * LANES), v.load(values, circuit[W - 1] * LANES)
    _write(states, old, new, cells, address, value, mask)
    for j in range(R):
        row = (problem.width + j) * LANES
        after = v.load(values, circuit[W + j] * LANES)
        v.store(states, new + row, v.choose(mask, after, v.load(states, old + row)))
    return found


@inlined
def _begin_step(runs: Runs, first: int) -> Lanes:
    """Take the registers of a state, from a row on, as values; return each lane's pattern."""
    code, zero = v.spread(0), v.spread(0)
    for j in range(runs.registers):
        register = v.load(runs.states, first + j * LANES)
        v.store(runs.values, j * LANES, register)
        code = v.either(code, v.both(v.equal(register, zero), v.spread(1 << j)))
    return code


@inlined
def _step(
    runs: Runs, problem: Problem, g: int, program: Program, step: int, before: int, new: int
) -> Any:
    """Make a step from one state to another; return the patterns that occur, as bits."""
    states, values, registers = runs.states, runs.values, problem.width * LANES
    extra, codes = registers + runs.registers * LANES, len(values) - LANES
    halted = v.load(states, before + extra + _HALTED * LANES)
    active = v.without(v.less(v.spread(step), v.load(problem.limit, g * LANES)), halted)
    left, patterns, old = v.bits(active), 0, before
    if left == 0:
        return 0
    code = v.either(_begin_step(runs, before + registers), v.without(v.spread(255), active))
    v.store(values, codes, code)
    seen = v.load(states, before + extra + _SEEN * LANES)
    while left != 0:
        pattern: Any = np.int64(values[codes + v.lowest(left)])
        mask = v.equal(code, v.spread(pattern))
        left &= ~v.bits(mask)
        patterns |= 1 << pattern
        found = _circuit(runs, problem, g, program, pattern, mask, before, old, new)
        seen = v.either(seen, found)
        if program.table[pattern, -1]:
            halted = v.either(halted, mask)
        old = new
    history = v.load(states, before + extra + _HISTORY * LANES)
    history = v.add(v.add(v.add(history, history), history), v.add(code, v.spread(1)))
    v.store(states, new + extra + _SEEN * LANES, seen)
    v.store(states, new + extra + _HISTORY * LANES, history)
    v.store(states, new + extra + _HALTED * LANES, halted)
    return patterns


@inlined
def _unlike(runs: Runs, a: int, b: int, first: int, end: int) -> bool:
    """Whether two states differ in some of their rows."""
    unlike, states = v.spread(0), runs.states
    for row in range(first * LANES, end * LANES, LANES):
        unlike = v.either(unlike, v.differ(v.load(states, a + row), v.load(states, b + row)))
    return v.bits(v.equal(unlike, v.spread(0))) != _ALL


@inlined
def _start(runs: Runs, problem: Problem, g: int, at: int) -> None:
    """Write the first state of a group: its input on the tape, all else 0."""
    C = problem.width
    for cell in range(C):
        v.store(runs.states, at + cell * LANES, v.load(problem.tape, (g * C + cell) * LANES))
    for row in range(C, C + runs.registers + _EXTRA):
        v.store(runs.states, at + row * LANES, v.spread(0))


@inlined
def _run(
    runs: Runs, problem: Problem, g: int, program: Program, changed: int
) -> tuple[int, int, bool]:
    """Run a changed program on a group, where its states are not those of the program so far.

    ``at`` is a step's place in ``runs.place``; of its two states, numbers 2 at and 2 at + 1, that
    of the program so far is 2 at + place, and the free one is 2 at + 1 - place.

    Returns:
        Where its last state is, the patterns that occurred, as bits, and whether that state is the
        one of the program so far.
    """
    C, rows = problem.width, problem.width + runs.registers + _EXTRA
    size, at = rows * LANES, g * (len(runs.place) // len(problem.cells))
    same, visited, step = changed != ANEW, 0, 0
    if not same:
        _start(runs, problem, g, (2 * at + 1 - runs.place[at]) * size)
    while True:
        runs.differs[at] = not same
        state = 2 * at + (runs.place[at] ^ runs.differs[at])
        patterns = runs.patterns[state]
        if not same or patterns & changed:
            new = (2 * at + 3 - runs.place[at + 1]) * size
            patterns = _step(runs, problem, g, program, step, state * size, new)
            runs.patterns[state] = patterns
            if same and patterns:
                so_far = (2 * at + 2 + runs.place[at + 1]) * size
                same = not _unlike(runs, new, so_far, C, rows)
                same = same and not _unlike(runs, new, so_far, 0, problem.cells[g])
        if patterns == 0:
            return state * size, visited, same
        visited |= patterns
        at += 1
        step += 1


@inlined
def _hints(runs: Runs, problem: Problem, g: int, at: int) -> Lanes:
    """Mask of the lanes whose answer was ever read or is in a register."""
    wanted, registers = v.load(problem.wanted, g * LANES), at + problem.width * LANES
    found = v.load(runs.states, registers + (runs.registers + _SEEN) * LANES)
    for j in range(runs.registers):
        register = v.load(runs.states, registers + j * LANES)
        found = v.either(found, v.equal(register, wanted))
    return found


@inlined
def _judge(runs: Runs, problem: Problem, g: int, weights: Weights, at: int) -> tuple[float, Bits]:
    """Return the score of a group at its end, and the lanes that are wholly right, as bits."""
    C, points, states = problem.width, v.spread(0), runs.states
    extra = at + (C + runs.registers) * LANES
    prefix, unbroken = v.spread(0), v.spread(255)
    for cell in range(problem.cells[g]):
        place = (g * C + cell) * LANES
        right = v.equal(v.load(states, at + cell * LANES), v.load(problem.answer, place))
        weight = v.load(problem.weight, place)
        unbroken = v.both(unbroken, v.either(right, v.equal(weight, v.spread(0))))
        points = v.add(points, v.both(right, weight))
        prefix = v.add(prefix, v.both(unbroken, weight))
    exact = v.equal(points, v.spread(FULL))
    right_bits = v.bits(exact)
    if weights.halting:
        right_bits &= v.bits(v.load(states, extra + _HALTED * LANES))
    score = weights.cells * v.total(points) / FULL + weights.prefix * v.total(prefix) / FULL
    score += weights.exact * v.count(right_bits)
    if weights.hint > 0:
        score += weights.hint * v.count(v.bits(v.either(exact, _hints(runs, problem, g, at))))
    if weights.contrast > 0:
        history = v.load(states, extra + _HISTORY * LANES)
        same = v.equal(history, v.neighbour(history))
        agree = v.differ(same, v.load(problem.answers, g * LANES))
        score += weights.contrast * v.count(v.bits(agree))
    return score / LANES, right_bits


@inlined
def evaluate(
    runs: Runs, problem: Problem, weights: Weights, program: Program, changed: int, slack: float
) -> TableScore:
    """Return a changed program's score, or -1 where it falls behind.

    Args:
        runs: Of the program so far; ``keep`` makes the changed one that.
        problem: The pairs.
        weights: What the score consists of.
        program: The changed program.
        changed: The patterns whose circuits are not those of the program so far, as bits, or
            ``ANEW``.
        slack: Once the groups run so far score less by more than this in all, evaluation ends.
    """
    groups, gained, before, right, visited = len(problem.cells), 0.0, 0.0, 0, 0
    for g in range(groups):
        at, seen, same = _run(runs, problem, g, program, changed)
        visited |= seen
        runs.scores[1, g], runs.right[1, g] = runs.scores[0, g], runs.right[0, g]
        if not same:
            runs.scores[1, g], runs.right[1, g] = _judge(runs, problem, g, weights, at)
        gained += runs.scores[1, g]
        before += runs.scores[0, g]
        right += v.count(runs.right[1, g])
        if gained < before - slack:
            return TableScore(-1.0, right, visited)
    return TableScore(gained / groups, right, visited)


@inlined
def keep(runs: Runs) -> None:
    """Make the program that was evaluated last the one so far."""
    for i in range(len(runs.place)):
        runs.place[i] ^= runs.differs[i]
    for g in range(runs.scores.shape[1]):
        runs.scores[0, g], runs.right[0, g] = runs.scores[1, g], runs.right[1, g]
