"""Who takes part: each agent in each of its forms, and the references.

A new agent takes part with one row here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        overrides: The settings that make this form of the agent.
        variants: Endings of its tasks' config files, the preferred one first; none: it takes the
            family's file for every task.
        samples: What is counted as a sample.
        curriculum: Whether easier instances come first.
        reusable: Whether what it learns can be called by other programs.
    """

    name: str
    families: tuple[str, ...]
    colours: str = "Greys"
    agent: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    variants: tuple[str, ...] = ("",)
    samples: str = ""
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
            check = getattr(registry.find(self.agent), "check", None)
            if check is not None:
                check(config)
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


def _form(
    name: str, agent: str, families: Sequence[str], samples: str, colours: str, **more: Any
) -> Entrant:
    return Entrant(name, tuple(families), colours, agent, samples=samples, **more)


def _rl(algorithm: str, samples: str = "environment steps") -> Entrant:
    """Return an algorithm with its family's settings: those of single tasks narrow the lengths."""
    name = {"BC": "imitation"}.get(algorithm, algorithm.lower())
    return _form(
        name, "rl", _EVERYWHERE, samples, "Reds", overrides={"algorithm": algorithm}, variants=()
    )


_EVERYWHERE = ("tape", "program", "table")
_BITS = 6
"""Enough for the tapes of all trained lengths; with its default 12 the NTM learns more slowly."""

ENTRANTS: tuple[Entrant, ...] = (
    Entrant("expert", _EVERYWHERE),
    Entrant("random", _EVERYWHERE),
    _form("search", "search", ["tape"], "pairs", "Blues", curriculum=True),
    _form(
        "nram",
        "nram",
        ["tape"],
        "pairs",
        "Blues",
        curriculum=True,
        variants=("-gradient", ""),
        overrides={"repair": 0, "turns": 1, "budget": 4000, "patience": 600},
    ),
    _form("nram-hybrid", "nram", ["tape"], "pairs", "Blues", curriculum=True),
    _form("npi", "npi", ["program"], "frames", "Greens", reusable=True),
    _form("alphanpi", "alphanpi", ["program"], "searched calls", "Greens", reusable=True),
    _form("synthesis", "synthesis", ["program"], "bodies tried", "Greens", reusable=True),
    _form("neural_programmer", "neural_programmer", ["table"], "questions", "Purples"),
    _form(
        "np-gradient",
        "neural_programmer",
        ["table"],
        "questions",
        "Purples",
        variants=("-gradient", ""),
        overrides={"learner": "gradient"},
    ),
    _form("lstm", "seq2seq", _EVERYWHERE, "pairs", "Oranges", overrides={"model": "lstm"}),
    _form(
        "lstm-attention",
        "seq2seq",
        _EVERYWHERE,
        "pairs",
        "Oranges",
        overrides={"model": "lstm-attention"},
    ),
    _form(
        "transformer",
        "seq2seq",
        _EVERYWHERE,
        "pairs",
        "Oranges",
        overrides={"model": "transformer"},
    ),
    _form(
        "ntm-lstm",
        "ntm",
        ["tape"],
        "pairs",
        "RdPu",
        overrides={"controller": "lstm", "bits": _BITS},
    ),
    _form(
        "ntm-mlp",
        "ntm",
        ["tape"],
        "pairs",
        "RdPu",
        overrides={"controller": "mlp", "bits": _BITS, "learning_rate": 3e-3},
    ),
    _rl("PPO"),
    _rl("MaskablePPO"),
    _rl("RecurrentPPO"),
    _rl("A2C"),
    _rl("DQN"),
    _rl("BC", "demonstrated steps"),
)
