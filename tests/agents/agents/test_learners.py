"""Every agent's learner: killed at any moment, it ends with the same bits."""

import json
import multiprocessing
import os
import pickle
import random
import re
import signal
import time
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest

from neuralprog_agents import registry
from neuralprog_agents.agents.neural_programmer.config import Stage
from neuralprog_agents.agents.rl.algorithms import ALGORITHMS
from neuralprog_agents.circuits.search_config import SearchConfig
from neuralprog_agents.training import checkpoint, loop
from neuralprog_agents.training.files import plain
from neuralprog_agents.training.loop import restart
from neuralprog_agents.training.ranges import type_hints
from neuralprog_agents.training.schema import structured

AGENTS = Path(loop.__file__).parents[1] / "agents"
_SEQUENCES = {
    "env": "NRAMCopy",
    "length": (1, 4),
    "budget": 12,
    "validation_pairs": 60,
    "validation_interval": 4,
}
_PROGRAMS = {
    "env": "NRAMSort-v0",
    "length": (2, 4),
    "steps": (1, 0, 0),
    "programs": 24_000,
    "batch": 200,
    "reward": "progress",
    "neighbour_share": 0.3,
    "halt": True,
}
_RL = {
    "env": "NRAMAccess-v0", "envs": 8, "budget": 1200,
    "validation_interval": 400, "validation_episodes": 20, "width": 16, "layers": (8,),
    "options": {
        "PPO": {"n_steps": 16, "batch_size": 64},
        "MaskablePPO": {"n_steps": 16, "batch_size": 64},
        "RecurrentPPO": {"n_steps": 16, "batch_size": 64, "n_epochs": 2},
        "DQN": {"learning_starts": 200, "buffer_size": 600, "batch_size": 32, "n_steps": 3},
        "BC": {"demonstrations": 50, "batch_size": 16},
    },
}  # fmt: skip
CASES = {
    "alphanpi": {
        "env": "NPIHanoi", "length": (1, 2), "simulations": 5, "episodes": 2, "updates": 4,
        "batch": 16, "checks": 4, "budget": 4,
    },
    "neural_programmer": {
        "env": "NPSingleColumn", "length": (3, 6), "examples": 1000, "batch": 8, "hidden": 8,
        "budget": 150, "validation_interval": 100,
    },
    "neural_programmer-gradient": {
        "env": "NPSingleColumn", "length": (3, 6), "examples": 1000, "batch": 8, "hidden": 8,
        "budget": 100, "noise": 1e-6, "learner": "gradient", "scales": "operation",
        "stages": (Stage(40, mixture=True), Stage(60, dropout=0.3, imitation=20)),
    },
    "library_learning": {
        "env": "NRAMHalve", "largest": 16, "attempts": 3, "lifted": 1.0,
        "tasks": tuple(SearchConfig(env, length=(4, 16), steps=(1, 6), halt=True, spare=0,
                                    proposals=50_000) for env in ("NRAMDouble", "NRAMHalve")),
    },
    "neural_programmer-rewards": {
        "env": "NPSingleColumn", "length": (3, 6), "examples": 1000, "batch": 8, "hidden": 8,
        "budget": 100, "learner": "rewards", "tries": 4,
    },
    "neural_programmer_2017": {
        "questions": "sample", "validation_questions": "sample", "word_cutoff": 1, "hidden": 16,
        "embedding": 12, "batch": 4, "epochs": 2, "dropout": 0.1, "beam": 3,
    },
    "npi": {
        "env": "NPIAddition", "length": (1, 2), "traces": 4, "budget": 150, "batch": 16,
        "hidden": 16, "state": 16,
    },
    "npi-base": {
        "env": "NPIMax", "base": "npi-bubblesort", "observation": "order", "length": (1, 3),
        "traces": 4, "batch": 16, "budget": 150,
    },
    "nram": {"env": "NRAMIncrement", "registers": 2, "steps": (1, 0), "budget": 400},
    "nram-population": {
        "env": "NRAMIncrement", "registers": 2, "steps": (1, 0), "budget": 150, "repair": 0,
        "turns": 1, "population": 3, "population_steps": 50, "replaced": 0.34,
    },
    "nram-hybrid": {
        "env": "NRAMSwap", "registers": 4, "length": (2, 5), "steps": (6,), "budget": 50,
        "turns": 3, "repair": 120_000,
    },
    "ntm": {**_SEQUENCES, "controller": "mlp", "hidden": 40},
    **{f"policy_gradient-{algorithm}": {**_PROGRAMS, "algorithm": algorithm}
       for algorithm in ("priority_queue", "mapo", "cross_entropy")},
    "policy_gradient-neighbours": {**_PROGRAMS, "neighbour_share": 0.5, "annealing_programs": 1000},
    "policy_search": {"env": "NPIBubbleSort", "length": (1, 3), "pairs": 6, "proposals": 300},
    "policy_search-nearest": {
        "env": "NPITopologicalSort", "length": (1, 3), "pairs": 6, "proposals": 300,
        "new_situations": "nearest", "state_abstraction": 0.5, "insert_action": 0.3,
        "delete_action": 0.2, "step_cost": 0.05,
    },
    **{f"rl-{algorithm}": {**_RL, "algorithm": algorithm} for algorithm in ALGORITHMS},
    "rl-curriculum": {
        **_RL, "env": "NPIMax-v0", "algorithm": "MaskablePPO", "flat": True, "curriculum": 0.01,
        "length": (1, 3), "settings": {"last_actions": 2}, "reward": "progress",
        "options": {"MaskablePPO": {
            "n_steps": 16, "batch_size": 64, "stats_window_size": 20, "ent_coef_end": 0.001,
            "learning_rate_end": 1e-4,
        }},
    },
    "rl-imitation": {
        **_RL, "env": "NPSingleColumn-v0", "length": (5, 5), "flat": True,
        "self_imitation": 0.1, "exploration_envs": 6,
        "fields": ("question", "pivot_positions", "program"),
    },
    "search": {
        "env": "NRAMSort-v0", "length": (2, 4), "steps": (1, 0, 0), "proposals": 200_000,
    },
    "seq2seq": {**_SEQUENCES, "model": "lstm", "hidden": 64},
    "synthesis": {"env": "NPIBubbleSort", "beyond": 4},
    "synthesis-npi": {
        "env": "NPIHanoi", "beyond": 4, "distil": True, "hidden": 8, "state": 8, "program": 4,
        "key": 4, "batch": 8, "updates": 200,
    },
}  # fmt: skip
"""Short restarts of each agent; what follows a name's dash is a variant."""


