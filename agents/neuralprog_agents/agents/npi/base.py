"""A trained network that new programs are added to while its weights stay fixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from neuralprog_agents.agents.npi.config import Config, TaskConfig
from neuralprog_agents.agents.npi.data import Stream, seed, task_of
from neuralprog_agents.evaluation.agents import bases_of, open_agent, weights_of
from neuralprog_agents.npi_network.model import NPI
from neuralprog_agents.npi_network.sizes import Domain, Sizes, lay_out
from neuralprog_agents.training.schema import structured
from neuralprog_envs.registry import find

_MEMORIES = ("program_memory", "key_memory")

SeededTask = tuple[TaskConfig, int]
"""A task, and the seed of its training traces."""


@dataclass(frozen=True)
class Base:
    """A trained NPI: its tasks, its network, and the SHA-256 of the weights' file."""

    tasks: tuple[SeededTask, ...]
    sizes: Sizes
    weights: dict[str, NDArray[Any]]
    sha256: str


def open_base(name: str) -> Base:
    """Open a trained NPI, by the name of a pretrained agent or by its run folder.

    Raises:
        ValueError: The agent does not exist, or is not an NPI.
    """
    agent = open_agent(name)
    if agent.card.get("agent") != "npi":
        raise ValueError(f"base must be a trained npi, and {name} is not")
    bases_of(agent.card["config"])
    config = structured(Config, agent.card["config"], strict=True)
    return Base(
        tasks=tasks_of(config, agent.card["restart"]),
        sizes=structured(Sizes, agent.card["model"]["sizes"]),
        weights=weights_of(agent),
        sha256=str(agent.card["weights_sha256"]),
    )


def tasks_of(config: Config, index: int) -> tuple[SeededTask, ...]:
    """Return the tasks of a restart's network: those of its base, then those of the config."""
    old = open_base(config.base).tasks if config.base else ()
    new = (
        (task, seed(config, index, Stream.TRACES, number=number))
        for number, task in enumerate(config.tasks)
    )
    return (*old, *new)


def domains_of(tasks: tuple[SeededTask, ...]) -> tuple[Domain, ...]:
    """Return the part of a network that belongs to each task."""
    return lay_out(task_of(task, task.length[1]).machine for task, _ in tasks)


def check(config: Config) -> None:
    """Raise ValueError if `base` is not an NPI, has a task already, or lacks an encoder for one."""
    base = open_base(config.base)
    known = {find(task.env).id for task, _ in base.tasks}
    twice = [task.env for task in config.tasks if find(task.env).id in known]
    if twice:
        raise ValueError(f"base {config.base} has learned {', '.join(twice)} already")
    if max(domain.end for domain in domains_of(tasks_of(config, 0))) > base.sizes.table:
        envs = ", ".join(task.env for task in config.tasks)
        raise ValueError(f"base {config.base} has no encoder for the pad of {envs}")


def freeze(model: NPI, base: Base) -> None:
    """Copy the base's weights into a network, in place, and freeze all but the new programs' rows.

    The network has the base's sizes, and more programs.
    """
    old = base.sizes.programs
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            known = torch.from_numpy(base.weights[name])
            parameter[: len(known)].copy_(known)
            parameter.requires_grad_(name in _MEMORIES)
    for name in _MEMORIES:
        getattr(model, name).register_hook(lambda gradient: _zero_first(gradient, old))


def _zero_first(gradient: Tensor, rows: int) -> Tensor:
    """Return a gradient with its first rows set to 0."""
    return torch.cat([torch.zeros_like(gradient[:rows]), gradient[rows:]])
