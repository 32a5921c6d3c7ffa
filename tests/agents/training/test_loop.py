"""The training loop: budgets, looks at the policy, stops, and the clock that they go by."""

import random
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from neuralprog_agents.agent import Outcome
from neuralprog_agents.training import loop
from neuralprog_agents.training.checkpoint import CheckpointError
from neuralprog_agents.training.clock import CpuClock
from neuralprog_agents.training.loop import Evaluations, restart


@dataclass(frozen=True)
class Config:
    seed: int = 0
    chunks: int = 5
    cost: float = 0.0  # CPU-seconds of a chunk
    pulses: int = 1


def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


class Walk:
    """A random walk that draws from the three global generators."""

    spend = staticmethod(burn)

    def __init__(self, config, index):
        self.config, self.step, self.place = config, 0, np.zeros(3)
        random.seed(index)
        np.random.seed(index)  # noqa: NPY002
        torch.manual_seed(index)

    @property
    def finished(self):
        return self.step == self.config.chunks

    def advance(self, pulse):
        for _ in range(self.config.pulses):
            self.spend(self.config.cost / self.config.pulses)
            pulse()
        drawn = random.random(), np.random.random(), float(torch.rand(()))  # noqa: NPY002
        self.place = self.place + drawn
        self.step += 1

    def status(self):
        return {"step": self.step, "samples": 10.0 * self.step}

    def state(self):
        numpy = np.random.get_state()  # noqa: NPY002
        version, words, gauss = random.getstate()
        arrays = {"place": self.place, "numpy": numpy[1], "torch": torch.get_rng_state().numpy()}
        python = [version, list(words), gauss]
        return arrays, {"step": self.step, "numpy": list(numpy[2:]), "python": python}

    def restore(self, tensors, metadata):
        self.place, self.step = tensors["place"], metadata["step"]
        version, words, gauss = metadata["python"]
        random.setstate((version, tuple(words), gauss))
        np.random.set_state(("MT19937", tensors["numpy"], *metadata["numpy"]))  # noqa: NPY002
        torch.set_rng_state(torch.from_numpy(tensors["torch"].copy()))

    def outcome(self):
        return Outcome(self.finished, {"steps": self.step}, {"place": self.place.copy()})


WALK = SimpleNamespace(__name__="walk", learner=Walk)


@pytest.fixture
def spent_by_walks(spend, monkeypatch):
    """A simulated clock, which walks move on."""
    monkeypatch.setattr(Walk, "spend", staticmethod(spend))
    return spend


def generators():
    numpy = np.random.get_state()  # noqa: NPY002
    return random.getstate(), numpy[1].tolist(), torch.get_rng_state().tolist()


def test_what_it_costs_and_takes_is_told_of_every_report_and_outcome(spent_by_walks, tmp_path):
    seen = []
    outcome = restart(WALK, Config(cost=0.25), 0, tmp_path, seen.append)
    assert [metrics["samples"] for metrics in seen] == [10, 20, 30, 40, 50]
    assert [metrics["cpu_seconds"] for metrics in seen] == [0.25, 0.5, 0.75, 1.0, 1.25]
    assert outcome.metrics["samples"] == 50
    assert outcome.metrics["cpu_seconds"] == 1.25


def test_global_generators_are_left_alone(tmp_path):
    before = generators()
    restart(WALK, Config(), 0, tmp_path)
    assert generators() == before


def test_stopped_between_chunks_it_loses_nothing(tmp_path, monkeypatch):
    whole = restart(WALK, Config(), 0, tmp_path / "whole")
    seen = []
    for stops in (0, 1, 3):
        part = restart(
            WALK, Config(), 0, tmp_path / "r", seen.append, lambda n=stops: len(seen) >= n
        )
        assert part.metrics["steps"] == stops
    rest = restart(WALK, Config(), 0, tmp_path / "r", seen.append)
    assert [metrics["step"] for metrics in seen] == [1, 2, 3, 4, 5]
    assert rest.tensors["place"].tobytes() == whole.tensors["place"].tobytes()


def test_stopped_within_a_chunk_it_falls_back_to_the_chunk_before(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "SAVED_SECONDS", 0.0)
    monkeypatch.setattr(loop, "_PULSE_SECONDS", 0.0)
    config = Config(pulses=3)
    whole = restart(WALK, config, 0, tmp_path / "whole")
    answers = iter([False] * 6)  # before the first chunk, its three pulses, before the second, one
    part = restart(WALK, config, 0, tmp_path / "r", stop=lambda: next(answers, True))
    assert part.metrics["steps"] == 1
    rest = restart(WALK, config, 0, tmp_path / "r")
    assert rest.tensors["place"].tobytes() == whole.tensors["place"].tobytes()


