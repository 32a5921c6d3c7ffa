"""Circuits as text: encode one from names, and print one as a short program.

A circuit of the NRAM is a row of some fifty integers, most of which have no effect. Here one is
written ``{"READ.a": "r1", "WRITE.a": "r2", "WRITE.b": "READ", "r1": "INC", ...}``, and shown as

    v = READ(r1)
    WRITE(r2, v)
    r1 := INC(r1)

Lines are executed from top to bottom. All registers change at the end of the step, so a line that
reads a register which a line above has changed writes ``old r1``. For every tape and all values of
the registers the text computes what the circuit computes, but is simpler: modules without effect
are left out, constants are folded, ADD(x, 0) is x. WRITEs are always shown.

The learned program is a table of circuits, one for each pattern of flags (which registers are
0); ``program_text`` shows the patterns that occur, those with the same circuit together.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import batch
from neuralprog_envs.tape.algebra import Graph, Node
from neuralprog_envs.tape.ops import Module
from neuralprog_envs.tape.state import TapeInstances

if TYPE_CHECKING:
    from neuralprog_envs.tape.machine import TapeMachine

Value = TypeVar("Value")


def encode(machine: TapeMachine, wires: Mapping[str, str]) -> tuple[int, ...]:
    """Return the action of a circuit that is given by names.

    Args:
        machine: A machine whose actions are circuits.
        wires: The source of each input. Inputs are named as in ``machine.action_names``
            (``READ.a``, ``ADD.b``, ``r1``, ``finish``), sources as registers (``r1``) and
            modules (``READ``); with repetitions the modules are ``READ1``, ``READ2``, ...
            Inputs that are left out read r1, and finish is "0".

    Raises:
        ValueError: An input or a source is unknown, or a source is computed after its input.
    """
    _check_circuits(machine)
    for wire in wires:
        if wire not in machine.action_names:
            raise _unknown("input", wire, machine.action_names)
    sources = machine.source_names
    return tuple(
        _number(wire, wires.get(wire, "0" if wire == "finish" else "r1"), choices, sources)
        for wire, choices in zip(machine.action_names, machine.actions, strict=True)
    )


def describe(machine: TapeMachine, action: Sequence[int]) -> str:
    """Return a circuit as a short program, one line for each effect and each shared value."""
    return "\n".join(lines(machine, action))


def lines(
    machine: TapeMachine,
    action: Sequence[int],
    zero: frozenset[int] = frozenset(),
    nonzero: frozenset[int] = frozenset(),
) -> list[str]:
    """Return the lines of ``describe``, simplified by what is known of the registers.

    The registers ``zero``, from 0, are known to hold 0, and ``nonzero`` to hold something else.
    """
    _check_circuits(machine)
    graph = Graph(machine.memory_size, machine.module_list)
    before = [
        graph.constant(0) if j in zero else graph.register(j, positive=j in nonzero)
        for j in range(machine.registers)
    ]
    numbers = [int(number) for number in action]
    writes, after = evaluate(machine, numbers, graph, before)
    changed = {j: node for j, node in enumerate(after) if node != before[j]}
    shown = list(_Printer(graph, writes, changed).lines())
    return [*shown, "finish"] if numbers[-1] else shown


def program_text(machine: TapeMachine, table: NDArray, patterns: Sequence[int]) -> str:
    """Return a table of circuits as a program: under which flags which lines are executed.

    The table has one circuit for each pattern of flags, shape (2**R, K); a pattern is
    Σ_j [r_j = 0] · 2**j, with j from 0. ``patterns`` are those that occur (see ``occurring``);
    conditions are as short as these allow.
    """
    cases = _merge(machine, table, list(dict.fromkeys(int(p) for p in patterns)))
    blocks = []
    for case in cases:
        others = [p for other in cases if other is not case for p in other.patterns]
        heading = _condition(case.patterns, others, machine.registers)
        blocks.append("\n".join([heading, *(f"    {line}" for line in case.lines)]))
    return "\n\n".join(blocks)


def occurring(
    machine: TapeMachine, table: NDArray, instances: TapeInstances, limit: int
) -> tuple[int, ...]:
    """Return the patterns of flags that a table of circuits meets on instances, in their order.

    The table has one circuit for each pattern, shape (2**R, K); a run is abandoned after ``limit``
    steps.
    """
    _check_circuits(machine)
    state, found = machine.initial(instances), dict[int, None]()
    for _ in range(limit):
        if not len(state.tape):
            break
        pattern = (state.registers == 0) @ (1 << np.arange(machine.registers))
        found.update(dict.fromkeys(np.unique(pattern).tolist()))
        state = machine.step(state, np.asarray(table)[pattern])
        state = batch.take(state, np.flatnonzero(~state.halted))
    return tuple(found)


def _check_circuits(machine: TapeMachine) -> None:
    if machine.action != "circuit":
        raise ValueError("this machine takes instructions: build it with action='circuit'")


def _number(wire: str, source: str, choices: int, sources: Sequence[str]) -> int:
    if wire == "finish":
        if source not in ("0", "1"):
            raise ValueError(f"finish is {source!r}, but must be '0' or '1'")
        return int(source)
    if source not in sources:
        raise _unknown("source", source, sources)
    number = sources.index(source)
    if number >= choices:
        raise ValueError(
            f"{wire} cannot be fed by {source}, which is computed later: "
            f"choose one of {', '.join(sources[:choices])}"
        )
    return number


def _unknown(kind: str, name: str, known: Sequence[str]) -> ValueError:
    matches = difflib.get_close_matches(name, known, n=3) or known
    return ValueError(f"unknown {kind} {name!r}: did you mean {', '.join(matches)}?")


def evaluate(
    machine: TapeMachine, numbers: list[int], graph: Graph, registers: list[Node]
) -> tuple[list[tuple[Node, Node]], list[Node]]:
    """Run a circuit on expressions, the registers' R nodes, and add the results to the graph.

    Return the address and value of every WRITE, and the registers' new values.
    """
    writes = list[tuple[Node, Node]]()

    def apply(name: str, inputs: tuple[Node, ...]) -> Node:
        if name != "WRITE":
            return graph.apply(name, inputs, time=len(writes))
        writes.append((inputs[0], inputs[1]))
        return graph.constant(0)

    return writes, execute(machine.modules, numbers, registers, apply)


def execute(
    modules: Iterable[Module],
    circuit: Sequence[int],
    registers: Iterable[Value],
    apply: Callable[[str, tuple[Value, ...]], Value],
) -> list[Value]:
    """Return the registers' new values, on values of any kind.

    ``apply`` returns the output of a module, given its name and its inputs.
    """
    sources, wire = list(registers), 0
    for module in modules:
        inputs = tuple(sources[w] for w in circuit[wire : wire + module.arity])
        sources.append(apply(module.name, inputs))
        wire += module.arity
    return [sources[w] for w in circuit[wire:-1]]


class _Printer:
    """Writes effects, which are WRITEs and changed registers, and the values that they need.

    Time counts WRITEs: effect t is the t-th WRITE, and the registers change at the last time.
    A value gets a name, and a line of its own, when it is shared and not trivial, or when it is
    READ from the tape and still needed after a WRITE.
    """

    def __init__(
        self, graph: Graph, writes: list[tuple[Node, Node]], changed: dict[int, Node]
    ) -> None:
        self._graph, self._writes, self._changed = graph, writes, changed
        due = self._find_named()
        order = sorted(due, key=lambda node: (due[node], node))
        self._due = [(due[node], node) for node in order]
        single = len(order) == 1
        self._labels = {node: "v" if single else f"v{i + 1}" for i, node in enumerate(order)}

    def lines(self) -> Iterator[str]:
        """Yield the lines in the order of their execution."""
        for time, (address, value) in enumerate(self._writes):
            yield from self._values(time)
            yield f"WRITE({self._text(address)}, {self._text(value)})"
        yield from self._values(len(self._writes))
        done = set[int]()
        for j, node in self._changed.items():
            yield f"r{j + 1} := {self._text(node, done)}"
            done.add(j)

    def _values(self, time: int) -> Iterator[str]:
        for due, node in self._due:
            if due == time:
                yield f"{self._labels[node]} = {self._call(node)}"

    def _text(self, node: Node, changed: Set[int] = frozenset()) -> str:
        if node in self._labels:
            return self._labels[node]
        register = self._graph.register_of(node)
        if register is not None:
            return f"old r{register + 1}" if register in changed else f"r{register + 1}"
        return self._call(node, changed)

    def _call(self, node: Node, changed: Set[int] = frozenset()) -> str:
        name, arguments, _ = self._graph.terms[node]
        inside = ", ".join(self._text(argument, changed) for argument in arguments)
        return f"{name}({inside})" if arguments else name

    def _find_named(self) -> dict[Node, int]:
        """Return the values that get a name, and the time before which each is computed."""
        last = len(self._writes)
        uses: dict[Node, list[int]] = {}
        for time, pair in enumerate(self._writes):
            for node in pair:
                uses.setdefault(node, []).append(time)
        for node in self._changed.values():
            uses.setdefault(node, []).append(last)
        named = {}
        for node in reversed(range(len(self._graph.terms))):
            times = uses.get(node)
            if times is None:
                continue
            if self._deserves_name(node, times):
                named[node] = self._graph.time_read(node, otherwise=min(times))
                times = [named[node]]
            for argument in self._graph.terms[node].arguments:
                uses.setdefault(argument, []).extend(times)
        return named

    def _deserves_name(self, node: Node, times: list[int]) -> bool:
        graph = self._graph
        if not graph.terms[node].arguments:
            return False
        if graph.terms[node].name == "READ":
            return len(times) > 1 or times[0] > graph.terms[node].time
        return len(times) > 1 and any(
            graph.terms[argument].arguments and graph.terms[argument].name != "READ"
            for argument in graph.terms[node].arguments
        )


@dataclass
class _Case:
    """The patterns of flags under which the same lines are executed."""

    lines: list[str]
    patterns: list[int]


def _merge(machine: TapeMachine, table: NDArray, patterns: list[int]) -> list[_Case]:
    """Return the patterns in groups: first by equal circuits, then by equal simplified lines."""
    same: dict[str, _Case] = {}
    for pattern in patterns:
        text = lines(machine, table[pattern])
        same.setdefault("\n".join(text), _Case(text, [])).patterns.append(pattern)
    merged: dict[str, _Case] = {}
    for case in same.values():
        flags = range(machine.registers)
        zero = frozenset(j for j in flags if all(p >> j & 1 for p in case.patterns))
        nonzero = frozenset(j for j in flags if not any(p >> j & 1 for p in case.patterns))
        text = lines(machine, table[case.patterns[0]], zero, nonzero)
        merged.setdefault("\n".join(text), _Case(text, [])).patterns.extend(case.patterns)
    return list(merged.values())


def _condition(patterns: list[int], others: list[int], registers: int) -> str:
    """Return the heading that is true of all of ``patterns`` and of none of the others."""
    if not others:
        return "always:"
    left, alternatives = list(patterns), list[str]()
    while left:
        mask = _shortest_mask(left[0], left, others, registers)
        alternatives.append(_literals(left[0], mask, registers))
        left = [p for p in left if (p ^ left[0]) & mask]
    if len(alternatives) == 1:
        return f"when {alternatives[0]}:"
    return f"when {' or '.join(f'({a})' for a in alternatives)}:"


def _shortest_mask(pattern: int, own: list[int], others: list[int], registers: int) -> int:
    """Return the fewest flags that distinguish a pattern; of these, those most patterns share."""
    for size in range(1, registers + 1):
        masks = [sum(1 << j for j in chosen) for chosen in combinations(range(registers), size)]
        fits = [m for m in masks if all((other ^ pattern) & m for other in others)]
        if fits:
            return max(fits, key=lambda m: sum(not (p ^ pattern) & m for p in own))
    raise ValueError("two cases of the program have the same flags")


def _literals(pattern: int, mask: int, registers: int) -> str:
    return ", ".join(
        f"r{j + 1} = 0" if pattern >> j & 1 else f"r{j + 1} != 0"
        for j in range(registers)
        if mask >> j & 1
    )
