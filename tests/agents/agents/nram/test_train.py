"""One restart: it learns, and its circuit acts in the environment."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from neuralprog_agents.agents.nram import agent
from neuralprog_agents.agents.nram.config import Config
from neuralprog_agents.agents.nram.data import pairs
from neuralprog_agents.agents.nram.model import rollout
from neuralprog_agents.agents.nram.records import Batch
from neuralprog_agents.agents.nram.train import shape_of
from neuralprog_agents.circuits import tables
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.training.loop import restart
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import make_task

GRADIENT = {"repair": 0, "turns": 1, "budget": 4000, "patience": 600}
INCREMENT = Config(env="NRAMIncrement", registers=3, steps=(1, 0), **GRADIENT)
LONG = replace(INCREMENT, budget=400, patience=10_000, registers=2, harden_steps=10_000)


@pytest.mark.learning
def test_restarts_learn_to_increment_from_pairs_alone(tmp_path):
    outcomes = [restart(agent, INCREMENT, index, tmp_path / f"{index}") for index in range(8)]
    learned = [outcome for outcome in outcomes if outcome.success]
    assert len(learned) >= 2
    for outcome in learned:
        policy = policy_of("nram", outcome.tensors, json.loads(json.dumps(outcome.card)))
        scores = list(evaluate(policy, "NRAMIncrement-v0", (10, 200), 50))
        assert [score.success_rate for score in scores] == [1.0, 1.0]
        assert "WRITE" in policy.program_text()


def test_a_table_runs_as_the_environment_runs_it():
    """`tables.run` judges restarts; the environment judges policies: they must agree."""
    random_ = np.random.default_rng(0)
    settings = {"action": "circuit", "observation": "flags", "registers": 3}
    task = make_task("NRAMReverse", length=4, **settings)
    table = random_.integers(0, task.machine.actions, (8, len(task.machine.actions)))
    instances = draw(task, 0, np.arange(60), (1, 4))
    limits = 2 * instances.length + 1
    final = tables.run(task.machine, table, instances, limits)
    for i in range(60):
        episode = task.machine.begin(
            type(instances)(*[getattr(instances, f)[i : i + 1] for f in vars(instances)])
        )
        for _ in range(limits[i]):
            flags = np.array([r == 0 for r in episode.registers])
            episode.step(table[tables.patterns(flags[None])[0]])
            if episode.halted:
                break
        np.testing.assert_array_equal(final.tape[i], episode.tape)
        assert final.steps[i] == episode.steps


def test_an_lstm_is_a_policy_too(tmp_path):
    config = replace(LONG, controller="lstm", budget=100)
    outcome = restart(agent, config, 0, tmp_path)
    policy = policy_of("nram", outcome.tensors, outcome.card)
    first, again = (list(evaluate(policy, "NRAMIncrement-v0", (6,), 20)) for _ in range(2))
    assert first[0].success_rate == again[0].success_rate
    assert first[0].mean_steps <= 6


def test_a_population_says_how_far_it_came(tmp_path):
    """Its row tells soft, discretised and longer apart."""
    config = replace(INCREMENT, env="NRAMReverse", steps=(1, 1), population=2, budget=50)
    outcome = restart(agent, config, 0, tmp_path)
    row, pairs_ = outcome.metrics, pairs(config)
    steps = tables.limits(config.time_limit, pairs_.length)
    batch = Batch(*map(torch.as_tensor, (pairs_.tape, pairs_.answer, pairs_.mask, steps)))
    soft = rollout(torch.as_tensor(outcome.tensors["theta"]), shape_of(config), batch)
    assert row["soft_wrong"] == pytest.approx(soft.error.mean().item(), abs=1e-3)
    policy = policy_of("nram", outcome.tensors, json.loads(json.dumps(outcome.card)))
    (longer,) = evaluate(policy, "NRAMReverse-v0", (10,), 50)
    assert row["longer_right"] == longer.success_rate == 0
    assert 0 < row["circuits_right"] < 1
    assert not outcome.success


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"env": "NRAMCopy", "length": (0, 3)}, "length must be"),
        ({"learning_rate": (0.1, 0.01)}, "learning_rate must be"),
        ({"steps": (0, 0)}, "at least one step"),
        ({"batch": 0}, "batch must be at least 1"),
    ],
)
def test_settings_out_of_range_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(INCREMENT, **change)


def test_what_cannot_be_trained_is_refused_before_anything_is_written():
    with pytest.raises(ValueError, match="impossible"):
        agent.check(replace(INCREMENT, env="NRAMSwap", length=(1, 4)))
    with pytest.raises(ValueError, match="expected theta"):
        policy_of(
            "nram",
            {},
            {
                "shape": {"registers": 2, "memory": 8},
                "time_limit": [1, 1],
                "env": "NRAMCopy",
                "trained_lengths": [1, 3],
            },
        )
