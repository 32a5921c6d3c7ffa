"""One restart: it learns, its circuit acts in the environment, and it resumes bit for bit."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from neuralprog_agents.agents.nram import agent, descent, train
from neuralprog_agents.agents.nram.config import Config
from neuralprog_agents.circuits import tables
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.training.checkpoint import CheckpointError
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import make_task

INCREMENT = Config(env="NRAMIncrement", registers=3, steps=(1, 0))
LONG = replace(INCREMENT, budget=400, patience=10_000, registers=2, harden_steps=10_000)


def run(config, index, folder, report=lambda _: None, stop=lambda: False):
    folder.mkdir(exist_ok=True)
    return agent.restart(config, index, folder, report, stop)


class KilledError(Exception):
    pass


@pytest.mark.learning
def test_restarts_learn_to_increment_from_pairs_alone(tmp_path):
    outcomes = [run(INCREMENT, index, tmp_path / f"{index}") for index in range(8)]
    learned = [outcome for outcome in outcomes if outcome.success]
    assert len(learned) >= 2
    for outcome in learned:
        policy = agent.load(outcome.tensors, json.loads(json.dumps(outcome.card)))
        scores = list(evaluate(policy, "NRAMIncrement-v0", (10, 200), 50))
        assert [score.success_rate for score in scores] == [1.0, 1.0]
        assert "WRITE" in policy.program_text()


def test_a_killed_restart_goes_on_bit_for_bit(tmp_path, monkeypatch):
    undisturbed = run(LONG, 3, tmp_path / "whole")
    monkeypatch.setattr(train, "_SAVED_SECONDS", 0.0)
    for chunks in (2, 1, 4):
        countdown = iter(range(chunks))

        def report(metrics, left=countdown):
            if next(left, None) is None:
                raise KilledError

        with pytest.raises(KilledError):
            run(LONG, 3, tmp_path / "killed", report)
    resumed = run(LONG, 3, tmp_path / "killed")
    for outcome in (resumed, undisturbed):
        assert outcome.metrics.pop("cpu_seconds") > 0
    assert resumed.metrics == undisturbed.metrics
    assert resumed.tensors["theta"].tobytes() == undisturbed.tensors["theta"].tobytes()


def test_a_stopped_restart_leaves_a_checkpoint_of_its_last_chunk(tmp_path):
    answers = iter([False, False, True])
    run(LONG, 0, tmp_path / "r", stop=lambda: next(answers))
    seen = []
    run(LONG, 0, tmp_path / "r", seen.append)
    assert seen[0]["step"] == 3 * descent.CHUNK


def test_a_checkpoint_of_another_restart_is_refused(tmp_path):
    answers = iter([False, True])
    run(LONG, 0, tmp_path / "r", stop=lambda: next(answers))
    with pytest.raises(CheckpointError, match="belongs to another restart"):
        run(LONG, 1, tmp_path / "r")
    more = replace(LONG, restarts=1000)
    assert run(more, 0, tmp_path / "r").metrics["step"] > 0


def test_a_run_killed_at_random_moments_ends_with_the_same_weights(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(
        "agent: nram\nenv: NRAMIncrement\nregisters: 3\nsteps: [1, 0]\nrestarts: 12\n"
    )
    command = [sys.executable, "-m", "neuralprog_agents.cli"]
    begin = ["train", "--config", str(config), "--workers", "1", "--output"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run([*command, *begin, str(whole)], check=True, capture_output=True)
    moments = random.Random(0)
    words = [*begin, str(killed)]
    for _ in range(3):
        process = subprocess.Popen(
            [*command, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(moments.uniform(1.0, 4.0))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        if (killed / "meta.json").exists():
            words = ["train", "--resume", str(killed)]
    subprocess.run([*command, *words], check=True, capture_output=True)
    for name in ("weights.safetensors",):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()


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
            flags = np.array([r == 0 for r in episode.cells.registers])
            episode.step(table[tables.patterns(flags[None])[0]])
            if episode.halted:
                break
        np.testing.assert_array_equal(final.tape[i], episode.cells.tape)
        assert final.steps[i] == episode.steps


def test_an_lstm_is_a_policy_too(tmp_path):
    config = replace(LONG, controller="lstm", budget=100)
    outcome = run(config, 0, tmp_path / "lstm")
    policy = agent.load(outcome.tensors, outcome.card)
    first, again = (list(evaluate(policy, "NRAMIncrement-v0", (6,), 20)) for _ in range(2))
    assert first[0].success_rate == again[0].success_rate
    assert first[0].mean_steps <= 6


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
    with pytest.raises(ValueError, match="can't be used here"):
        agent.check(replace(INCREMENT, device="no-such-device"))
    with pytest.raises(ValueError, match="has one array theta"):
        agent.load(
            {},
            {
                "shape": {"registers": 2, "memory": 8},
                "time_limit": [1, 1],
                "env": "NRAMCopy",
                "trained_lengths": [1, 3],
            },
        )
