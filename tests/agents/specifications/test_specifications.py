"""The specifications against the experts' bodies, and the model of calls against the machine."""

import numpy as np
import pytest

from neuralprog_agents.specifications.call_model import make_call_model, settings_of
from neuralprog_agents.specifications.registry import SPECIFICATIONS, specifications
from neuralprog_agents.specifications.specification import copy, same
from neuralprog_envs.core.events import Call
from neuralprog_envs.core.instances import draw
from neuralprog_envs.program.library import ACT
from neuralprog_envs.program.tasks.addition import BLANK
from neuralprog_envs.registry import make_task

CALLS = 300
libraries = pytest.mark.parametrize(("env", "recursive"), list(SPECIFICATIONS))


def call_model_of(env, recursive, longest=8):
    return make_call_model(env, recursive, longest)


def posed(call_model, program, longest=5, seed=0):
    rng = np.random.default_rng([seed, program])
    return [call_model.sample(program, 1 + i % longest, rng) for i in range(CALLS)]


def run_expert(call_model, machine, program, state):
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
        run_expert(call_model, machine, callee, state)
        if record.leave is not None:
            record.leave(state, 0)


@libraries
def test_every_program_has_a_specification(env, recursive):
    call_model = call_model_of(env, recursive)
    names = {call_model.machine.library.program(p).name for p in call_model.programs}
    assert set(specifications(env, recursive).programs) == names


@libraries
def test_a_posed_state_meets_the_precondition(env, recursive):
    call_model = call_model_of(env, recursive)
    for program in call_model.programs:
        precondition = call_model.specification(program).precondition
        assert all(precondition(state) for state in posed(call_model, program))


@libraries
def test_the_expert_does_what_is_specified(env, recursive):
    call_model = call_model_of(env, recursive)
    for program in call_model.programs:
        for state in posed(call_model, program):
            done = copy(state)
            run_expert(call_model, call_model.machine, program, done)
            assert same(done, call_model.target(program, state))


@libraries
def test_the_expert_only_takes_steps_that_are_legal(env, recursive):
    call_model = call_model_of(env, recursive)
    machine = call_model.machine
    for program in call_model.programs:
        for before in posed(call_model, program):
            state = copy(before)
            holder = [state]
            for words in machine.library.program(program).body(
                lambda holder=holder: machine.world.look(holder[0], 0), ()
            ):
                choice = call_model.choices.index(machine.library.actions[words])
                assert choice in call_model.legal(program, before, holder[0])
                holder[0] = call_model.act(program, choice, holder[0])


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
    call_model = make_call_model(env, recursive, 4)
    listed = {
        (program, call_model.view(state), rest(env, state))
        for program in call_model.programs
        for n in range(1, longest + 1)
        for state in call_model.states(program, n)
    }
    for seed in range(30):
        instances = draw(task, seed, np.zeros(1, np.int64), (1 + seed % longest,) * 2, "all")
        episode = task.machine.begin(instances)
        for event in task.perform(episode):
            if isinstance(event, Call):
                state = episode.state()
                key = (episode.running[0], call_model.view(state), rest(env, state))
                assert key in listed


@libraries
def test_a_program_that_may_be_called_meets_the_machines_precondition(env, recursive):
    """Where a call changes nothing on the pad before it begins."""
    call_model = call_model_of(env, recursive)
    for program in call_model.programs:
        record = call_model.machine.library.program(program)
        if record.precondition is not None and record.enter is None:
            for state in call_model.states(program, 2):
                assert record.precondition(call_model.view(state))
