"""Who takes part: each agent in each of its forms, the references, and what a user names.

A new agent takes part with one row here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from neuralprog_agents import registry
from neuralprog_agents.evaluation.policy_file import is_policy_file, policy_file
from neuralprog_agents.training import config as settings
from neuralprog_agents.training import shipped
from neuralprog_agents.training.runs import task_name
from neuralprog_envs.registry import FAMILIES, find, make_task

_ON_PROGRAMS, _STEP_BY_STEP = "RL and annealing of programs", "RL step by step"
_GRADIENT, _SEARCH = "differentiable machine", "program search"
_NETWORK, _NPI = "sequence network", "NPI"
_IMITATION, _SYNTHESIS = "imitation", "synthesis"
APPROACHES: Mapping[str, str] = MappingProxyType(
    {
        _ON_PROGRAMS: "whole programs are run and rewarded, and drawn anew by a policy gradient "
        "or changed by simulated annealing",
        _STEP_BY_STEP: "the algorithms of Stable-Baselines3 choose one instruction at a time",
        _GRADIENT: "the soft machine of the NRAM or of the Neural Programmer, by gradient descent, "
        "in some settings with a population whose worst members copy the best; without a search "
        "for programs",
        _SEARCH: "programs are tried, by some agents beside gradient descent",
        _NETWORK: "LSTMs, transformers and neural Turing machines write the answer; a table is a "
        "thousand characters or more to them, so they see few in a minute",
        _NPI: "a Neural Programmer-Interpreter, a network that runs and calls programs, learns "
        "from recorded runs of the expert's",
        _IMITATION: "a network copies what the expert does",
        _SYNTHESIS: "search for programs that do what is specified",
    }
)
"""The ways of learning, and what each does."""


class NotApplicableError(ValueError):
    """An agent cannot face a task; the message says why."""


@dataclass(frozen=True, eq=False)
class Entrant:
    """One row of the comparison.

    Attributes:
        name: Its name there.
        approach: How it learns, of ``APPROACHES``; empty for what stands by itself.
        families: Where it takes part.
        agent: A name of the registry of agents; empty for what needs no training.
        samples: What is counted as a sample. Pairs and instances that are used again count once;
            steps and frames count each time.
        shared: Whether all restarts learn from the same samples, which then count once.
        overrides: The settings that make this form of the agent.
        variants: Endings of its config files, the preferred one first; see ``config``.
        note: What a reader of its name would not expect; empty for nothing.
        reusable: Whether what it learns can be called by other programs.
        installed: Whether it comes from a package of its own: its defaults are its settings.
    """

    name: str
    approach: str = ""
    families: tuple[str, ...] = tuple(FAMILIES)
    agent: str = ""
    samples: str = "samples"
    shared: bool = False
    overrides: Mapping[str, Any] = field(default_factory=dict)
    variants: tuple[str, ...] = ("",)
    note: str = ""
    reusable: bool = False
    installed: bool = False

    def config(self, env_id: str, **cell: Any) -> Any:
        """Return the agent's ``Config`` for a task.

        Its file is the first that exists of ``configs/AGENT/TASK+VARIANT.yaml`` for each variant,
        then ``configs/AGENT/FAMILY+VARIANT.yaml`` likewise, then ``configs/AGENT/FAMILY.yaml``. A
        family's file is taken with the task's default lengths.

        Args:
            env_id: The task.
            **cell: Settings of this cell, over all others.

        Raises:
            NotApplicableError: There is no such file, or the agent refuses the task.
        """
        row = find(env_id)
        if row.family not in self.families:
            raise NotApplicableError(f"it acts in the {' and '.join(self.families)} family only")
        try:
            config = self._installed(row.id) if self.installed else self._shipped(row.id, cell)
            registry.check(self.agent, config)
        except ValueError as error:
            reason = " ".join(str(error).split())  # without where this package lies
            raise NotApplicableError(reason.replace(str(shipped.folder()), "configs")) from None
        return config

    def _installed(self, env_id: str) -> Any:
        return registry.find(self.agent).Config(env=env_id)

    def _shipped(self, env_id: str, cell: Mapping[str, Any]) -> Any:
        path, row = self.file(env_id), find(env_id)
        of_family = path.stem.startswith(row.family)
        own = {"length": list(row.defaults["length"])} if of_family else {}
        given = {"env": row.id, **own, **self._posed(env_id), **self.overrides, **cell}
        return settings.parse(self.agent, path, [f"--{key}={given[key]}" for key in given])

    def _posed(self, env_id: str) -> dict[str, Any]:
        """Return the columns of the task's tables: all entrants are asked the same questions."""
        names = {each.name for each in fields(registry.find(self.agent).Config)}
        if "columns" not in names:
            return {}
        task: Any = make_task(env_id)
        return {"columns": list(task.source.columns)}

    def file(self, env_id: str) -> Path:
        """Return the file of its settings for a task; see ``config``."""
        row, folder = find(env_id), shipped.folder() / self.agent
        stems = (task_name(row.id), row.family)
        names = [f"{stem}{variant}" for stem in stems for variant in self.variants]
        for name in (*names, row.family):
            if (path := folder / f"{name}.yaml").is_file():
                return path
        raise NotApplicableError(f"configs/{self.agent} has no settings for it")


