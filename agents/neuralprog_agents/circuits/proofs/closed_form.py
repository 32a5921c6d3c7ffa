"""A guess of what a program does at every length: segments of steps that repeat, in formulas.

Runs with open values at a few lengths are cut into segments, each a block of steps repeated so
many times; all that a step holds, reads and writes must be an affine function of the iteration i
and the parameters (n, and whatever else shapes the input). It is a guess: ``induction`` proves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from neuralprog_agents.circuits.proofs.layouts import Family, Open
from neuralprog_agents.circuits.proofs.program import TapeProgram
from neuralprog_agents.circuits.proofs.symbolic import ENDLESS, SymbolicRun, SymbolicStep
from neuralprog_envs.tape.algebra import Graph, Node

LENGTHS = range(9, 15)
"""The lengths that formulas are fitted to; what is proven is proven from the first of them on."""
_LONGEST_BLOCK = 3
_FEWEST_TURNS = 3


class FormError(ValueError):
    """The runs have no common closed form of this kind."""


@dataclass(frozen=True)
class Affine:
    """constant + slope · i + Σ factors · parameters, on integers or on a solver's terms."""

    constant: int
    slope: int
    factors: tuple[int, ...]

    def __call__(self, i: Any, parameters: Sequence[Any]) -> Any:
        """Return the value."""
        terms = (f * p for f, p in zip(self.factors, parameters, strict=True))
        return sum(terms, self.constant + self.slope * i)


Content = Any
"""A number, an ``Open`` value, or None for any other expression; here numbers and the index of
an open value are Affine."""


@dataclass(frozen=True)
class Event:
    """A READ or a WRITE: its address and what it reads or writes."""

    name: str
    address: Affine
    content: Content