def test_every_agent_has_a_case():
    assert {case.partition("-")[0] for case in CASES} == set(registry.AGENTS)


@pytest.fixture(scope="module", params=CASES)
def whole(request, tmp_path_factory):
    """Return an agent, a config, and its restart 3 undisturbed: outcome, chunks, reports, time."""
    agent = registry.find(request.param.partition("-")[0])
    config, chunks, reports = agent.Config(**CASES[request.param]), [], []

    def counted(config, index):
        learner = agent.learner(config, index)
        advance = learner.advance
        learner.advance = lambda pulse: chunks.append(advance(pulse))
        return learner

    begun, module = time.monotonic(), SimpleNamespace(__name__=agent.__name__, learner=counted)
    outcome = restart(module, config, 3, tmp_path_factory.mktemp("whole"), reports.append)
    return agent, config, outcome, len(chunks), reports, time.monotonic() - begun


def test_samples_and_cost_are_told(whole):
    _, _, outcome, _, reports, _ = whole
    assert outcome.metrics["samples"] > 0
    assert outcome.metrics["cpu_seconds"] > 0
    steps = [metrics["step"] for metrics in reports]
    assert steps == sorted(set(steps))
    assert all(metrics.keys() >= {"samples", "cpu_seconds"} for metrics in reports)