_TAPE, _PROGRAM, _TABLE = ("tape",), ("program",), ("table",)
_BITS = 6
"""Enough for the tapes of all trained lengths; with its default 12 the NTM learns more slowly."""


_DEFAULT_COLUMNS = ("-3-gradient", "-5-gradient", "-gradient")
"""Of the files of a task of tables, that for the columns which the task has by default."""


_NO_MEMORY_OF_SUCCESSES = {"self_imitation": 0, "exploration_envs": 0}
"""For algorithms that cannot imitate themselves, see ``agents/rl/train.py: IMITATES_ITSELF``."""


_ANNEALED = (
    "on Access, Copy, DuplicatedInput, Increment and Reverse it is a policy gradient alone. On the "
    "13 others it anneals whole programs, and its policy learns from these; most of its strength "
    "there is the annealing"
)
_SHORT_GRADIENT = (
    "on 7 tasks it has the settings of `nram-hybrid`, with more patience and without the search"
)
_TABULAR = "simulated annealing of a tabular policy"
_ALL_FRAMES = (
    "but for Canonicalize, it also learns from the situations that its proof checks, a finite set "
    "that covers every length; so its success at length × 10 is no generalisation from short traces"
)
_ALL_PROGRAMS = (
    "it tries all programs of four steps, and learns from those that answer right; the paper's "
    "differentiable machine is `np-gradient`"
)


_NEEDS_MORE_TIME = (
    "but for SingleColumn its schedules last longer than this minute: with 600 s, the one training "
    "of each other task that had so long solved it"
)


_LONG = (
    "1 to 3 million steps, more than most trainings take in a minute; so the table shows only "
    "how these begin"
)
_SCHEDULE = f"the entropy coefficient and mostly the learning rate fall over {_LONG}"
_IMITATES_ITSELF = f"{_SCHEDULE}. On tapes and tables it also learns by imitating its own successes"
_DQN = f"ε falls over the first 30 %, and the learning rate over all, of {_LONG}"


def _rl(algorithm: str, note: str = _IMITATES_ITSELF, **more: Any) -> Entrant:
    variants = (f"-{algorithm.lower()}", "")
    own = {"algorithm": algorithm, **more}
    return Entrant(
        algorithm.lower(),
        _STEP_BY_STEP,
        agent="rl",
        samples="steps",
        overrides=own,
        variants=variants,
        note=note,
    )


def _policy_gradient(name: str, reward: str) -> Entrant:
    own: dict[str, Any] = {"reward": reward}
    if reward == "sparse":
        own["unveil"] = False  # cells that are right would be partial credit
    return Entrant(
        name,
        _ON_PROGRAMS,
        _TAPE,
        "policy_gradient",
        "instances",
        shared=True,
        overrides=own,
        note=_ANNEALED,
    )


