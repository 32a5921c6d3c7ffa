"""Who takes part: each agent in each of its forms, and the references.

A new agent takes part with one row here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neuralprog_agents import registry
from neuralprog_agents.training import config as settings
from neuralprog_agents.training import shipped
from neuralprog_agents.training.runs import task_name
from neuralprog_envs.registry import find


class NotApplicableError(ValueError):
    """An agent cannot face a task; the message says why."""


@dataclass(frozen=True, eq=False)
class Entrant:
    """One row of the comparison.

    Attributes:
        name: Its name there.
        families: Where it takes part.
        colours: The colour map of its agent in plots: what learns in a like way looks alike.
        agent: A name of ``registry.AGENTS``; empty for a reference, which needs no training.
        samples: What is counted as a sample.
        overrides: The settings that make this form of the agent.
        variants: Endings of its tasks' config files, the preferred one first; none: it takes the
            family's file for every task.
        curriculum: Whether easier instances come first.
        reusable: Whether what it learns can be called by other programs.
    """

    name: str
    families: tuple[str, ...]
    colours: str = "Greys"
    agent: str = ""
    samples: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    variants: tuple[str, ...] = ("",)
    curriculum: bool = False
    reusable: bool = False

    def config(self, env_id: str, **cell: Any) -> Any:
        """Return the agent's ``Config`` for a task.

        Its file is ``configs/AGENT/TASK[VARIANT].yaml``, or else ``configs/AGENT/FAMILY.yaml``,
        with the task's default lengths.

        Args:
            env_id: The task.
            **cell: Settings of this cell, over all others.

        Raises:
            NotApplicableError: There is no such file, or the agent refuses the task.
        """
        path, row = self._file(env_id), find(env_id)
        own = {"length": list(row.defaults["length"])} if path.stem == row.family else {}
        given = {"env": row.id, **own, **self.overrides, **cell}
        words = [f"--{key}={value}" for key, value in given.items()]
        try:
            config = settings.parse(self.agent, path, words)
            registry.check(self.agent, config)
        except ValueError as error:
            reason = " ".join(str(error).split())  # without where this package lies
            reason = reason.replace(str(shipped.folder()), "configs")
            raise NotApplicableError(reason) from None
        return config

    def _file(self, env_id: str) -> Path:
        row = find(env_id)
        if row.family not in self.families:
            raise NotApplicableError(f"it acts in the {' and '.join(self.families)} family only")
        folder = shipped.folder() / self.agent
        names = [f"{task_name(row.id)}{variant}" for variant in self.variants] + [row.family]
        for path in (folder / f"{name}.yaml" for name in names):
            if path.is_file():
                return path
        raise NotApplicableError(f"it has no settings for {row.name} in configs/{self.agent}")


_TAPE, _PROGRAM, _TABLE = ("tape",), ("program",), ("table",)
_EVERYWHERE = (*_TAPE, *_PROGRAM, *_TABLE)
_BITS = 6
"""Enough for the tapes of all trained lengths; with its default 12 the NTM learns more slowly."""


def _rl(algorithm: str, samples: str = "environment steps") -> Entrant:
    """Return an algorithm with its family's settings: those of single tasks narrow the lengths."""
    name = {"BC": "imitation"}.get(algorithm, algorithm.lower())
    own = {"algorithm": algorithm}
    return Entrant(name, _EVERYWHERE, "Reds", "rl", samples, own, variants=())


def _seq2seq(model: str) -> Entrant:
    return Entrant(model, _EVERYWHERE, "Oranges", "seq2seq", "pairs", {"model": model})


def _ntm(controller: str, **more: Any) -> Entrant:
    own = {"controller": controller, "bits": _BITS, **more}
    return Entrant(f"ntm-{controller}", _TAPE, "RdPu", "ntm", "pairs", own)


ENTRANTS: tuple[Entrant, ...] = (
    Entrant("expert", _EVERYWHERE),
    Entrant("random", _EVERYWHERE),
    Entrant("search", _TAPE, "Blues", "search", "pairs", curriculum=True),
    Entrant(
        "nram",
        _TAPE,
        "Blues",
        "nram",
        "pairs",
        {"repair": 0, "turns": 1, "budget": 4000, "patience": 600},
        variants=("-gradient", ""),
        curriculum=True,
    ),
    Entrant("nram-hybrid", _TAPE, "Blues", "nram", "pairs", curriculum=True),
    Entrant("npi", _PROGRAM, "Greens", "npi", "frames", reusable=True),
    Entrant("alphanpi", _PROGRAM, "Greens", "alphanpi", "searched calls", reusable=True),
    Entrant("synthesis", _PROGRAM, "Greens", "synthesis", "bodies tried", reusable=True),
    Entrant("neural_programmer", _TABLE, "Purples", "neural_programmer", "questions"),
    Entrant(
        "np-gradient",
        _TABLE,
        "Purples",
        "neural_programmer",
        "questions",
        {"learner": "gradient"},
        variants=("-gradient", ""),
    ),
    *map(_seq2seq, ("lstm", "lstm-attention", "transformer")),
    _ntm("lstm"),
    _ntm("mlp", learning_rate=3e-3),
    *map(_rl, ("PPO", "MaskablePPO", "RecurrentPPO", "A2C", "DQN")),
    _rl("BC", "demonstrated steps"),
)
