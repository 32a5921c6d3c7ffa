"""Circuits compiled into a controller: the soft machine runs them as the hard machine does."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from neuralprog_agents.agents.nram import agent, kernel
from neuralprog_agents.agents.nram.compile import SURE, rewire
from neuralprog_agents.agents.nram.config import Config
from neuralprog_agents.agents.nram.discretise import circuit_table
from neuralprog_agents.agents.nram.model import rollout
from neuralprog_agents.agents.nram.records import Batch, Hyper, Schedule, TrainState
from neuralprog_agents.agents.nram.shape import Shape, initial
from neuralprog_agents.circuits import tables
from neuralprog_agents.circuits.expert import expert_table
from neuralprog_agents.evaluation.agents import open_agent, pretrained
from neuralprog_agents.training.loop import restart
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import REGISTRY, make_task
from neuralprog_envs.tape.circuit import occurring
from tests.envs.tape.paper_circuits import PROGRAMS
from tests.golden import PaperRun

FOUND = sorted(name for name in pretrained() if name.startswith("search-"))
TASKS = sorted(row.id for row in REGISTRY.values() if row.family == "tape")
CIRCUIT = {"action": "circuit", "observation": "flags"}
B = 16


def found(name):
    """Return what a search found, as (task, table, time limit, length, repetitions)."""
    policy = open_agent(name).policy
    n = policy.lengths[1]
    task = make_task(policy.env_id, length=n, registers=policy.registers, **CIRCUIT)
    return task, policy.table, policy.limit(n), n, 1


def expert(name):
    """Return the circuits of a task's expert, likewise."""
    n = 4
    algorithm = make_task(name, length=n).algorithm
    table = expert_table(algorithm)
    task = make_task(name, length=n, registers=len(table).bit_length() - 1, **CIRCUIT)
    return task, table, int(algorithm.steps(np.array([n]))[0]), n, 1


def printed(name):
    """Return what the paper prints, likewise."""
    run = PaperRun(PROGRAMS[name])
    R, repetitions = run.program.registers, run.program.repetitions
    task = make_task(run.program.task, length=4, registers=R, repetitions=repetitions, **CIRCUIT)
    steps = {"copy": 9, "access": 2, "increment": 4, "reverse": 5, "swap": 3}[name]
    return task, run.table[0], steps, 4, repetitions


def compiled(case, sharpness=SURE):
    task, table, limit, n, repetitions = case
    machine = task.machine
    instances = draw(task, 0, np.arange(B), (n, n), "all")
    shape = Shape(machine.registers, machine.memory_size, repetitions, hidden=64)
    patterns = occurring(machine, table, instances, limit)
    theta = initial(shape, np.random.default_rng(0))
    theta = rewire(theta, shape, table, patterns, sharpness)
    limits = np.full(B, limit, np.int32)
    batch = Batch(instances.tape, instances.answer, instances.mask, limits)
    return SimpleNamespace(
        task=task, table=table, instances=instances, shape=shape, patterns=patterns, theta=theta,
        batch=batch,
    )  # fmt: skip


@pytest.mark.parametrize(
    "case",
    [
        *((found, name) for name in FOUND),
        *((printed, name) for name in sorted(PROGRAMS)),
        *((expert, name) for name in TASKS),
    ],
    ids=lambda case: case[1],
)
def test_the_soft_machine_runs_compiled_circuits_as_the_hard_machine(case):
    c = compiled(case[0](case[1]))
    back = circuit_table(c.theta, c.shape)
    np.testing.assert_array_equal(back[list(c.patterns)], c.table[list(c.patterns)])
    hard = tables.run(c.task.machine, c.table, c.instances, c.batch.steps)
    right = torch.as_tensor((hard.tape == c.batch.target) & c.batch.mask)
    assert (c.task.score(hard, c.instances) == 1).all()
    tensors = Batch(*(torch.as_tensor(part) for part in c.batch))
    soft = rollout(torch.as_tensor(c.theta).double(), c.shape, tensors)
    assert torch.all(soft.correct[right] > 1 - 1e-6)
    loss, _, errors = kernel.loss_and_grad(c.shape, c.theta, c.batch)
    assert loss < 1e-3
    assert not errors.any()


@pytest.mark.learning
@pytest.mark.parametrize("name", ["search-copy", "search-reverse"])
def test_training_sharpens_what_was_compiled_softly(name):
    c = compiled(found(name), sharpness=3.5)
    before, _, _ = kernel.loss_and_grad(c.shape, c.theta, c.batch)
    state, K = TrainState(c.theta), 200
    batches = Batch(*(np.repeat(part[None], K, axis=0) for part in c.batch))
    schedule = Schedule(np.full(K, 5e-3), np.zeros(K), np.zeros(K))
    kernel.train_steps(c.shape, state, batches, schedule, Hyper(clip_norm=1.0), seed=0)
    after, _, errors = kernel.loss_and_grad(c.shape, state.theta, c.batch)
    assert before > 1
    assert after < before / 10
    assert not errors.any()


def test_a_compiled_start_succeeds_at_once_and_is_called_one(tmp_path):
    config = Config(
        env="NRAMSort", start="search-sort", registers=3, length=(2, 4), steps=(1, 0, 0)
    )
    agent.check(config)
    outcome = restart(agent, config, 0, tmp_path)
    assert outcome.success
    assert outcome.metrics["step"] == 0
    assert agent.supervision(config) == "a compiled start (search-sort)"
    assert agent.supervision(Config(env="NRAMSort")) == "input/output pairs"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"registers": 4}, "have 3 registers, not 4"),
        ({"start": "expert"}, "of expert have 9 registers, not 3"),
        (
            {"start": "expert", "registers": 9, "steps": (5, 1, 1)},
            "expert needs .* hidden units, .* not 8",
        ),
        ({"start": "serch-sort"}, "available: .*search-sort"),
        ({"start": "npi-addition"}, "has no table of circuits"),
    ],
)
def test_a_start_that_cannot_be_compiled_is_refused(changes, message):
    settings = {"start": "search-sort", "length": (2, 4), "hidden": 8, "repair": 0} | changes
    with pytest.raises(ValueError, match=message):
        agent.check(Config(env="NRAMSort", **settings))


def test_circuits_that_do_not_fit_are_refused():
    shape = Shape(3, 8, hidden=4)
    table = np.zeros((8, shape.choices), np.int64)
    theta = initial(shape, np.random.default_rng(0))
    with pytest.raises(ValueError, match="5 patterns need as many hidden units"):
        rewire(theta, shape, table, range(5))
    with pytest.raises(ValueError, match="does not fit 3 registers"):
        rewire(theta, shape, table[:4], range(4))
    with pytest.raises(ValueError, match="only an MLP"):
        rewire(theta, Shape(3, 8, controller="lstm"), table, range(4))
