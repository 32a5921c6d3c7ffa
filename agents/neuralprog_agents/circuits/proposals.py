"""Changes to a table of circuits, made only where they can have an effect.

A proposal rewires a few live wires (a register's source, an argument of WRITE, an argument of a
module that feeds one of them) of patterns that the current program visits. A wire gets a new
source; where that is a module which fed nothing so far, its own arguments are drawn with it.
"""

from __future__ import annotations

from typing import NamedTuple

from numba import njit

from neuralprog_agents.circuits.program import (
    ARITHMETIC,
    FIRST_LEARNED,
    OWNER,
    Circuit,
    Wires,
    backwards,
    feeder,
    live_modules,
)
from neuralprog_agents.circuits.random import Stream, below, fraction
from neuralprog_agents.circuits.tables import CircuitTable


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


@njit(error_model="numpy")
def _choices(wire: int, R: int, owner: Wires) -> int:
    """The sources that a wire may have."""
    return R + (owner[wire] if wire < len(owner) else owner[-1] + 1)


@njit(error_model="numpy")
def _draw_source(stream: Stream, choices: int, R: int, moves: Moves, last: int) -> int:
    """A register or one of the modules before ``choices``; WRITE is the ``last`` one."""
    if choices == R or fraction(stream) < moves.register:
        return below(stream, R)
    learned = min(choices - R, last) - FIRST_LEARNED
    if moves.learned > 0 and learned > 0 and fraction(stream) < moves.learned:
        return R + FIRST_LEARNED + below(stream, learned)
    return R + below(stream, choices - R)


@njit(error_model="numpy")
def _live_wire(stream: Stream, live: int, R: int, owner: Wires) -> int:
    """A wire of a circuit, uniform among those that have an effect."""
    count = len(owner)
    wires = (1 << R) - 1  # first those of the registers, then the arguments
    for wire in range(ARITHMETIC):
        wires |= (live >> OWNER[wire] & 1) << (R + wire)
    for wire in range(ARITHMETIC, count):
        wires |= (live >> owner[wire] & 1) << (R + wire)
    pick = _pick(stream, wires, R + count)
    return count + pick if pick < R else pick - R


@njit(error_model="numpy")
def _rewire(
    stream: Stream,
    table: CircuitTable,
    pattern: int,
    wire: int,
    R: int,
    moves: Moves,
    owner: Wires,
) -> None:
    """Give a wire a new source, and new arguments to every module that becomes live by it."""
    circuit, choices = table[pattern], _choices(wire, R, owner)
    live = live_modules(circuit, R, owner)
    old = circuit[wire]
    new = _draw_source(stream, choices, R, moves, owner[-1])
    while new == old and choices > 1:
        new = _draw_source(stream, choices, R, moves, owner[-1])
    circuit[wire] = new
    fresh = feeder(new, R) & ~live
    for i in range(len(owner)):
        other = backwards(i, len(owner))
        if fresh >> owner[other] & 1:
            circuit[other] = _draw_source(stream, R + owner[other], R, moves, owner[-1])
            fresh |= feeder(circuit[other], R) & ~live


@njit(error_model="numpy")
def _copy_wiring(
    table: CircuitTable, pattern: int, other: int, wire: int, R: int, owner: Wires
) -> None:
    """Copy a wire, and the arguments of all modules that feed it, from another pattern."""
    table[pattern, wire] = table[other, wire]
    needed = feeder(table[other, wire], R)
    for i in range(len(owner)):
        argument = backwards(i, len(owner))
        if needed >> owner[argument] & 1:
            table[pattern, argument] = table[other, argument]
            needed |= feeder(table[other, argument], R)


@njit(error_model="numpy")
def _pick(stream: Stream, bits: int, width: int) -> int:
    """The number of one of the bits that are set, uniformly."""
    count = 0
    for i in range(width):
        count += bits >> i & 1
    pick = below(stream, count)
    for i in range(width):
        if bits >> i & 1:
            if pick == 0:
                return i
            pick -= 1
    return 0


