"""What one action of a tape machine computes: its wiring as a graph, without dead parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from neuralprog_envs.tape import circuit
from neuralprog_envs.tape.algebra import Graph, Node, Term
from neuralprog_envs.tape.machine import TapeMachine
from neuralprog_envs.tape.state import TapeState


@dataclass(frozen=True)
class Wiring:
    """What an action computes.

    Attributes:
        nodes: Registers, constants and modules, each after its arguments.
        writes: The nodes that are the address and the value of each WRITE, in order.
        after: The node of each register that gets a new value, by the register's number.
        finish: Whether the run ends with this step.
    """

    nodes: tuple[Term, ...]
    writes: tuple[tuple[Node, Node], ...]
    after: dict[int, Node]
    finish: bool


@lru_cache(maxsize=4096)
def wiring(machine: TapeMachine, action: tuple[int, ...]) -> Wiring:
    """Return an action's wiring: an instruction as it is, a circuit simplified."""
    return (
        _of_circuit(machine, action)
        if machine.action == "circuit"
        else _of_instruction(machine, action)
    )


def _of_instruction(machine: TapeMachine, action: tuple[int, ...]) -> Wiring:
    operation, a, b, to = action
    name = machine.operations[operation]
    if name == "HALT":
        return Wiring((), (), {}, True)
    inputs = [Term(f"r{j + 1}") for j in (a, b)[: machine.module_list[operation].arity]]
    nodes = tuple(dict.fromkeys(inputs))
    sources = tuple(nodes.index(term) for term in inputs)
    last = len(nodes)
    if name == "WRITE":
        return Wiring((*nodes, Term("0")), ((sources[0], sources[1]),), {to: last}, False)
    return Wiring((*nodes, Term(name, sources)), (), {to: last}, False)


def _of_circuit(machine: TapeMachine, action: tuple[int, ...]) -> Wiring:
    graph = Graph(machine.memory_size, machine.module_list)
    before = [graph.register(j, positive=False) for j in range(machine.registers)]
    writes, values = circuit.evaluate(machine, list(action), graph, before)
    after = {j: node for j, node in enumerate(values) if node != before[j]}
    live = set(after.values()).union(*writes)
    for node in reversed(range(len(graph.terms))):
        live |= set(graph.terms[node].arguments) if node in live else set()
    number = {node: i for i, node in enumerate(sorted(live))}
    terms = [graph.terms[node] for node in sorted(live)]
    return Wiring(
        tuple(t._replace(arguments=tuple(number[a] for a in t.arguments)) for t in terms),
        tuple((number[address], number[value]) for address, value in writes),
        {j: number[node] for j, node in after.items()},
        bool(action[-1]),
    )


def live_inputs(machine: TapeMachine, action: tuple[int, ...]) -> list[str]:
    """Return the inputs of a circuit, by name, that reach a WRITE, a register or the finish."""
    modules, R = machine.modules, machine.registers
    ends = np.cumsum([module.arity for module in modules]).tolist()
    inputs = [range(end - m.arity, end) for m, end in zip(modules, ends, strict=True)]
    live = set(range(ends[-1], len(action)))
    needed = {action[wire] - R for wire in live if wire < len(action) - 1}
    for number in reversed(range(len(modules))):
        if number in needed or modules[number].name == "WRITE":
            live.update(inputs[number])
            needed.update(action[wire] - R for wire in inputs[number])
    return [machine.action_names[wire] for wire in sorted(live)]


def node_values(machine: TapeMachine, wires: Wiring, before: TapeState) -> list[int]:
    """Return the value of each node of a wiring, in a step from a state of one row."""
    values: list[int] = []
    modules = {module.name: module for module in machine.module_list}
    for term in wires.nodes:
        inputs = [values[node] for node in term.arguments]
        if term.name.isdecimal():
            values.append(int(term.name))
        elif term.name == "READ":
            values.append(_read(wires, values, before, inputs[0], term.time))
        elif term.name in modules:
            a, b = (*inputs, 0, 0)[:2]
            values.append(int(modules[term.name].apply(a, b, machine.memory_size)))  # type: ignore[misc]
        else:
            values.append(int(before.registers[0, int(term.name[1:]) - 1]))
    return values


def _read(wires: Wiring, values: list[int], before: TapeState, address: int, time: int) -> int:
    """Return a cell as it is after the first ``time`` WRITEs of the step."""
    for target, value in reversed(wires.writes[:time]):
        if values[target] == address:
            return values[value]
    return int(before.tape[0, address])