@dataclass(frozen=True)
class Phase:
    """One step of a block: which registers are 0, what all hold before it, and what it does."""

    pattern: int
    registers: tuple[Content, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Segment:
    """A block of steps, repeated; i counts from 0 to count - 1."""

    phases: tuple[Phase, ...]
    count: Affine

    @property
    def loops(self) -> bool:
        """Whether there is more than one turn."""
        return self.count != Affine(1, 0, (0,) * len(self.count.factors))


@dataclass(frozen=True)
class ClosedForm:
    """The whole run, and its greatest numbers: small ones, and k of those that are M - k."""

    segments: tuple[Segment, ...]
    reach: tuple[Affine, Affine]


def guess(program: TapeProgram, family: Family) -> ClosedForm:
    """Return the closed form of a program's runs.

    Raises:
        FormError: They have none.
        symbolic.OpenError: A run depends on open values.
    """
    points = [(n, *choice) for n in LENGTHS for choice in family.choices(n)]
    runs = [_Recorded(program, family, point) for point in points]
    shapes = {tuple((block, count > 1) for block, count in run.segments) for run in runs}
    if len(shapes) != 1:
        raise FormError("runs of different lengths differ in more than repetitions")
    segments = tuple(_segment(runs, points, s) for s in range(len(runs[0].segments)))
    return ClosedForm(segments, _reach(runs, points))


class _Recorded:
    """A run in the memory without end, in numbers and open values."""

    def __init__(self, program: TapeProgram, family: Family, point: tuple[int, ...]) -> None:
        run = SymbolicRun(program, family.layout(*point), ENDLESS)
        self.steps = [_plain(run.graph, step) for step in run.steps()]
        self.segments = _compress(self.steps)
        self.reach = run.reach()


def _plain(graph: Graph, step: SymbolicStep) -> Phase:
    contents = [_content(graph, node) for node in step.registers]
    events = [
        Event(name, _content(graph, address), _content(graph, node))
        for name, address, node in step.events
    ]
    return Phase(step.pattern, tuple(contents), tuple(events))


def _content(graph: Graph, node: Node) -> Content:
    value = graph.value_of(node)
    if value is not None:
        return value if value < graph.M // 2 else value - graph.M
    offset = 0
    while (inner := graph.inverse("INC", node)) is not None:
        node, offset = inner, offset + 1
    register = graph.register_of(node)
    return None if register is None else Open(register, offset)


def _signature(step: Phase) -> tuple[Any, ...]:
    """Return what steps of one segment's phase have in common."""
    kinds = [_kind(content) for content in step.registers]
    return step.pattern, *kinds, *((event.name, _kind(event.content)) for event in step.events)


def _kind(content: Content) -> Any:
    return content.offset if isinstance(content, Open) else type(content).__name__


def _numbers(step: Phase) -> list[int]:
    """Return all numbers of a step, and the indices of its open values."""
    events = [part for event in step.events for part in (event.address, event.content)]
    contents = [content for content in (*step.registers, *events) if content is not None]
    return [content.i if isinstance(content, Open) else content for content in contents]


def _compress(steps: list[Phase]) -> list[tuple[tuple[Any, ...], int]]:
    """Return the signatures of blocks and how often each repeats.

    A loop's first turn is a segment of its own: it starts from what came before, which is often
    another formula. From the second on all numbers grow by the same in each turn.
    """
    signatures, numbers = [_signature(step) for step in steps], [_numbers(step) for step in steps]
    found, t = [], 0
    while t < len(steps):
        lengths = range(1, _LONGEST_BLOCK + 1)
        turns = [(length, _turns(signatures, numbers, t, length)) for length in lengths]
        length, count = max(turns, key=lambda turn: turn[0] * turn[1] * (turn[1] > 1))
        length = length if count > 1 else 1
        block = tuple(signatures[t : t + length])
        found += [(block, 1)] if count == 1 else [(block, 1), (block, count - 1)]
        t += length * count
    return found


def _turns(signatures: list[Any], numbers: list[list[int]], t: int, length: int) -> int:
    """Return how many turns a loop of a length makes from step t on; 1 if it is none."""
    block, count = signatures[t : t + length], 1
    while signatures[t + count * length : t + (count + 1) * length] == block:
        if count > 2 and _growth(numbers, t, length, count) != _growth(numbers, t, length, 2):
            break
        count += 1
    return count if count >= _FEWEST_TURNS else 1


def _growth(numbers: list[list[int]], t: int, length: int, turn: int) -> list[int]:
    """Return by how much the numbers of a turn exceed those of the turn before."""
    now = chain(*numbers[t + turn * length : t + (turn + 1) * length])
    before = chain(*numbers[t + (turn - 1) * length : t + turn * length])
    return [a - b for a, b in zip(now, before, strict=True)]


def _segment(runs: list[_Recorded], points: list[tuple[int, ...]], s: int) -> Segment:
    """Return one segment's formulas, fitted to all iterations in all runs."""
    length = len(runs[0].segments[s][0])
    counts = [run.segments[s][1] for run in runs]
    phases = []
    for phase in range(length):
        rows, steps = [], []
        for run, point, count in zip(runs, points, counts, strict=True):
            start = sum(len(block) * turns for block, turns in run.segments[:s])
            rows += [(i, *point) for i in range(count)]
            steps += run.steps[start + phase : start + length * count : length]
        phases.append(_phase(rows, steps))
    return Segment(tuple(phases), fit([(0, *point) for point in points], counts))


def _phase(rows: list[tuple[int, ...]], steps: list[Phase]) -> Phase:
    def column(contents: Iterable[Content]) -> Content:
        return _fit_contents(rows, list(contents))

    registers = map(column, zip(*(step.registers for step in steps), strict=True))
    events = (
        Event(
            event.name,
            column(step.events[e].address for step in steps),
            column(step.events[e].content for step in steps),
        )
        for e, event in enumerate(steps[0].events)
    )
    return Phase(steps[0].pattern, tuple(registers), tuple(events))


def _fit_contents(rows: list[tuple[int, ...]], contents: list[Content]) -> Content:
    first = contents[0]
    if first is None:
        return None
    if isinstance(first, Open):
        return Open(fit(rows, [content.i for content in contents]), first.offset)
    return fit(rows, contents)


def fit(rows: list[tuple[int, ...]], values: list[int]) -> Affine:
    """Return the affine function with whole coefficients through all points.

    ``rows`` has i and the parameters of each point, and ``values`` the value there.

    Raises:
        FormError: There is none.
    """
    table = np.array([(1, *row) for row in rows], dtype=float)
    solution = np.linalg.lstsq(table, np.array(values, dtype=float), rcond=None)[0]
    constant, slope, *factors = (int(c) for c in np.rint(solution))
    found = Affine(constant, slope, tuple(factors))
    if any(found(row[0], row[1:]) != value for row, value in zip(rows, values, strict=True)):
        raise FormError("a quantity is not affine in the iteration and the parameters")
    return found


def _reach(runs: list[_Recorded], points: list[tuple[int, ...]]) -> tuple[Affine, Affine]:
    """Return upper bounds of the greatest numbers, in n alone: the line over both ends."""
    low, high = LENGTHS[0], LENGTHS[-1]

    def line(which: int) -> Affine:
        most = [
            max(run.reach[which] for run, point in zip(runs, points, strict=True) if point[0] == n)
            for n in (low, high)
        ]
        slope = -((most[0] - most[1]) // (high - low))
        rest = (0,) * (len(points[0]) - 1)
        return Affine(most[1] - slope * high, 0, (slope, *rest))

    return line(0), line(1)