@pytest.mark.parametrize("pulses", [1, 4])
def test_a_budget_of_cpu_seconds_ends_it(pulses, spent_by_walks, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "_PULSE_SECONDS", 0.0)
    config = Config(cost=0.25 * pulses, pulses=pulses, chunks=1000)
    outcome = restart(WALK, config, 0, tmp_path, budget=0.75)
    assert outcome.metrics["cpu_seconds"] == 0.75


def test_the_clock_goes_on_after_a_kill(spent_by_walks, tmp_path):
    config, seen = Config(cost=0.25, chunks=4), []
    restart(WALK, config, 0, tmp_path, seen.append, lambda: len(seen) == 2)
    assert restart(WALK, config, 0, tmp_path).metrics["cpu_seconds"] == 1.0
    seen.clear()
    restart(WALK, config, 1, tmp_path / "b", seen.append, lambda: len(seen) == 2)
    outcome = restart(WALK, config, 1, tmp_path / "b", budget=0.25)
    assert outcome.metrics["steps"] == 2  # it was spent before


def test_evaluations_cost_nothing_and_change_nothing(spent_by_walks, tmp_path):
    config, seen = Config(cost=0.25, chunks=8), []

    def evaluate(seconds, outcome):
        seen.append((seconds, outcome.metrics["cpu_seconds"], outcome.metrics["steps"]))
        spent_by_walks(0.75)
        random.random(), np.random.random(), torch.rand(())  # noqa: NPY002

    plain = restart(WALK, config, 0, tmp_path / "plain")
    times = 0.3, 0.8, 0.9, 1.5, 60.0
    looked = restart(WALK, config, 0, tmp_path / "a", evaluations=Evaluations(times, evaluate))
    assert looked.tensors["place"].tobytes() == plain.tensors["place"].tobytes()
    assert looked.metrics["cpu_seconds"] == 2.0
    # what was reached within the time
    assert seen == [(0.3, 0.25, 1), (0.8, 0.75, 3), (0.9, 0.75, 3), (1.5, 1.25, 5)]


def test_what_an_outcome_costs_is_not_charged_when_it_is_evaluated(spent_by_walks, tmp_path):
    class Costly(Walk):
        def outcome(self):
            spent_by_walks(0.5)
            random.random(), np.random.random(), torch.rand(())  # noqa: NPY002
            return super().outcome()

    costly, seen = SimpleNamespace(__name__="walk", learner=Costly), []
    config = Config(cost=0.25, chunks=4)

    def evaluate(seconds, outcome):
        seen.append((seconds, outcome.metrics["cpu_seconds"], outcome.metrics["steps"]))

    plain = restart(WALK, config, 0, tmp_path / "plain")
    evaluations = Evaluations((0.1, 0.6, 0.9), evaluate)
    looked = restart(costly, config, 0, tmp_path / "looked", evaluations=evaluations)
    assert seen == [(0.1, 0.0, 0), (0.6, 0.5, 2), (0.9, 0.75, 3)]
    assert looked.tensors["place"].tobytes() == plain.tensors["place"].tobytes()


class Confident(Walk):
    """Takes every second chunk for a success."""

    doubted = 0

    @property
    def finished(self):
        return super().finished or self.step >= 2 * (self.doubted + 1)

    def go_on(self):
        self.doubted += 1

    def outcome(self):
        return replace(super().outcome(), success=True)


def test_a_success_that_is_not_accepted_is_gone_on_with(spent_by_walks, tmp_path):
    agent, asked = SimpleNamespace(__name__="walk", learner=Confident), []

    def accept(outcome):
        asked.append((outcome.metrics["cpu_seconds"], outcome.metrics["steps"]))
        spent_by_walks(0.75)
        random.random(), np.random.random(), torch.rand(())  # noqa: NPY002
        return len(asked) == 3

    config, evaluations = Config(cost=0.25, chunks=8), Evaluations((), lambda *_: None, accept)
    outcome = restart(agent, config, 0, tmp_path / "a", evaluations=evaluations)
    assert asked == [(0.5, 2), (1.0, 4), (1.5, 6)]
    assert (outcome.metrics["steps"], outcome.metrics["cpu_seconds"]) == (6, 1.5)
    plain = restart(WALK, replace(config, chunks=6), 0, tmp_path / "plain")
    assert outcome.tensors["place"].tobytes() == plain.tensors["place"].tobytes()
    assert restart(agent, config, 0, tmp_path / "b").metrics["steps"] == 2  # nobody doubts it


