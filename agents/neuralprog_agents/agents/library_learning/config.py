"""The settings of library learning; a YAML file holds differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from neuralprog_agents.circuits import examples
from neuralprog_agents.circuits.search_config import SearchConfig
from neuralprog_agents.training import ranges
from neuralprog_envs.registry import find, make_task
from neuralprog_envs.tape.functions import Function


@dataclass(frozen=True)
class Config:
    """A sequence of tasks, learned one after another; each function learned becomes a module."""

    env: str
    """The id of the last task of the sequence, such as NRAMPower-v0."""
    seed: ranges.Seed = 0
    """The seed of all randomness: the same seed gives the same programs."""
    restarts: ranges.Restarts = 20
    """How many times the whole sequence may be learned, until all of its tasks are."""

    tasks: tuple[SearchConfig, ...] = ()
    """The tasks in their order, each with its settings of the program search, see
    `neuralprog train --config search/copy --help`; seed, restarts and modules are not theirs."""
    attempts: ranges.Count = 30
    """How many times the search for one program may start again, before the next task's turn."""
    lifted: ranges.Share = 0.5
    """The share of all searches that begin at an earlier program, with one of its modules replaced,
    and not at a random one."""
    largest: Annotated[int, ranges.Within(3, 128)] = 64
    """A function becomes a module if it is right for all numbers modulo every M up to this."""
    keep: bool = True
    """Whether learned functions become modules and starts of other searches; if not, each task is
    learned alone, from the fourteen."""
    test_lengths: ranges.Counts = ()
    """The lengths that `evaluate` scores the last task at; empty: the environment's longest, 2 and
    10 times it."""

    def __post_init__(self) -> None:
        ranges.check(self)

    def search(self, stage: int) -> SearchConfig:
        """Return the settings of the search for a task's program."""
        return replace(self.tasks[stage], seed=self.seed)


def check(config: Config) -> None:
    """Raise ValueError where tasks do not go together, tapes are too long, or pairs too few."""
    _check_sequence(config)
    for stage in range(len(config.tasks)):
        own = config.search(stage)
        examples.check_memory(own)
        algorithm = make_task(own.env).algorithm  # type: ignore[attr-defined]
        if isinstance(algorithm, Function):
            _check_function(config, own, algorithm)


def _check_function(config: Config, own: SearchConfig, algorithm: Function) -> None:
    if config.keep and not own.halt:
        raise ValueError(f"{own.env} becomes a module, which must halt: set halt to true")
    if config.largest < algorithm.shortest:
        raise ValueError(f"largest must be at least {algorithm.shortest} for {own.env}")


def _check_sequence(config: Config) -> None:
    if not config.tasks or config.tasks[-1].env != config.env:
        raise ValueError(f"tasks must end with the task of env, {config.env}")
    if len({find(task.env).id for task in config.tasks}) < len(config.tasks):
        raise ValueError("tasks must be different environments: each is learned once")
    for task in config.tasks:
        if task.modules:
            raise ValueError("tasks have no modules of their own: they are what was learned")
