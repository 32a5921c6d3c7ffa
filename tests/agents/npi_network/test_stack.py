"""Lock-step inference: a written program, without a network, acts through the same stack."""

import numpy as np
import pytest

from neuralprog_agents.agents.npi import train
from neuralprog_agents.agents.npi.config import Config
from neuralprog_agents.npi_network.model import core
from neuralprog_agents.npi_network.stack import LockStep
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import make_task

BLANK = 10


def adder(names, words):
    """Return recursive addition as a core whose state counts the steps of each call."""
    call = {name: (number, 0, 0, 0) for number, name in enumerate(names)}
    shifts = [words[f"PTR {row} LEFT"] for row in ("INP1", "INP2", "CARRY", "OUT")]
    carry = [words[w] for w in ("PTR CARRY LEFT", "WRITE CARRY 1", "PTR CARRY RIGHT")]

    def decide(name, view, step):
        values = [0 if v == BLANK else v for v in view[:3]]
        body = {
            "ADD": [call["ADD1"], call["LSHIFT"], call["ADD"]],
            "ADD1": [words[f"WRITE OUT {sum(values) % 10}"]],
            "LSHIFT": shifts,
            "CARRY": carry,
        }[name]
        if name == "ADD1" and sum(values) > 9:
            body = [*body, call["CARRY"]]
        if name == "ADD" and step == 0 and all(v == BLANK for v in view[:3]):
            return call["RETURN"]
        return body[step] if step < len(body) else call["RETURN"]

    def core(program, arguments, view, state):
        rows = zip(program, view, state[:, 0], strict=True)
        actions = [decide(names[p], v.tolist(), int(s)) for p, v, s in rows]
        return np.array(actions, dtype=np.int64), state + 1

    return core


def run(task, instances, steps):
    machine = task.machine
    state = machine.initial(instances)
    steps.start(len(state.depth))
    taken = []
    while not state.halted.all() and len(taken) < 20_000:
        action = steps.act(machine.observe(state))
        taken.append(action)
        state = machine.advance(state, action)
    return state, np.array(taken)


def test_a_written_program_adds_through_the_same_stack():
    task = make_task("NPIAddition", length=30, recursive=True)
    instances = draw(task, 0, np.arange(20), (1, 30))
    library = task.machine.library
    state, _ = run(task, instances, LockStep(adder(library.names, library.actions), 1))
    assert (task.score(state, instances) == 1.0).all()


def test_its_stack_is_deeper_than_pythons():
    task = make_task("NPIAddition", length=1100, recursive=True)
    instances = draw(task, 0, np.arange(1), (1100, 1100))
    library = task.machine.library
    state, _ = run(task, instances, LockStep(adder(library.names, library.actions), 1))
    assert task.outcome(state) == "returned"
    assert task.score(state, instances)[0] == 1.0


@pytest.mark.parametrize("seed", range(3))
def test_many_problems_at_once_go_as_each_alone(seed):
    """Random networks call at random, so this meets illegal calls and full stacks too."""
    config = Config(env="NPIAddition", hidden=16, state=16)
    model = train.initial(train.sizes_of(config), seed)
    task = make_task("NPIAddition", length=4, recursive=True)
    instances = draw(task, 0, np.arange(12), (1, 4))
    steps = LockStep(core(model), 2 * config.hidden)

    def first(rows):
        chosen = type(instances)(*[part[rows] for part in vars(instances).values()])
        state = task.machine.initial(chosen)
        steps.start(len(state.depth))
        taken = []
        for _ in range(40):
            taken.append(steps.act(task.machine.observe(state)))
            state = task.machine.advance(state, taken[-1])
        return np.array(taken)

    together = first(slice(None))
    for row in range(12):
        np.testing.assert_array_equal(first(slice(row, row + 1))[:, 0], together[:, row])
