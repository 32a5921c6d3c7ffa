"""Changes to a table of circuits, made only where they can have an effect.

A proposal rewires a few live wires (a register's source, an argument of WRITE, an argument of a
module that feeds one of them) of patterns that the current program visits. A wire gets a new
source; where that is a module which fed nothing so far, its own arguments are drawn with it.
"""

from __future__ import annotations

from typing import NamedTuple

from neuralprog_agents.circuits import lanes as v
from neuralprog_agents.circuits.program import (
    FIRST_LEARNED,
    Circuit,
    ModuleList,
    Program,
    Wires,
    backwards,
    compile_pattern,
    copy_circuit,
    feeder,
)
from neuralprog_agents.circuits.random import Stream, below, fraction
from neuralprog_agents.circuits.tables import CircuitTable
from neuralprog_agents.training.compiled import inlined


class Moves(NamedTuple):
    """How proposals are drawn: probabilities.

    Attributes:
        register: That a wire's new source is a register, not a module.
        more_changes: That a proposal makes one more change, after each.
        copy_wiring: That a change copies a wire and what feeds it from another visited pattern.
        change_unvisited: That a proposal also replaces the circuit of a pattern that is not
            visited, by one of a visited pattern or by a random one.
        uniform: That a wire is drawn among all wires of all patterns (for comparison only).
        finish: That a change turns the finish bit of a pattern around.
        tied: That a change is made in all patterns with the same circuit at once.
        join: That a change replaces a pattern's circuit by that of another visited pattern.
        learned: That a wire's new source is a learned module, if it is a module and may be one.
    """

    register: float
    more_changes: float
    copy_wiring: float
    change_unvisited: float
    uniform: float
    finish: float
    tied: float = 0.0
    join: float = 0.0
    learned: float = 0.0


@inlined
def _choices(wire: int, R: int, owner: Wires) -> int:
    """The sources that a wire may have."""
    return R + (owner[wire] if wire < len(owner) else owner[-1] + 1)


@inlined
def _draw_source(stream: Stream, choices: int, R: int, moves: Moves, last: int) -> int:
    """A register or one of the modules before ``choices``; WRITE is the ``last`` one."""
    if choices == R or fraction(stream) < moves.register:
        return below(stream, R)
    learned = min(choices - R, last) - FIRST_LEARNED
    if moves.learned > 0 and learned > 0 and fraction(stream) < moves.learned:
        return R + FIRST_LEARNED + below(stream, learned)
    return R + below(stream, choices - R)


@inlined
def _live_wire(stream: Stream, live: int, R: int, machine: ModuleList) -> int:
    """A wire of a circuit, uniform among those that have an effect."""
    count = len(machine.owner)
    wires = 0
    for module in range(len(machine.arguments)):
        wires |= machine.arguments[module] & -(live >> module & 1)
    pick = picked(stream, wires << R | (1 << R) - 1)  # first those of the registers
    return count + pick if pick < R else pick - R


@inlined
def _rewire(
    stream: Stream, program: Program, pattern: int, wire: int, R: int, moves: Moves
) -> None:
    """Give a wire a new source, and new arguments to every module that becomes live by it."""
    circuit, owner, live = program.table[pattern], program.machine.owner, program.live[pattern]
    choices = _choices(wire, R, owner)
    old = circuit[wire]
    new = _draw_source(stream, choices, R, moves, owner[-1])
    while new == old and choices > 1:
        new = _draw_source(stream, choices, R, moves, owner[-1])
    circuit[wire] = new
    fresh = feeder(new, R) & ~live
    if fresh == 0:
        return
    for i in range(len(owner)):
        other = backwards(i, len(owner))
        if fresh >> owner[other] & 1:
            circuit[other] = _draw_source(stream, R + owner[other], R, moves, owner[-1])
            fresh |= feeder(circuit[other], R) & ~live


@inlined
def _copy_wiring(program: Program, pattern: int, other: int, wire: int, R: int) -> None:
    """Copy a wire, and the arguments of all modules that feed it, from another pattern."""
    table, owner = program.table, program.machine.owner
    table[pattern, wire] = table[other, wire]
    needed = feeder(table[other, wire], R)
    for i in range(len(owner)):
        argument = backwards(i, len(owner))
        if needed >> owner[argument] & 1:
            table[pattern, argument] = table[other, argument]
            needed |= feeder(table[other, argument], R)