def test_a_learner_without_budget_does_not_go_on(spent_by_walks, tmp_path):
    agent = SimpleNamespace(__name__="walk", learner=Confident)
    doubts = Evaluations((), lambda *_: None, lambda outcome: False)
    config = Config(cost=0.25, chunks=3)
    assert restart(agent, config, 0, tmp_path, evaluations=doubts).metrics["steps"] == 3


def test_a_resumed_restart_is_evaluated_where_it_was_not_yet(spent_by_walks, tmp_path):
    config, reports, seen = Config(cost=0.25, chunks=5), [], []
    evaluations = Evaluations((0.25, 0.75), lambda seconds, outcome: seen.append(seconds))
    restart(
        WALK,
        config,
        0,
        tmp_path,
        reports.append,
        lambda: len(reports) == 2,
        evaluations=evaluations,
    )
    restart(WALK, config, 0, tmp_path, evaluations=evaluations)
    assert seen == [0.25, 0.75]


def test_a_checkpoint_follows_each_evaluation_and_costs_nothing(spent_by_walks, tmp_path):
    class Costly(Walk):
        def state(self):
            spent_by_walks(0.5)
            return super().state()

    def die(metrics):
        if metrics["step"] == 4:
            raise KeyboardInterrupt

    costly, config = SimpleNamespace(__name__="walk", learner=Costly), Config(cost=0.25, chunks=6)
    looks = Evaluations((0.6,), lambda seconds, outcome: None)
    with pytest.raises(KeyboardInterrupt):
        restart(costly, config, 0, tmp_path, die, evaluations=looks)
    steps = []
    outcome = restart(WALK, config, 0, tmp_path, lambda metrics: steps.append(metrics["step"]))
    assert steps == [4, 5, 6]
    assert outcome.metrics["cpu_seconds"] == 1.5


@pytest.mark.parametrize(
    ("agent", "config", "index"),
    [
        (WALK, Config(), 1),
        (WALK, Config(seed=1), 0),
        (SimpleNamespace(__name__="other", learner=Walk), Config(), 0),
    ],
)
def test_a_checkpoint_of_another_restart_is_refused(agent, config, index, tmp_path):
    restart(WALK, Config(), 0, tmp_path, stop=lambda: True)
    with pytest.raises(CheckpointError, match="belongs to another restart"):
        restart(agent, config, index, tmp_path)


def test_an_agent_may_bring_its_own_restart(spend, tmp_path):
    def own(config, index, folder, report, stop):
        while not stop():
            spend(0.125)
        return Outcome(True, {"left": 1.0})

    outcome = restart(SimpleNamespace(restart=own), Config(), 0, tmp_path, budget=0.25)
    assert outcome.metrics["left"] == 1.0
    assert outcome.metrics["cpu_seconds"] == 0.25


def test_threads_and_children_are_charged_while_they_run_and_after():
    clock = CpuClock()
    thread = threading.Thread(target=burn, args=(0.2,))
    thread.start()
    thread.join()
    assert 0.2 <= clock.spent() < 0.6
    code = "import time\nwhile time.process_time() < 0.4: pass\nprint('done', flush=True)\ninput()"
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    child.stdout.readline()
    running = clock.spent()
    child.communicate("\n")
    assert 0.55 <= running < 0.8
    assert 0.55 <= clock.spent() < 0.8


def test_a_clock_stands_still_while_it_is_paused(spend):
    clock = CpuClock()
    with clock.paused():
        spend(0.25)
    clock.add(3.0)
    assert clock.spent() == 3.0


def test_a_budget_that_ends_between_two_looks_at_the_clock_is_evaluated(tmp_path, monkeypatch):
    """The clock passes the budget after the chunk was looked at, and before the next begins."""

    class Ticking(CpuClock):
        looks = 0

        def spent(self):
            Ticking.looks += 1
            return Ticking.looks * 0.01

    monkeypatch.setattr(loop, "CpuClock", Ticking)
    for budget in (0.1, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16):
        Ticking.looks, seen = 0, []
        evaluations = Evaluations(
            (budget,), lambda seconds, outcome, seen=seen: seen.append(seconds)
        )
        folder = tmp_path / str(budget)
        restart(WALK, Config(chunks=99), 0, folder, budget=budget, evaluations=evaluations)
        assert seen == [budget]
