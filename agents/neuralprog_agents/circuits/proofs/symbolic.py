"""A run with open values: one run is a proof for all values that an input can have.

The hard machine runs on expressions (``neuralprog_envs.tape.algebra``): pointers are numbers,
values are not. As long as no address and no zero-flag depends on an open value, the run is the
same for all of them, and what the scored cells hold at the end is an expression of the
input's values. It has to be the value that the task wants; for sorting, where it is made of MIN
and MAX alone, it has to sort every input of zeros and ones (the 0-1 principle: Knuth, The Art of
Computer Programming 3, section 5.3.4, theorem Z).

The run is made in a memory without end, where numbers are small, or M - k with a small k (from a
DEC of 0, say). If the largest small number is p and the largest k is q, then the same run happens
in every memory of more than p + q cells: additions, comparisons and addresses agree one by one.
The smaller memories are run one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.circuits.proofs.layouts import LAYOUTS, Cell, Layout, Open
from neuralprog_agents.circuits.proofs.program import TapeProgram
from neuralprog_agents.evaluation.certificate import Proof
from neuralprog_envs.tape.algebra import Graph, Node
from neuralprog_envs.tape.circuit import execute

ENDLESS = 1 << 60
"""M of the memory without end."""


class OpenError(ValueError):
    """An address or a flag depends on an open value: one run does not hold for all."""


def provable(program: TapeProgram) -> bool:
    """Return whether the task has inputs with values left open, and all modules are known."""
    return program.task_name in LAYOUTS and not program.learned


def prove(program: TapeProgram) -> Proof:
    """Run a ``provable`` program once for every shape of its inputs, at many lengths.

    Raises:
        OpenError: What it does depends on the values.
    """
    shapes, lengths = LAYOUTS[program.task_name]
    cases = failing = 0
    for layout in (layout for n in lengths for layout in shapes(n)):
        for M in _memories(program, layout):
            cases, failing = cases + 1, failing + (not _run(program, layout, M).right())
    return Proof(
        method="runs with open values",
        covers=(
            f"{program.task_name}: every input of length {lengths[0]} to {lengths[-1]}, whatever "
            f"its values, in every memory that holds it"
        ),
        cases=cases,
        failing=failing,
        details={"lengths": [lengths[0], lengths[-1]]},
    )


def _memories(program: TapeProgram, layout: Layout) -> Iterator[int]:
    """Yield the memory without end, and every size in which the run may be another."""
    yield ENDLESS
    same_beyond = sum(_run(program, layout, ENDLESS).reach())
    yield from range(program.algorithm.memory_size(layout.length), same_beyond + 1)


def _run(program: TapeProgram, layout: Layout, M: int) -> SymbolicRun:
    run = SymbolicRun(program, layout, M)
    try:
        for _ in run.steps():
            pass
    except OpenError as error:
        raise OpenError(f"{program.task_name}, n = {layout.length}: {error}") from None
    return run


@dataclass(frozen=True)
class SymbolicStep:
    """One step of a run: which registers were 0, and what they held before it.

    Its events are what it read and wrote, in order: READ or WRITE, address, content.
    """

    pattern: int
    registers: tuple[Node, ...]
    events: tuple[tuple[str, Node, Node], ...]


class SymbolicRun:
    """One run on expressions, of an input in a memory of M cells."""

    def __init__(self, program: TapeProgram, layout: Layout, M: int) -> None:
        self.graph, self.layout = Graph(M), layout
        self._program = program
        self._values = [self.graph.register(i, positive=True) for i in range(len(layout.tape))]
        zero = self.graph.constant(0)
        self.tape = defaultdict(lambda: zero, enumerate(map(self.node, layout.tape)))
        self.registers = [zero] * program.registers
        self._events: list[tuple[str, Node, Node]] = []

    def node(self, cell: Cell) -> Node:
        """Return the expression of a number or of an open value."""
        if not isinstance(cell, Open):
            return self.graph.constant(cell)
        node = self._values[cell.i]
        for _ in range(cell.offset):
            node = self.graph.apply("INC", (node,))
        return node

    def steps(self) -> Iterator[SymbolicStep]:
        """Run to the end; yield every step after it.

        Raises:
            OpenError: The run depends on an open value.
        """
        for _ in range(self._program.limit(self.layout.length)):
            before, self._events = tuple(self.registers), []
            pattern = sum(self._is_zero(node) << j for j, node in enumerate(before))
            circuit = self._program.table[pattern].tolist()
            self.registers = execute(self._program.modules, circuit, before, self._module)
            yield SymbolicStep(pattern, before, tuple(self._events))
            if circuit[-1] == 1:
                return

    def right(self) -> bool:
        """Return whether the tape holds what it should."""
        if self.layout.answer is None:
            return self._sorted()
        wanted = self.layout.answer.items()
        return all(self.tape[address] == self.node(cell) for address, cell in wanted)

    def reach(self) -> tuple[int, int]:
        """Return the greatest small number, and the greatest k of a number M - k."""
        numbers = [*self.graph.values(), len(self.layout.tape), *(self.layout.answer or ())]
        small = [number for number in numbers if number < self.graph.M // 2]
        great = [self.graph.M - number for number in numbers if number >= self.graph.M // 2]
        return max(small), max(great, default=0)

    def _module(self, name: str, inputs: tuple[Node, ...]) -> Node:
        if name == "READ":
            node = self.tape[self._address(inputs[0])]
            self._events.append((name, inputs[0], node))
            return node
        if name == "WRITE":
            self.tape[self._address(inputs[0])] = inputs[1]
            self._events.append((name, inputs[0], inputs[1]))
            return self.graph.constant(0)
        return self.graph.apply(name, inputs)

    def _address(self, node: Node) -> int:
        value = self.graph.value_of(node)
        if value is None:
            raise OpenError("an address depends on the values")
        return value

    def _is_zero(self, node: Node) -> bool:
        value = self.graph.value_of(node)
        if value is None and not self.graph.is_positive(node):
            raise OpenError("a flag depends on the values")
        return value == 0

    def _sorted(self) -> bool:
        """Return whether cells 1..n are sorted for every input of zeros and ones."""
        n = self.layout.length
        try:
            cells = _on_bits(self.graph, self._values[:n], [self.tape[1 + i] for i in range(n)])
        except OpenError:
            return False
        wanted = np.sort(np.stack(_inputs(n)), axis=0)
        return bool((np.stack(cells) == wanted).all())


Bits = NDArray[np.bool_]


def _inputs(n: int) -> list[Bits]:
    """Return each value in every input of n zeros and ones, n arrays of shape (2^n,)."""
    return [(np.arange(1 << n) >> i & 1).astype(bool) for i in range(n)]


def _on_bits(graph: Graph, values: Sequence[Node], wanted: Sequence[Node]) -> list[Bits]:
    """Return expressions of MIN and MAX alone on every input of zeros and ones."""
    found = dict(zip(values, _inputs(len(values)), strict=True))
    for node, term in enumerate(graph.terms):  # arguments come first
        if term.name in ("MIN", "MAX") and node not in found:
            a, b = (found.get(argument) for argument in term.arguments)
            if a is not None and b is not None:
                found[node] = a & b if term.name == "MIN" else a | b
    if not found.keys() >= set(wanted):
        raise OpenError("the answer is not made of MIN and MAX alone")
    return [found[node] for node in wanted]