def test_killed_at_random_moments_it_ends_with_the_same_bits(whole, tmp_path, monkeypatch):
    agent, config, outcome, _, _, seconds = whole
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
    """In the middle, and once more before the end, it is replaced by one that knows its state."""
    agent, config, outcome, chunks, _, _ = whole
    assert chunks > 1
    with loop.contained_randomness():
        learner = agent.learner(config, 3)
        for count in (chunks // 2, chunks - 1):
            advance(learner, count)
            if not learner.finished:
                state = pickle.dumps(learner.state())
                learner = agent.learner(config, 3)
                tensors, metadata = pickle.loads(state)
                learner.restore(tensors, json.loads(json.dumps(metadata, default=plain)))
        advance(learner, chunks)
        assert_same(learner.outcome(), outcome)


def test_what_is_not_a_state_of_this_learner_is_refused_in_one_line(whole, tmp_path):
    """With the right SHA-256 and of the right restart, but by a stranger's hand."""
    agent, config, *_ = whole
    with loop.contained_randomness():
        tensors, metadata = agent.learner(config, 3).state()
    of = {"agent": agent.__name__, **checkpoint.identity(config, 3)}
    for arrays, learner in damaged(tensors, metadata):
        own = {"learner": learner, "cpu_seconds": 0.0, "of": of}
        checkpoint.save(tmp_path / "checkpoint.safetensors", "training", arrays, own)
        with pytest.raises(checkpoint.CheckpointError, match="does not fit the restart") as caught:
            restart(agent, config, 3, tmp_path, stop=lambda: True)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("case", CASES)
def test_its_card_has_what_the_schema_declares_and_nothing_else(case):
    agent = registry.find(case.partition("-")[0])
    with loop.contained_randomness():
        outcome = agent.learner(agent.Config(**CASES[case]), 3).outcome()
    card = json.loads(json.dumps(outcome.card, default=plain))
    assert isinstance(structured(agent.Card, card, strict=True), agent.Card)


FIRST = {case.partition("-")[0]: CASES[case] for case in reversed(CASES)}
"""The first case of each agent."""


def least():
    """Yield each whole number among the settings of each agent, with the least that it may be."""
    for name in registry.AGENTS:
        kind = registry.find(name).Config
        for setting, hint in type_hints(kind).items():
            if get_args(hint)[:1] == (int,) and setting not in ("seed", "restarts"):
                yield name, setting, int(hint.__metadata__[0].low)


ASKED_FOR_MORE = {
    ("neural_programmer", "examples"), ("neural_programmer", "steps"),
    ("neural_programmer_2017", "hidden"), ("nram", "hidden"), ("nram", "pairs"), ("ntm", "bits"),
    ("policy_gradient", "pairs"), ("search", "pairs"), ("synthesis", "beyond"),
}  # fmt: skip
"""Settings that must be more than their least value, as other settings or the task ask for it."""


@pytest.mark.parametrize(("name", "setting", "value"), list(least()))
def test_the_least_of_a_setting_is_accepted_or_named_as_too_little(name, setting, value):
    refused = pytest.raises(ValueError, match=setting)
    with refused if (name, setting) in ASKED_FOR_MORE else nullcontext():
        registry.check(name, registry.find(name).Config(**{**FIRST[name], setting: value}))


@pytest.mark.filterwarnings("ignore:You have specified a mini-batch size")
@pytest.mark.parametrize(
    ("name", "setting", "value"), [row for row in least() if row[:2] not in ASKED_FOR_MORE]
)
def test_a_setting_that_is_accepted_can_be_trained(name, setting, value):
    agent = registry.find(name)
    config = agent.Config(**{**FIRST[name], setting: value})
    begun = time.process_time()

    def pulse():
        if time.process_time() > begun + 1:
            raise loop.LeaveError

    with loop.contained_randomness():
        learner = agent.learner(config, 3)
        with suppress(loop.LeaveError):
            learner.advance(pulse)
        assert learner.outcome().card


SUCCEED = {
    "neural_programmer": lambda own: setattr(own, "progress", replace(own.progress, best=1.0)),
    "ntm": lambda own: setattr(own, "progress", replace(own.progress, in_a_row=9)),
    "rl": lambda own: setattr(own.validation, "best", 1.0),
    "seq2seq": lambda own: setattr(own, "progress", replace(own.progress, in_a_row=9)),
}
"""Has a learner of each agent that can go on take itself for right."""


def test_a_learner_that_is_doubted_goes_on(whole):
    agent, config, *_ = whole
    name = agent.__name__.split(".")[2]
    with loop.contained_randomness():
        learner = agent.learner(config, 3)
        assert hasattr(learner, "go_on") == (name in SUCCEED)
        if name in SUCCEED:
            SUCCEED[name](learner)
            assert learner.finished
            assert learner.outcome().success
            learner.go_on()
            assert not learner.finished
            assert not learner.outcome().success
            tensors, metadata = learner.state()
            other = agent.learner(config, 3)
            other.restore(tensors, json.loads(json.dumps(metadata, default=plain)))
            assert not other.finished


def damaged(tensors, metadata):
    """Yield states with a key left out, with other types, and with each array in another shape."""
    key, name = next(iter(metadata)), next(iter(tensors))
    array = np.asarray(tensors[name])
    yield tensors, {}
    yield tensors, []
    yield from (
        (tensors, {**metadata, each: "x"}) for each in metadata if metadata[each] is not None
    )
    yield tensors, {**metadata, key: 1e30}
    yield {}, metadata
    yield {**tensors, name: array.astype("float16")}, metadata
    if array.size:
        yield {**tensors, name: np.concatenate([array, array])}, metadata
    yield from (({**tensors, each: np.asarray(tensors[each])[None]}, metadata) for each in tensors)


def advance(learner, chunks):
    for _ in range(chunks):
        if not learner.finished:
            learner.advance(lambda: None)


def assert_same(one, other):
    for name in one.metrics.keys() - {"samples", "cpu_seconds"}:
        assert one.metrics[name] == other.metrics[name], name
    assert (one.success, one.pruned, one.card) == (other.success, other.pruned, other.card)
    assert one.tensors.keys() == other.tensors.keys()
    for name, array in one.tensors.items():
        assert array.tobytes() == other.tensors[name].tobytes(), name


@pytest.mark.parametrize("name", registry.AGENTS)
def test_no_agent_saves_or_stops_by_itself(name):
    """It may check a file's arrays, when it loads them."""
    wanted = re.compile(r"checkpoint\.(save|load|resume|identity)|\.safetensors|\bstop\(|\bStop\b")
    for path in (AGENTS / name).rglob("*.py"):
        assert not wanted.search(path.read_text()), path
