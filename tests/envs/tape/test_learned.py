"""Learned programs as modules: pure functions of numbers, which every view of a machine has."""

import pickle
from itertools import product

import gymnasium as gym
import numpy as np
import pytest

from neuralprog_envs.core import batch
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import make_task
from neuralprog_envs.tape import circuit, learned
from neuralprog_envs.tape.learned import LearnedModule
from neuralprog_envs.tape.machine import TapeMachine
from neuralprog_envs.tape.ops import MODULES
from tests.envs.tape.references import FUNCTIONS

FIRST = {"READ.a": "r1", "r1": "READ", "r2": "ONE", "WRITE.a": "TWO", "WRITE.b": "ZERO"}
"""r1 := a, r2 := 1."""
LAST = {"READ.a": "r2", "ADD.a": "READ", "ADD.b": "r1", "WRITE.a": "ZERO", "WRITE.b": "ADD"}
"""Cell 0 := b + r1."""


def total(name="TOTAL", finish="1", modules=MODULES):
    """Return a module that adds its numbers, written by hand."""
    machine = TapeMachine(9, 2, "circuit", module_list=modules)
    last = LAST | {"finish": finish}
    wires = [last, last, FIRST, FIRST]  # r2 = 0 is bit 1 of a pattern
    circuits = np.array([circuit.encode(machine, each) for each in wires])
    return LearnedModule(name, 2, circuits, (2,), modules)


def with_module(module):
    return (*MODULES[:-1], module, MODULES[-1])


@pytest.mark.parametrize("M", [3, 9, 64, 65, 200])
def test_a_module_is_what_its_program_answers(M):
    module, a = total(), np.arange(0, M, max(1, M // 9), dtype=np.int32)
    a, b = (grid.ravel() for grid in np.meshgrid(a, a))
    np.testing.assert_array_equal(module.apply(a, b, M), (a + b) % M)
    assert module.apply(2, 1, M) == 3 % M
    assert isinstance(module.apply(2, 1, M), int)


def test_a_module_may_call_another():
    twice = total("TWICE", modules=with_module(total()))
    machine = TapeMachine(9, 2, "circuit", module_list=twice.modules)
    wires = {"READ.a": "r1", "TOTAL.a": "READ", "TOTAL.b": "READ", "WRITE.a": "ZERO"}
    row = circuit.encode(machine, wires | {"WRITE.b": "TOTAL", "finish": "1"})
    doubled = LearnedModule("DOUBLED", 1, np.array([row] * 4), (1,), twice.modules)
    assert [doubled.apply(a, 0, 9) for a in range(9)] == [2 * a % 9 for a in range(9)]
    assert doubled.circuits.shape[1] == 2 + len(TapeMachine(9, 2, "circuit").actions)


def test_what_does_not_halt_says_so():
    assert total().halts(7)
    assert not total(finish="0").halts(7)


def test_equal_content_is_equal():
    assert total() == total()
    assert len({total(), total(), total("OTHER"), total(finish="0")}) == 3
    assert pickle.loads(pickle.dumps(total())) == total()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "ADD"}, "no name for a module"),
        ({"name": "my module"}, "no name for a module"),
        ({"name": "__import__"}, "no name for a module"),
        ({"arity": 3}, "1 or 2 numbers, not 3"),
        ({"circuits": np.zeros((3, 23), int)}, r"should be \(2\^R, K\)"),
        ({"circuits": np.zeros((4, 9), int)}, "have 9 wires"),
        ({"circuits": np.full((4, 22), 99)}, "source that does not exist"),
        ({"circuits": np.full((4, 22), -1)}, "source that does not exist"),
        ({"time_limit": ()}, "one to three whole numbers"),
        ({"time_limit": (1, 1, 1, 1)}, "one to three whole numbers"),
        ({"time_limit": (10**18,)}, "one to three whole numbers"),
        ({"time_limit": (-1,)}, "one to three whole numbers"),
        ({"time_limit": (float("nan"),)}, "one to three whole numbers"),
    ],
)
def test_what_is_no_module_is_refused(change, message):
    own = {"name": "TOTAL", "arity": 2, "circuits": total().circuits, "time_limit": (2,)}
    with pytest.raises(ValueError, match=message):
        LearnedModule(**own | change)