@inlined
def picked(stream: Stream, bits: int) -> int:
    """Return the number of one of the bits that are set, uniformly; 0 if none is."""
    for _ in range(below(stream, v.count(bits))):
        bits &= bits - 1
    return v.lowest(bits) if bits else 0


@inlined
def _twins(table: CircuitTable, pattern: int) -> int:
    """The patterns that have the circuit of one of them, as bits."""
    same = 0
    for other in range(len(table)):
        wire = 0
        while wire < table.shape[1] and table[other, wire] == table[pattern, wire]:
            wire += 1
        same |= int(wire == table.shape[1]) << other
    return same


@inlined
def _alter(
    stream: Stream, program: Program, pattern: int, visited: int, R: int, moves: Moves
) -> None:
    """Change one circuit: its finish bit, or a live wire."""
    if moves.finish > 0 and fraction(stream) < moves.finish:
        program.table[pattern, -1] = 1 - program.table[pattern, -1]
        return
    wire = _live_wire(stream, program.live[pattern], R, program.machine)
    if fraction(stream) < moves.copy_wiring:
        _copy_wiring(program, pattern, picked(stream, visited), wire, R)
    else:
        _rewire(stream, program, pattern, wire, R, moves)
    compile_pattern(program, pattern)


@inlined
def _change(stream: Stream, program: Program, visited: int, R: int, moves: Moves) -> int:
    """Make one change; return the patterns that it was made in, as bits."""
    if moves.uniform > 0 and fraction(stream) < moves.uniform:
        pattern = below(stream, 1 << R)
        wire = below(stream, len(program.machine.owner) + R)
        _rewire(stream, program, pattern, wire, R, moves)
        compile_pattern(program, pattern)
        return 1 << pattern
    pattern = picked(stream, visited)
    if moves.join > 0 and fraction(stream) < moves.join:
        copy_circuit(program, picked(stream, visited), program, pattern)
        return 1 << pattern
    touched = 1 << pattern
    if moves.tied > 0 and fraction(stream) < moves.tied:
        touched = _twins(program.table, pattern)
    _alter(stream, program, pattern, visited, R, moves)
    if moves.tied > 0:
        for twin in range(1 << R):
            if touched >> twin & 1:
                copy_circuit(program, pattern, program, twin)
    return touched


@inlined
def _change_unvisited(stream: Stream, program: Program, visited: int, R: int, moves: Moves) -> int:
    """Replace the circuit of a pattern that is not visited; return it as a bit, or 0."""
    pattern = below(stream, 1 << R)
    if visited >> pattern & 1:
        return 0
    if below(stream, 2) == 0:
        copy_circuit(program, picked(stream, visited), program, pattern)
    else:
        _draw_circuit(stream, program.table[pattern], R, moves, program.machine.owner)
        compile_pattern(program, pattern)
    return 1 << pattern


@inlined
def _draw_circuit(stream: Stream, circuit: Circuit, R: int, moves: Moves, owner: Wires) -> None:
    for wire in range(len(owner) + R):
        circuit[wire] = _draw_source(stream, _choices(wire, R, owner), R, moves, owner[-1])
    circuit[-1] = 0


@inlined
def propose(stream: Stream, program: Program, visited: int, moves: Moves) -> int:
    """Change a compiled program in place, given the patterns that it visits, as bits.

    Returns:
        The patterns whose circuits may have changed, as bits.
    """
    R = program.table.shape[1] - len(program.machine.owner) - 1
    touched, changes = 0, 0
    while changes == 0 or fraction(stream) < moves.more_changes:
        touched |= _change(stream, program, visited, R, moves)
        also = changes == 0 and moves.change_unvisited > 0
        if also and fraction(stream) < moves.change_unvisited:
            touched |= _change_unvisited(stream, program, visited, R, moves)
        changes += 1
    return touched


@inlined
def randomise(stream: Stream, program: Program, moves: Moves) -> None:
    """Draw every wire of a program anew; nothing finishes. Tied circuits begin as one."""
    owner = program.machine.owner
    R = program.table.shape[1] - len(owner) - 1
    for pattern in range(len(program.table)):
        if pattern > 0 and moves.tied > 0:
            copy_circuit(program, 0, program, pattern)
        else:
            _draw_circuit(stream, program.table[pattern], R, moves, owner)
            compile_pattern(program, pattern)
