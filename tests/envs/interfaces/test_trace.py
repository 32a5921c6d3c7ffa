"""Traces: valid by the schema, and the states that they hold are the machine's."""

import json
from importlib.resources import files
from itertools import pairwise

import jsonschema
import numpy as np
import pytest

from neuralprog_envs import REGISTRY
from neuralprog_envs.core.instances import draw
from neuralprog_envs.interfaces.display import display_of
from neuralprog_envs.interfaces.replay import demonstration, replay
from neuralprog_envs.interfaces.trace import heading, layers_at, trace
from neuralprog_envs.registry import make_task
from neuralprog_envs.tape.wiring import live_inputs
from tests.golden import PROGRAMS, PaperRun

SCHEMA = json.loads(files("neuralprog_envs.interfaces").joinpath("trace.schema.json").read_text())
VALID = jsonschema.Draft202012Validator(SCHEMA)


def posed(env_id, length=4, **settings):
    length = max(length, make_task(env_id).lengths[0])
    task = make_task(env_id, length=length, **settings)
    return task, draw(task, 0, [0], (length, length), "all")


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("env_id", sorted(REGISTRY))
def test_an_experts_trace_is_valid_and_replays_to_the_same_states(env_id):
    task, instances = posed(env_id)
    actions = demonstration(task, instances)
    made = json.loads(json.dumps(trace(task, instances, actions), allow_nan=False))
    VALID.validate(made)
    assert made["success"] is True
    assert made["answer"] == made["expected"] != []
    states = [step.state for step in replay(task.machine, instances, actions)]
    for layers, state in zip(layers_at(made), states, strict=True):
        wanted = {
            name: layer.tolist() for name, layer in display_of(task.machine).layers(state).items()
        }
        assert layers == wanted


@pytest.mark.parametrize("env_id", ["NPIAddition-v0", "NPIHanoi-v0"])
def test_a_program_trace_tells_what_was_seen_before_each_step(env_id):
    task, instances = posed(env_id)
    actions = demonstration(task, instances)
    made = trace(task, instances, actions)
    states = [step.state for step in replay(task.machine, instances, actions)][:-1]
    for sees, state in zip(made["steps"]["sees"], states, strict=True):
        told = dict(part.rsplit(" = ", 1) for part in made["texts"][sees].split(", "))
        names = [name for name, _ in task.machine.world.view]
        view = task.machine.view(state)[0]
        assert told == {name: str(value) for name, value in zip(names, view, strict=True)}


@pytest.mark.parametrize("env_id", sorted(REGISTRY))
def test_a_heading_tells_the_task_in_one_sentence(env_id):
    head = heading(env_id, agent="me", seed=3)
    assert (head["agent"], head["env"], head["seed"]) == ("me", env_id, 3)
    assert head["task"][0].isupper()
    assert head["task"].endswith(".")
    assert "\n" not in head["task"]


@pytest.mark.parametrize("env_id", sorted(REGISTRY))
def test_the_trace_of_random_actions_is_valid(env_id):
    task, instances = posed(env_id)
    rng = np.random.default_rng(0)
    actions = rng.integers(task.machine.actions, size=(30, len(task.machine.actions)))
    if REGISTRY[env_id].family == "table":
        actions = actions[: task.machine.steps]
    VALID.validate(json.loads(json.dumps(trace(task, instances, actions), allow_nan=False)))


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_the_wires_of_a_circuit_carry_what_the_machine_computes(name):
    run = PaperRun(PROGRAMS[name])
    check_wires(run.task, run.instances, run.actions)


@pytest.mark.parametrize("action", ["instruction", "circuit"])
@pytest.mark.parametrize("repetitions", [1, 2])
def test_random_wires_carry_what_the_machine_computes(action, repetitions):
    task, instances = posed("NRAMSort", 5, registers=3, action=action, repetitions=repetitions)
    rng = np.random.default_rng(repetitions)
    actions = rng.integers(task.machine.actions, size=(200, len(task.machine.actions)))
    check_wires(task, instances, actions)


def check_wires(task, instances, actions):
    """Assert that after each step the registers and the written cells hold the wires' values."""
    made = trace(task, instances, actions)
    states = list(layers_at(made))
    steps = made["steps"]
    for i, (before, after) in enumerate(pairwise(states)):
        taken, values = made["actions"][steps["action"][i]], steps["values"][i]
        registers, tape = list(before["registers"]), list(before["tape"])
        for address, value in taken["writes"]:
            tape[values[address]] = values[value]
        for register, node in taken["after"]:
            registers[register] = values[node]
        assert (registers, tape) == (after["registers"], after["tape"])
        assert steps["writes"][i] == [values[address] for address, _ in taken["writes"]]


@pytest.mark.parametrize("repetitions", [1, 2])
def test_dead_wiring_may_be_anything(repetitions):
    task, instances = posed("NRAMSort", 5, registers=3, action="circuit", repetitions=repetitions)
    machine, rng = task.machine, np.random.default_rng(repetitions)
    sizes, state = np.array(machine.actions), machine.initial(instances)
    for _ in range(100):
        action = rng.integers(sizes)
        live = set(live_inputs(machine, tuple(action.tolist())))
        dead = np.array([name not in live for name in machine.action_names])
        other = np.where(dead, rng.integers(sizes), action)
        after, same = (machine.step(state, choice[None]) for choice in (action, other))
        display = display_of(machine)
        for name, layer in display.layers(after).items():
            assert np.array_equal(layer, display.layers(same)[name])
        state = after


def test_a_users_own_question_has_no_right_answer():
    task, _ = posed("NPTableQA")
    instances = task.pose_input({"table": [["A"], ["1"], ["2"]], "question": "sum A"})
    made = trace(task, instances, [(0, 0, 0)])
    assert (made["expected"], made["success"]) == (None, None)
    VALID.validate(made)


def test_an_illegal_call_is_marked():
    task, instances = posed("NPIAddition")
    words = task.machine.library.actions
    made = trace(task, instances, [words["ADD1"], words["ADD"], words["WRITE OUT 3"]])
    assert made["steps"]["legal"] == [1, 0, 1]
