"""The specifications against the experts' bodies, and the world against the machine."""

import numpy as np
import pytest

from neuralprog_agents.alphanpi.config import Config
from neuralprog_agents.alphanpi.specification import SPECIFICATIONS, specifications
from neuralprog_agents.alphanpi.train import make_world
from neuralprog_agents.alphanpi.world import copy, same
from neuralprog_envs.program.library import ACT

CALLS = 300
libraries = pytest.mark.parametrize(("env", "recursive"), list(SPECIFICATIONS))


def world_of(env, recursive, longest=5):
    return make_world(Config(env, recursive=recursive, length=(1, longest)))


def posed(world, program, longest=5, seed=0):
    rng = np.random.default_rng([seed, program])
    return [world.pose(program, 1 + i % longest, rng) for i in range(CALLS)]


def run_expert(world, machine, program, state):
    """Run the expert's body of a program, and of all that it calls, on a state; in place."""
    library = machine.library
    effects = {effect.words: effect.apply for effect in library.effects}
    body = library.program(program).body(lambda: machine.world.look(state, 0), ())
    for words in body:
        callee = library.actions[words][0]
        if callee == ACT:
            effects[words](state, 0)
            continue
        record = library.program(callee)
        if record.enter is not None:
            record.enter(state, 0)
        run_expert(world, machine, callee, state)
        if record.leave is not None:
            record.leave(state, 0)


@libraries
def test_every_program_has_a_specification(env, recursive):
    world = world_of(env, recursive)
    names = {world.machine.library.program(p).name for p in world.programs}
    assert set(specifications(env, recursive)) == names


@libraries
def test_a_posed_state_meets_the_precondition(env, recursive):
    world = world_of(env, recursive)
    for program in world.programs:
        ready = world.specification(program).ready
        assert all(ready(state) for state in posed(world, program))


@libraries
def test_the_expert_does_what_is_specified(env, recursive):
    world = world_of(env, recursive)
    for program in world.programs:
        for state in posed(world, program):
            done = copy(state)
            run_expert(world, world.machine, program, done)
            assert same(done, world.wanted(program, state))


@libraries
def test_the_expert_only_takes_steps_that_are_legal(env, recursive):
    world = world_of(env, recursive)
    machine = world.machine
    for program in world.programs:
        for before in posed(world, program):
            state = copy(before)
            holder = [state]
            for words in machine.library.program(program).body(
                lambda holder=holder: machine.world.look(holder[0], 0), ()
            ):
                choice = world.choices.index(machine.library.actions[words])
                assert choice in world.legal(program, before, holder[0])
                holder[0] = world.act(program, choice, holder[0])


def test_an_unknown_library_is_refused():
    with pytest.raises(ValueError, match=r"NPIAddition.*NPIBubbleSort"):
        specifications("NPIAddition-v0", True)
