"""Proposals keep tables valid, and change nothing that has no effect."""

import numpy as np
import pytest

from neuralprog_agents.circuits.program import (
    ARITY,
    FIRST,
    OWNER,
    WIRES,
    Q,
    compile_table,
    live_modules,
    program_of,
)
from neuralprog_agents.circuits.proposals import Moves, propose, randomise
from neuralprog_agents.circuits.simplify import cost, simplify
from neuralprog_envs.tape.machine import TapeMachine

LIVE_ONLY = Moves(
    register=0.4, more_changes=0.3, copy_wiring=0.2, change_unvisited=0.0, uniform=0.0, finish=0.0
)


def start(R, seed, moves=LIVE_ONLY):
    stream = np.array([seed, 0], dtype=np.uint64)
    program = program_of(np.zeros((1 << R, WIRES + R + 1), dtype=np.int64))
    randomise(stream, program, moves)
    return stream, program


def live_wires(circuit, R):
    """The wires that have an effect, found by a walk back from WRITE and the registers."""
    found, waiting = set(), [WIRES + j for j in range(R)] + [FIRST[Q - 1], FIRST[Q - 1] + 1]
    while waiting:
        wire = waiting.pop()
        if wire not in found:
            found.add(int(wire))
            module = circuit[wire] - R
            waiting += [FIRST[module] + k for k in range(ARITY[module])] if module >= 0 else []
    return found


@pytest.mark.parametrize("R", [1, 2, 3, 5])
def test_tables_stay_valid(R):
    moves = Moves(0.4, 0.5, 0.2, 0.5, 0.1, 0.1)
    stream, program = start(R, seed=R, moves=moves)
    table = program.table
    choices = np.array(TapeMachine(9, R, action="circuit").actions)
    for visited in np.random.default_rng(R).integers(1, 2 ** (2**R), 500):
        propose(stream, program, int(visited), moves)
        assert (table >= 0).all()
        assert (table < choices).all()


@pytest.mark.parametrize("R", [1, 2, 3, 4])
def test_only_live_wires_of_visited_patterns_change(R):
    stream, program = start(R, seed=7)
    table = program.table
    for visited in np.random.default_rng(R).integers(1, 2 ** (2**R), 500):
        before = table.copy()
        touched = propose(stream, program, int(visited), LIVE_ONLY._replace(more_changes=0.0))
        assert touched & ~int(visited) == 0
        known = program.live.copy()
        compile_table(program)
        np.testing.assert_array_equal(known, program.live)
        for pattern in range(1 << R):
            changed = set(np.flatnonzero(table[pattern] != before[pattern]).tolist())
            assert not changed or touched >> pattern & 1
            assert changed <= live_wires(before[pattern], R) | live_wires(table[pattern], R)


@pytest.mark.parametrize("R", [2, 4])
def test_live_modules_are_those_of_a_walk_back(R):
    _, program = start(R, seed=3)
    table = program.table
    for circuit in table:
        live = live_modules(circuit, R, OWNER)
        wires = live_wires(circuit, R)
        for module in range(Q):
            if ARITY[module]:
                assert bool(live >> module & 1) == (FIRST[module] in wires)


def test_a_proposal_replaces_only_patterns_that_are_not_visited():
    R, moves = 3, LIVE_ONLY._replace(change_unvisited=1.0)
    stream, program = start(R, seed=1)
    table = program.table
    replaced = set()
    for _ in range(200):
        before = table.copy()
        touched = propose(stream, program, 0b101, moves)
        changed = {p for p in range(8) if (table[p] != before[p]).any()}
        assert changed <= {p for p in range(8) if touched >> p & 1}
        replaced |= changed
    assert replaced == set(range(8))


def test_equal_streams_propose_the_same():
    (one, first), (two, second) = start(3, seed=9), start(3, seed=9)
    for _ in range(100):
        propose(one, first, 0b1011, LIVE_ONLY)
        propose(two, second, 0b1011, LIVE_ONLY)
    np.testing.assert_array_equal(first.table, second.table)
    assert one[1] == two[1] > 100


def test_tied_patterns_change_together():
    R, moves = 3, LIVE_ONLY._replace(more_changes=0.0, copy_wiring=0.0, tied=1.0)
    stream, program = start(R, seed=4, moves=moves)
    table = program.table
    assert (table == table[0]).all()
    table[3:] = start(R, seed=5)[1].table[0]
    compile_table(program)
    for _ in range(100):
        before = table.copy()
        touched = propose(stream, program, 0b1001, moves)
        assert touched in (0b00000111, 0b11111000)
        assert (table[:3] == table[0]).all()
        assert (table[3:] == table[3]).all()
        assert (table != before).any()


def test_a_pattern_may_join_another():
    R, moves = 2, LIVE_ONLY._replace(more_changes=0.0, join=1.0)
    stream, program = start(R, seed=6)
    table = program.table
    for _ in range(50):
        propose(stream, program, 0b0110, moves)
    np.testing.assert_array_equal(table[1], table[2])
    assert (table[0] != table[1]).any()


def test_simplifying_ends_where_nothing_can_be_left_out():
    R, visited = 2, [0, 1, 3]
    _, program = start(R, seed=2)
    table = program.table
    wanted = table[0, WIRES]

    def look(trial):
        return bool(trial[0, WIRES] == wanted), visited

    simple = simplify(table, look)
    patterns = [0, 1, 3]
    assert simple[0, WIRES] == wanted
    assert cost(simple, patterns) < cost(table, patterns)
    assert {tuple(simple[p, WIRES : WIRES + R]) for p in patterns} == {
        tuple(simple[0, WIRES : WIRES + R])
    }
