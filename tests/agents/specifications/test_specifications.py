"""The specifications against the experts' bodies, and the world against the machine."""

import numpy as np
import pytest

from neuralprog_agents.specifications.known import SPECIFICATIONS, specifications
from neuralprog_agents.specifications.specification import copy, same
from neuralprog_agents.specifications.world import make_world, settings_of
from neuralprog_envs.core.events import Call
from neuralprog_envs.core.instances import draw
from neuralprog_envs.program.library import ACT
from neuralprog_envs.program.tasks.addition import BLANK
from neuralprog_envs.registry import make_task

CALLS = 300
libraries = pytest.mark.parametrize(("env", "recursive"), list(SPECIFICATIONS))


def world_of(env, recursive, longest=8):
    return make_world(env, recursive, longest)


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
    assert set(specifications(env, recursive).programs) == names


@libraries
def test_a_posed_state_meets_the_precondition(env, recursive):
    world = world_of(env, recursive)
    for program in world.programs:
        precondition = world.specification(program).precondition
        assert all(precondition(state) for state in posed(world, program))


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
    with pytest.raises(ValueError, match=r"NPIQuickSort.*NPIBubbleSort"):
        specifications("NPIQuickSort-v0", True)


def rest(env, state):
    """Return what there is to a state besides its view: the order of what is on the pad."""
    pad, pointers = state.pad[0], state.pointers[0]
    if env == "NPIAddition":
        at = int(pointers[0])
        return tuple(pad[:, at - 1] == BLANK) if at else ()
    return (np.unique(pad, return_inverse=True)[1].tobytes(), pointers.tobytes())


@libraries
def test_the_listed_states_hold_every_state_that_the_experts_calls_begin_in(env, recursive):
    """Whatever instance of a length the expert solves: its calls all begin in listed states."""
    task = make_task(env, length=4, **settings_of(env, recursive))
    longest = 2 if env == "NPIAddition" else 3
    world = make_world(env, recursive, 4)
    listed = {
        (program, world.view(state), rest(env, state))
        for program in world.programs
        for n in range(1, longest + 1)
        for state in world.states(program, n)
    }
    for seed in range(30):
        instances = draw(task, seed, np.zeros(1, np.int64), (1 + seed % longest,) * 2, "all")
        episode = task.machine.begin(instances)
        for event in task.perform(episode):
            if isinstance(event, Call):
                state = episode.state()
                key = (episode.running[0], world.view(state), rest(env, state))
                assert key in listed


@libraries
def test_a_program_that_may_be_called_meets_the_machines_precondition(env, recursive):
    """Where a call changes nothing on the pad before it begins."""
    world = world_of(env, recursive)
    for program in world.programs:
        record = world.machine.library.program(program)
        if record.precondition is not None and record.enter is None:
            for state in world.states(program, 2):
                assert record.precondition(world.view(state))