@njit(error_model="numpy")
def _twins(table: CircuitTable, pattern: int) -> int:
    """The patterns that have the circuit of one of them, as bits."""
    same = 0
    for other in range(len(table)):
        wire = 0
        while wire < table.shape[1] and table[other, wire] == table[pattern, wire]:
            wire += 1
        same |= int(wire == table.shape[1]) << other
    return same


@njit(error_model="numpy")
def _alter(
    stream: Stream,
    table: CircuitTable,
    pattern: int,
    visited: int,
    R: int,
    moves: Moves,
    owner: Wires,
) -> None:
    """Change one circuit: its finish bit, or a live wire."""
    if moves.finish > 0 and fraction(stream) < moves.finish:
        table[pattern, -1] = 1 - table[pattern, -1]
        return
    wire = _live_wire(stream, live_modules(table[pattern], R, owner), R, owner)
    if fraction(stream) < moves.copy_wiring:
        _copy_wiring(table, pattern, _pick(stream, visited, 1 << R), wire, R, owner)
    else:
        _rewire(stream, table, pattern, wire, R, moves, owner)


@njit(error_model="numpy")
def _change(
    stream: Stream, table: CircuitTable, visited: int, R: int, moves: Moves, owner: Wires
) -> int:
    """Make one change; return the patterns that it was made in, as bits."""
    if moves.uniform > 0 and fraction(stream) < moves.uniform:
        pattern = below(stream, 1 << R)
        wire = below(stream, len(owner) + R)
        _rewire(stream, table, pattern, wire, R, moves, owner)
        return 1 << pattern
    pattern = _pick(stream, visited, 1 << R)
    if moves.join > 0 and fraction(stream) < moves.join:
        table[pattern] = table[_pick(stream, visited, 1 << R)]
        return 1 << pattern
    touched = 1 << pattern
    if moves.tied > 0 and fraction(stream) < moves.tied:
        touched = _twins(table, pattern)
    _alter(stream, table, pattern, visited, R, moves, owner)
    for twin in range(1 << R):
        if touched >> twin & 1:
            table[twin] = table[pattern]
    return touched


@njit(error_model="numpy")
def _change_unvisited(
    stream: Stream, table: CircuitTable, visited: int, R: int, moves: Moves, owner: Wires
) -> int:
    """Replace the circuit of a pattern that is not visited; return it as a bit, or 0."""
    pattern = below(stream, 1 << R)
    if visited >> pattern & 1:
        return 0
    if below(stream, 2) == 0:
        table[pattern] = table[_pick(stream, visited, 1 << R)]
    else:
        _draw_circuit(stream, table[pattern], R, moves, owner)
    return 1 << pattern


@njit(error_model="numpy")
def _draw_circuit(stream: Stream, circuit: Circuit, R: int, moves: Moves, owner: Wires) -> None:
    for wire in range(len(owner) + R):
        circuit[wire] = _draw_source(stream, _choices(wire, R, owner), R, moves, owner[-1])
    circuit[-1] = 0


@njit(error_model="numpy")
def propose(
    stream: Stream, table: CircuitTable, visited: int, R: int, moves: Moves, owner: Wires
) -> int:
    """Change a table in place, given the patterns that its program visits, as bits.

    Returns:
        The patterns whose circuits may have changed, as bits.
    """
    touched = _change(stream, table, visited, R, moves, owner)
    if moves.change_unvisited > 0 and fraction(stream) < moves.change_unvisited:
        touched |= _change_unvisited(stream, table, visited, R, moves, owner)
    while fraction(stream) < moves.more_changes:
        touched |= _change(stream, table, visited, R, moves, owner)
    return touched


@njit(error_model="numpy")
def randomise(stream: Stream, table: CircuitTable, R: int, moves: Moves, owner: Wires) -> None:
    """Draw every wire of a table anew; nothing finishes. Tied circuits begin as one."""
    for pattern in range(1 << R):
        if pattern > 0 and moves.tied > 0:
            table[pattern] = table[0]
        else:
            _draw_circuit(stream, table[pattern], R, moves, owner)
