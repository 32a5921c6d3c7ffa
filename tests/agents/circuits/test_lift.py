"""Earlier programs as starts: on more registers, and with one module replaced by another."""

import numpy as np
import pytest

from neuralprog_agents.circuits import tables
from neuralprog_agents.circuits.expert import expert_table
from neuralprog_agents.circuits.library import relisted
from neuralprog_agents.circuits.lift import lifted, widened
from neuralprog_agents.circuits.program import module_list, with_learned
from neuralprog_envs.registry import make_task
from neuralprog_envs.tape.circuit import encode
from neuralprog_envs.tape.learned import LearnedModule
from neuralprog_envs.tape.machine import TapeMachine

ALGORITHM = make_task("NRAMGcd").algorithm
GCD = LearnedModule("GCD", 2, expert_table(ALGORITHM), ALGORITHM.bound)
FIRST = {"READ.a": "r1", "r1": "READ", "r2": "ONE", "WRITE.a": "TWO", "WRITE.b": "ZERO"}
LAST = {"READ.a": "r2", "ADD.a": "r1", "ADD.b": "READ", "WRITE.a": "ZERO", "finish": "1"}


def table_of(last, modules=()):
    """Return a program that reads a, and then does ``last``, in patterns 0 and 1."""
    machine = TapeMachine(9, 2, "circuit", module_list=with_learned(modules))
    return np.array([encode(machine, wires) for wires in (last, last, FIRST, FIRST)])


def computes(table, modules=()):
    """Return what a program makes of all a and b modulo 9, as bytes."""
    a, b = np.indices((9, 9), dtype=np.int32)
    found = LearnedModule("FOUND", 2, table, (200,), with_learned(modules)).apply(a, b, 9)
    return found.tobytes()


def of(function):
    a, b = np.indices((9, 9), dtype=np.int32)
    return (function(a, b) % 9).astype(np.int32).tobytes()


@pytest.mark.parametrize(
    "function", [np.add, np.subtract, np.maximum, np.less, np.gcd], ids=lambda f: f.__name__
)
def test_a_module_is_replaced_by_each_other_one(function):
    added = relisted(table_of(LAST | {"WRITE.b": "ADD"}), 2, (), (GCD,))
    tried = {computes(table, (GCD,)) for table in lifted(added, module_list((GCD,)))}
    assert of(function) in tried


def test_a_module_stays_where_what_needs_it_runs_before_the_other():
    fewer = table_of(LAST | {"DEC.a": "ADD", "WRITE.b": "DEC"})
    tried = [
        computes(t, (GCD,)) for t in lifted(relisted(fewer, 2, (), (GCD,)), module_list((GCD,)))
    ]
    assert of(lambda a, b: a - b - 1) in tried
    assert of(lambda a, b: np.gcd(a, b) - 1) not in tried


def test_circuits_differ_only_where_they_are_one():
    """Patterns that share a circuit change together."""
    for table in lifted(table_of(LAST | {"WRITE.b": "ADD"}), module_list()):
        np.testing.assert_array_equal(table[0], table[1])
        np.testing.assert_array_equal(table[2], table[3])


def test_more_registers_change_nothing():
    table = expert_table(ALGORITHM)
    more = widened(table, len(table).bit_length() + 1)
    tables.check_table(more, TapeMachine(9, len(table).bit_length() + 1, "circuit"))
    assert computes(more) == computes(table) == of(np.gcd)
