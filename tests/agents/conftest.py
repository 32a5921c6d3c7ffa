"""A toy agent, installed as a plug-in in a temporary folder: quick, random, resumable."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from neuralprog_agents.training import clock

TOY = '''
from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from neuralprog_agents.evaluation.reference import ExpertPolicy
from neuralprog_agents.agent import Outcome
from neuralprog_agents.training import checkpoint

SUPERVISION = "nothing"


@dataclass(frozen=True)
class Config:
    """The toy's settings."""

    env: str = "NRAMCopy-v0"
    """The environment."""
    seed: int = 0
    """The seed."""
    restarts: int = 3
    """The most restarts."""
    total: int = 20
    """Steps of a restart."""
    pause: float = 0.0
    """Seconds of a step; an even index takes twice as long."""
    lucky: tuple[int, ...] = ()
    """The indices that succeed."""
    broken: int = -1
    """The index that raises."""
    test_lengths: tuple[int, ...] = (4, 6)
    """Where it is scored."""

    def __post_init__(self):
        if self.total < 1:
            raise ValueError(f"total must be at least 1, got {self.total}")


def check(config):
    if config.total > 10**6:
        raise ValueError("total is absurd")


def restart(config, index, folder, report, stop):
    path = folder / "checkpoint.safetensors"
    step, sums = 0, np.zeros(3)
    if path.exists():
        arrays, metadata = checkpoint.load(path, "toy", {"sums": ("float64", (3,))})
        step, sums = metadata["step"], arrays["sums"]
    while step < config.total and not stop():
        if index == config.broken:
            raise ArithmeticError("the toy broke")
        sums = np.sin(sums) + np.random.default_rng((config.seed, index, step)).normal(size=3)
        step += 1
        time.sleep(config.pause * (2 if index % 2 == 0 else 1))
        report({"step": step, "progress": step / config.total, "first": sums[0]})
        if step % 3 == 0:
            checkpoint.save(path, "toy", {"sums": sums}, {"step": step})
    card = {"env": config.env, "steps": step}
    return Outcome(index in config.lucky, {"first": sums[0]}, {"sums": sums}, card)


@dataclass(frozen=True)
class Card:
    env: str
    steps: int = 0


def load(weights, card):
    return ExpertPolicy(card.env)
'''


@pytest.fixture(scope="session")
def plugin(tmp_path_factory):
    """Return the folder of an installed distribution that adds the agent ``toy``."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "toy_agent.py").write_text(TOY)
    info = folder / "toy_agent-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-agent\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[neuralprog.agents]\ntoy = toy_agent\n")
    return folder


@pytest.fixture
def toy(plugin, monkeypatch, tmp_path):
    """Make the agent ``toy`` known here and in child processes; return its module and helpers."""
    monkeypatch.syspath_prepend(str(plugin))
    paths = [str(plugin), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in paths if path))
    monkeypatch.chdir(tmp_path)
    import toy_agent

    def write(name="toy.yaml", **settings):
        lines = ["agent: toy", *(f"{key}: {value}" for key, value in settings.items())]
        path = Path(name)
        path.write_text("\n".join(lines) + "\n")
        return path

    yield SimpleNamespace(module=toy_agent, Config=toy_agent.Config, write=write)
    sys.modules.pop("toy_agent", None)


@pytest.fixture
def spend(monkeypatch):
    """Spends CPU-seconds of a clock that counts nothing else: no test waits, or is late."""
    total = [0.0]

    def spend(seconds):
        total[0] += seconds

    monkeypatch.setattr(clock, "cpu_seconds", lambda: total[0])
    return spend
