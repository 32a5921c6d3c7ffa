"""Every agent's learner: killed at any moment, it ends with the same bits."""

import json
import multiprocessing
import os
import pickle
import random
import signal
import time

import pytest

from neuralprog_agents import registry
from neuralprog_agents.training import loop
from neuralprog_agents.training.files import plain
from neuralprog_agents.training.loop import restart

CASES = {
    "nram": {"env": "NRAMIncrement", "registers": 2, "steps": (1, 0), "budget": 200},
    "nram-hybrid": {
        "env": "NRAMSwap", "registers": 4, "length": (2, 5), "steps": (0, 6), "budget": 50,
        "turns": 3, "repair": 120_000,
    },
    "search": {
        "env": "NRAMSort-v0", "length": (2, 4), "steps": (0, 0), "square": 1, "proposals": 400_000,
    },
}  # fmt: skip
"""Short restarts of each agent; what follows a name's dash is a variant."""


@pytest.fixture(scope="module", params=CASES)
def whole(request, tmp_path_factory):
    """Return an agent, a config, its restart 3 undisturbed, what it reported, and its time."""
    agent = registry.find(request.param.partition("-")[0])
    config, reports = agent.Config(**CASES[request.param]), []
    begun = time.monotonic()
    outcome = restart(agent, config, 3, tmp_path_factory.mktemp("whole"), reports.append)
    return agent, config, outcome, reports, time.monotonic() - begun


def test_samples_and_cost_are_told(whole):
    _, _, outcome, reports, _ = whole
    assert outcome.metrics["samples"] > 0
    assert outcome.metrics["cpu_seconds"] > 0
    steps = [metrics["step"] for metrics in reports]
    assert steps == sorted(set(steps))
    assert all(metrics.keys() >= {"samples", "cpu_seconds"} for metrics in reports)


def test_killed_at_random_moments_it_ends_with_the_same_bits(whole, tmp_path, monkeypatch):
    agent, config, outcome, _, seconds = whole
    monkeypatch.setattr(loop, "SAVED_SECONDS", 0.0)
    moments, fork = random.Random(agent.__name__), multiprocessing.get_context("fork")
    for _ in range(2):
        process = fork.Process(target=restart, args=(agent, config, 3, tmp_path))
        process.start()
        time.sleep(seconds * moments.random())
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    assert_same(restart(agent, config, 3, tmp_path), outcome)


def test_a_new_learner_goes_on_from_the_state_of_another(whole):
    """After chunks 1, 2, 4, 8 … it is replaced by one that knows its state alone."""
    agent, config, outcome, _, _ = whole
    with loop.contained_randomness():
        learner, chunks = agent.learner(config, 3), 0
        while not learner.finished:
            learner.advance(lambda: None)
            chunks += 1
            if not learner.finished and chunks.bit_count() == 1:
                state = pickle.dumps(learner.state())
                learner = agent.learner(config, 3)
                tensors, metadata = pickle.loads(state)
                learner.restore(tensors, json.loads(json.dumps(metadata, default=plain)))
        assert chunks > 1
        assert_same(learner.outcome(), outcome)


def assert_same(one, other):
    for name in one.metrics.keys() - {"samples", "cpu_seconds"}:
        assert one.metrics[name] == other.metrics[name], name
    assert (one.success, one.pruned, one.card) == (other.success, other.pruned, other.card)
    assert one.tensors.keys() == other.tensors.keys()
    for name, array in one.tensors.items():
        assert array.tobytes() == other.tensors[name].tobytes(), name
