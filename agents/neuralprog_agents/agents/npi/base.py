"""A trained network that programs are added to, all of its numbers staying as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from neuralprog_agents.agents.npi.config import Config, Task
from neuralprog_agents.agents.npi.data import Stream, seed, task_of
from neuralprog_agents.evaluation.agents import open_agent, weights_of
from neuralprog_agents.npi_network.model import NPI
from neuralprog_agents.npi_network.sizes import Domain, Sizes, lay_out, read

_MEMORIES = ("program_memory", "key_memory")

Matter = tuple[Task, int]
"""A task, and the seed of the traces that it is learned from."""


@dataclass(frozen=True)
class Base:
    """What a trained NPI has learned.

    Attributes:
        matter: Its tasks.
        sizes: Its network's.
        weights: Its parameters, by name.
        sha256: Their file's hash.
    """

    matter: tuple[Matter, ...]
    sizes: Sizes
    weights: dict[str, NDArray[Any]]
    sha256: str


def open_base(name: str) -> Base:
    """Return the base of a name that ``evaluate`` knows.

    Raises:
        ValueError: There is no such agent, or it is no NPI.
    """
    agent = open_agent(name)
    if agent.card.get("agent") != "npi":
        raise ValueError(f"base {name} is no npi")
    told = dict(agent.card["config"])
    told["also"] = tuple(Task(**task) for task in told.get("also", ()))
    return Base(
        matter=matter_of(Config(**told), int(agent.card["restart"])),
        sizes=read(agent.card["model"]["sizes"]),
        weights=weights_of(agent),
        sha256=str(agent.card["weights_sha256"]),
    )


def matter_of(config: Config, index: int) -> tuple[Matter, ...]:
    """Return all that a restart's network knows in the end: its base's as that had it, its own."""
    old = open_base(config.base).matter if config.base else ()
    new = (
        (task, seed(config, index, Stream.TRACES, number=number))
        for number, task in enumerate(config.tasks)
    )
    return (*old, *new)


def domains_of(matter: tuple[Matter, ...]) -> tuple[Domain, ...]:
    """Return what a network has for each task."""
    return lay_out(task_of(task, task.length[1]).machine for task, _ in matter)


def check(config: Config) -> None:
    """Raise ValueError if a config's base is none, or can't learn its tasks so."""
    base = open_base(config.base)
    known = {task.env for task, _ in base.matter}
    twice = [task.env for task in config.tasks if task.env in known]
    if twice:
        raise ValueError(f"base {config.base} knows {', '.join(twice)} already")
    if max(domain.end for domain in domains_of(matter_of(config, 0))) > base.sizes.table:
        envs = ", ".join(task.env for task in config.tasks)
        raise ValueError(f"base {config.base} has no encoder for the pad of {envs}")


def put(model: NPI, base: Base) -> None:
    """Give a network the numbers of its base, in place, and let only the programs' new rows learn.

    Args:
        model: A network of the base's sizes, but for more programs.
        base: The base.
    """
    old = base.sizes.programs
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            known = torch.from_numpy(base.weights[name])
            parameter[: len(known)].copy_(known)
            parameter.requires_grad_(name in _MEMORIES)
    for name in _MEMORIES:
        getattr(model, name).register_hook(lambda gradient: _beyond(gradient, old))


def _beyond(gradient: Tensor, rows: int) -> Tensor:
    """Return a gradient that is 0 in the first rows."""
    return torch.cat([torch.zeros_like(gradient[:rows]), gradient[rows:]])