def test_two_modules_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two modules have one name"):
        make_task("NRAMSort", modules=(*with_module(total()), total()))


@pytest.mark.parametrize("modules", [(), "abc", ["READ"], {1: 2}, [None], MODULES * 3])
def test_what_is_no_list_of_modules_is_refused(modules):
    with pytest.raises(ValueError, match="modules"):
        make_task("NRAMSort", modules=modules)


@pytest.mark.parametrize(
    ("env_id", "values"),
    [
        ("NRAMPower", [10**9, 10**9]),
        ("NRAMPower", [5, 10**8]),
        ("NRAMFactorial", [10**7]),
        ("NRAMTotient", [10**9]),
    ],
)
def test_a_large_input_is_refused_at_once(env_id, values):
    with pytest.raises(ValueError, match="above 9999"):
        make_task(env_id).algorithm.encode(values)


@pytest.mark.parametrize("action", ["instruction", "circuit"])
def test_single_and_batch_agree(action):
    task = make_task("NRAMSort", action=action, modules=with_module(total()), registers=3)
    random, instances = np.random.default_rng(0), draw(task, 0, np.arange(40), (2, 5), "all")
    state = task.machine.initial(instances)
    singles = [task.machine.begin(batch.take(instances, slice(i, i + 1))) for i in range(40)]
    for _ in range(12):
        actions = random.integers(task.machine.actions, size=(40, len(task.machine.actions)))
        state = task.machine.step(state, actions)
        for single, own in zip(singles, actions, strict=True):
            single.step(own)
    np.testing.assert_array_equal(state.tape, [each.tape for each in singles])
    np.testing.assert_array_equal(state.registers, [each.registers for each in singles])


def test_a_large_memory_computes_the_same(monkeypatch):
    pairs = np.array(list(product(range(20), repeat=2)), dtype=np.int32).T
    tabled = total().apply(*pairs, 20)
    monkeypatch.setattr(learned, "TABLED", 8)
    np.testing.assert_array_equal(total("ANOTHER").apply(*pairs, 20), tabled)


def test_an_environment_with_a_module_has_its_expert_and_its_words():
    env = gym.make("NRAMSort-v0", modules=with_module(total()), render_mode="ansi")
    machine = env.unwrapped.task.machine
    assert machine.operations[-3:] == ("TOTAL", "WRITE", "HALT")
    env.reset(seed=1)
    env.step((machine.number("ONE"), 0, 0, 0))
    observation = env.step((machine.number("TOTAL"), 0, 0, 1))[0]
    assert observation["registers"][:2].tolist() == [1, 2]
    assert "TOTAL(r1=1, r1=1) = 2" in env.render()
    task = env.unwrapped.task
    one = draw(task, 0, [0], (4, 4), "all")
    episode = task.machine.begin(one)
    for act in task.expert(one):
        episode.step(act.action)
    assert task.score(episode.state(), one)[0] == 1


def test_the_lines_of_a_circuit_show_a_call():
    machine = TapeMachine(9, 2, "circuit", module_list=with_module(total()))
    row = circuit.encode(machine, {"TOTAL.a": "r1", "TOTAL.b": "r2", "r1": "TOTAL", "r2": "r2"})
    assert "r1 := TOTAL(r1, r2)" in circuit.describe(machine, row)


@pytest.mark.parametrize("env_id", FUNCTIONS)
def test_the_answer_is_posed_without_wrapping_where_it_fits(env_id):
    algorithm = make_task(env_id).algorithm
    _, n = algorithm.encode([3, 2][: algorithm.arity])
    right = FUNCTIONS[env_id](3, 2 if algorithm.arity == 2 else 0, n)
    assert n > right
