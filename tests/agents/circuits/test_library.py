"""Learned modules in the compiled interpreter, in cards, in printed programs."""

import numpy as np
import pytest

from neuralprog_agents.circuits import library, pairs, program, tables
from neuralprog_agents.circuits.anneal import begin, right_pairs
from neuralprog_agents.circuits.decompile import module_function
from neuralprog_agents.circuits.expert import expert_table
from neuralprog_agents.circuits.interpreter import Weights
from neuralprog_agents.circuits.library import ModuleCard
from neuralprog_agents.circuits.policy import TablePolicy
from neuralprog_agents.circuits.proofs import functions
from neuralprog_agents.circuits.proposals import Moves, randomise
from neuralprog_agents.training.schema import structured
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import make_task
from neuralprog_envs.tape.circuit import encode
from neuralprog_envs.tape.learned import LearnedModule
from neuralprog_envs.tape.machine import TapeMachine
from tests.agents.circuits.modules import of_expert

EXACT = Weights(1.0, 0.0, 0.0, 0.0, 0.0, False)
MOVES = Moves(0.4, 0.3, 0.05, 0.5, 0.0, 0.05)


GCD, DOUBLE = of_expert("NRAMGcd"), of_expert("NRAMDouble")
LIBRARY = (GCD, DOUBLE)


def calling():
    """Return a module that is twice the gcd of a and b: it calls both."""
    machine = TapeMachine(9, 2, "circuit", module_list=program.with_learned(LIBRARY))
    first = {"READ.a": "r1", "r1": "READ", "r2": "ONE", "WRITE.a": "TWO", "WRITE.b": "ZERO"}
    last = {"READ.a": "r2", "GCD.a": "r1", "GCD.b": "READ", "DOUBLE.a": "GCD", "WRITE.a": "ZERO",
            "WRITE.b": "DOUBLE", "finish": "1"}  # fmt: skip
    table = np.array([encode(machine, wires) for wires in (last, last, first, first)])
    return LearnedModule("CALLING", 2, table, (2,), machine.module_list)


@pytest.mark.parametrize("seed", range(6))
def test_the_compiled_interpreter_does_what_the_machine_does(seed):
    """Random tables, whose live parts call modules, on memories of several sizes."""
    task = make_task("NRAMGcd", length=(5, 9), memory_size=11, action="circuit", registers=3,
                     observation="flags", modules=program.with_learned(LIBRARY))  # fmt: skip
    instances = draw(task, seed, np.arange(64), (5, 9), "all")
    memory, limit = np.full(64, 11), np.full(64, 12)
    modules = program.module_list(LIBRARY, [11])
    stream = np.array([seed, 0], dtype=np.uint64)
    for _ in range(40):
        table = np.zeros((8, len(modules.owner) + 4), dtype=np.int64)
        search = begin(table, stream, modules)
        randomise(stream, search.program, MOVES)
        right, _ = right_pairs(search, pairs.problem(instances, memory, limit, 1.0), EXACT, table)
        final = tables.run(task.machine, table, instances, limit)
        np.testing.assert_array_equal(np.sort(right), np.sort(task.score(final, instances) == 1))


def test_a_call_of_a_call_is_computed():
    a, b = np.indices((9, 9), dtype=np.int32)
    np.testing.assert_array_equal(calling().apply(a, b, 9), 2 * np.gcd(a, b) % 9)


def card(modules):
    described, tensors = library.to_card(modules)
    return structured(tuple[ModuleCard, ...], described["modules"]), described["calls"], tensors


def test_a_card_holds_all_that_is_called_and_gives_it_back():
    cards, calls, tensors = card([calling()])
    assert [each.name for each in cards] == ["GCD", "DOUBLE", "CALLING"]
    assert calls == ["CALLING"]
    assert library.from_card(cards, calls, tensors) == (calling(),)


def test_a_changed_module_is_refused():
    cards, calls, tensors = card([calling()])
    tensors["module.GCD"][0, -1] = 1 - tensors["module.GCD"][0, -1]
    with pytest.raises(ValueError, match="module GCD is not the one that the card names"):
        library.from_card(cards, calls, tensors)


def test_a_missing_module_is_refused():
    cards, calls, tensors = card([calling()])
    with pytest.raises(ValueError, match="calls a module GCD that it does not list"):
        library.from_card(cards[1:], calls, tensors)
    del tensors["module.DOUBLE"]
    with pytest.raises(ValueError, match=r"module\.DOUBLE"):
        library.from_card(cards, calls, tensors)


def test_two_different_modules_of_one_name_are_refused():
    other = LearnedModule("GCD", 2, GCD.circuits, (9, 9), GCD.modules)
    with pytest.raises(ValueError, match="two different modules are called GCD"):
        library.closure([GCD, other])


def test_many_modules_that_call_each_other_are_walked_once():
    modules = [DOUBLE]
    for i in range(15):
        row = np.zeros((2, len(program.module_list(modules).owner) + 2), dtype=np.int64)
        listed = program.with_learned(tuple(modules))
        modules.append(LearnedModule(f"M{i}", 1, row, (1,), listed))
    assert library.closure(modules[-1:]) == tuple(modules)


@pytest.mark.parametrize("name", ["INT", "N", "TAPE", "V1", "R2", "IF"])
def test_names_with_a_meaning_in_python_are_changed(name):
    space, module = {}, LearnedModule(name, 2, GCD.circuits, GCD.time_limit)
    exec(module_function(module), space)
    assert space[f"run_{name.lower()}"](12, 18, 20) == 6


def test_a_program_is_the_same_on_another_list():
    own = calling()
    wider = (GCD, of_expert("NRAMCarry"), DOUBLE)
    table = library.relisted(own.circuits, own.registers, LIBRARY, wider)
    moved = LearnedModule("MOVED", 2, table, own.time_limit, program.with_learned(wider))
    a, b = np.indices((9, 9), dtype=np.int32)
    np.testing.assert_array_equal(moved.apply(a, b, 9), own.apply(a, b, 9))
    used = library.used_by(table, range(4), own.registers, wider)
    assert used == (GCD, DOUBLE)


def test_the_python_file_calls_too():
    own = calling()
    space = {}
    for module in library.closure([own]):
        exec(module_function(module), space)
    for a in range(9):
        for b in range(9):
            assert space["calling"](a, b, 9) == own.apply(a, b, 9)


def test_a_function_is_proven_for_all_numbers():
    policy = TablePolicy("NRAMGcd-v0", GCD.circuits, GCD.time_limit, (4, 9))
    proof = functions.prove(policy.program, 12)
    assert (proof.cases, proof.failing) == (sum(M * M for M in range(3, 13)), 0)
    assert policy.as_module() == GCD
    wrong = TablePolicy("NRAMLcm-v0", GCD.circuits, GCD.time_limit, (4, 9))
    assert functions.prove(wrong.program, 12).failing > 0


def test_what_is_right_but_cut_off_does_not_pass():
    table = GCD.circuits.copy()
    assert functions.right_and_halting(TablePolicy("NRAMGcd-v0", table, (7, 2), (4, 9)).program, 9)
    table[:, -1] = 0
    policy = TablePolicy("NRAMGcd-v0", table, (7, 2), (4, 9))
    assert not functions.right_and_halting(policy.program, 9)
    assert not functions.right_and_halting(policy.program, 2)


def test_only_functions_are_modules():
    table = expert_table(make_task("NRAMCopy").algorithm)
    with pytest.raises(ValueError, match="no function of numbers"):
        TablePolicy("NRAMCopy-v0", table, (9, 9), (1, 5)).as_module()