def _policy_search(name: str, reward: str) -> Entrant:
    own = {"reward": reward}
    return Entrant(
        name,
        _ON_PROGRAMS,
        _PROGRAM,
        "policy_search",
        "instances",
        shared=True,
        overrides=own,
        note=_TABULAR,
    )


def _seq2seq(model: str) -> Entrant:
    own = {"model": model}
    return Entrant(model, _NETWORK, agent="seq2seq", samples="pairs", shared=True, overrides=own)


def _ntm(controller: str, **more: Any) -> Entrant:
    own = {"controller": controller, "bits": _BITS, **more}
    return Entrant(f"ntm-{controller}", _NETWORK, _TAPE, "ntm", "pairs", shared=True, overrides=own)


ENTRANTS: tuple[Entrant, ...] = (
    Entrant("expert"),
    Entrant("random"),
    Entrant("search", _SEARCH, _TAPE, "search", "pairs", shared=True),
    Entrant(
        "nram-gradient", _GRADIENT, _TAPE, "nram", "pairs", shared=True,
        overrides={"repair": 0, "turns": 1, "budget": 4000, "patience": 600},
        variants=("-gradient", ""), note=_SHORT_GRADIENT,
    ),
    Entrant("nram-hybrid", _SEARCH, _TAPE, "nram", "pairs", shared=True),
    Entrant(
        "library-learning", _SEARCH, _TAPE, "library_learning", "pairs", shared=True, reusable=True,
        note="it also learns the tasks that lead to a task, within the same time",
    ),
    _policy_gradient("policy-gradient", "sparse"),
    _policy_gradient("policy-gradient-progress", "progress"),
    _policy_search("policy-search", "sparse"),
    _policy_search("policy-search-progress", "progress"),
    Entrant("npi", _NPI, _PROGRAM, "npi", "drawn frames", note=_ALL_FRAMES, reusable=True),
    Entrant("alphanpi", _SYNTHESIS, _PROGRAM, "alphanpi", "searched calls", reusable=True),
    Entrant("synthesis", _SYNTHESIS, _PROGRAM, "synthesis", "calls tried", reusable=True),
    Entrant(
        "neural_programmer", _SEARCH, _TABLE, "neural_programmer", "questions", note=_ALL_PROGRAMS
    ),
    Entrant(
        "np-gradient", _GRADIENT, _TABLE, "neural_programmer", "questions",
        overrides={"learner": "gradient"}, variants=_DEFAULT_COLUMNS, note=_NEEDS_MORE_TIME,
    ),
    Entrant(
        "np-rewards", _ON_PROGRAMS, _TABLE, "neural_programmer", "questions",
        overrides={"learner": "rewards"}, variants=("-rewards", ""),
    ),
    *map(_seq2seq, ("lstm", "lstm-attention", "transformer")),
    _ntm("lstm"),
    _ntm("mlp", learning_rate=3e-3),
    *map(_rl, ("PPO", "MaskablePPO", "A2C")),
    _rl("RecurrentPPO", _SCHEDULE, **_NO_MEMORY_OF_SUCCESSES),
    _rl("DQN", _DQN, **_NO_MEMORY_OF_SUCCESSES),
    Entrant(
        "imitation", _IMITATION, agent="rl", samples="demonstrated steps",
        overrides={"algorithm": "BC"}, variants=("-bc",),
    ),
)  # fmt: skip


@cache
def entrant(name: str) -> Entrant:
    """Return a row of ``ENTRANTS``, an installed agent, or a policy's Python file.

    Raises:
        ValueError: There is none of that name, or the file has no policy.
    """
    known = {each.name: each for each in ENTRANTS}
    if name in known:
        return known[name]
    if is_policy_file(name):
        home = find(policy_file(name).env_id)
        return Entrant(name, families=(home.family,))
    own = [each for each in registry.names() if each not in registry.AGENTS]
    if name in own:
        return Entrant(name, agent=name, installed=True)
    raise ValueError(
        f"unknown entrant {name!r}: {', '.join([*known, *own])}, or a policy's file NAME.py"
    )
