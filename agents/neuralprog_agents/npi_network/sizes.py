"""The sizes of a network, and the rows of its tables that belong to each task (no torch)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from neuralprog_agents.training.ranges import Within
from neuralprog_agents.training.schema import Size
from neuralprog_envs.program.library import ACT
from neuralprog_envs.program.machine import ProgramMachine

Row = Annotated[int, Within(0, 2**16)]
"""A row of the encoder's table, or of a memory."""
Layers = Annotated[int, Within(1, 16)]


@dataclass(frozen=True)
class Domain:
    """The part of a network that belongs to one task.

    ``view`` has the number of values of each of the E view components, ``actions`` the number of
    choices of an action's program and of its three arguments. The task's rows of the encoder's
    table begin at ``first``; ``programs`` are the rows in the memories, from ACT on. A task may
    have pictures, too.
    """

    view: tuple[Size, ...]
    actions: tuple[Size, Size, Size, Size]
    first: Row
    programs: tuple[Row, ...]
    pictured: bool = False

    @property
    def values(self) -> tuple[int, ...]:
        """The number of values of each integer input of the encoder: view and arguments."""
        return *self.view, *self.actions[1:]

    @property
    def end(self) -> int:
        """The end of the task's rows in the encoder's table (exclusive)."""
        return self.first + sum(self.values)


@dataclass(frozen=True)
class Sizes:
    """The sizes of a network of at least one task.

    D is the size of sₜ, the encoder's output (``state``); P and K are the widths of the program
    memory and of the key memory. There are ``hidden`` units in the encoder's first layer, in the
    core's MLP and in each of its LSTM layers.
    """

    domains: tuple[Domain, ...]
    state: Size
    program: Size
    key: Size
    hidden: Size
    layers: Layers

    def __post_init__(self) -> None:
        if not self.domains or not all(domain.programs for domain in self.domains):
            raise ValueError("a network has at least one task, and each task programs")

    @classmethod
    def like(cls, source: Any, domains: tuple[Domain, ...]) -> Sizes:
        """Return the sizes of a config or of other ``Sizes``, for the given tasks."""
        names = "state", "program", "key", "hidden", "layers"
        return cls(domains, *(getattr(source, name) for name in names))

    @cached_property
    def table(self) -> int:
        """The number of rows of the encoder's table."""
        return max(domain.end for domain in self.domains)

    @cached_property
    def programs(self) -> int:
        """N, the number of rows of the program memory and of the key memory."""
        return 1 + max(max(domain.programs) for domain in self.domains)

    @cached_property
    def arguments(self) -> tuple[int, int, int]:
        """The most choices of each argument in any task."""
        one, two, three = (max(d.actions[k] for d in self.domains) for k in (1, 2, 3))
        return one, two, three

    @property
    def pictured(self) -> bool:
        """Whether any task has pictures."""
        return any(domain.pictured for domain in self.domains)

    def order(self, domain: int) -> list[int]:
        """Return the rows of the memories: those of the task's programs, then all others."""
        own = self.domains[domain].programs
        return [*own, *(row for row in range(self.programs) if row not in own)]


def lay_out(machines: Iterable[ProgramMachine]) -> tuple[Domain, ...]:
    """Return the part of a network that belongs to each of the given machines' tasks.

    Tasks with the same pad share rows of the encoder's table, and their programs of the same name
    share rows of the memories. Everything else gets new rows, after those of earlier tasks.
    """
    pads: dict[Any, tuple[int, dict[str, int]]] = {}
    domains: list[Domain] = []
    for machine in machines:
        known = pads.setdefault(_pad(machine), (max((d.end for d in domains), default=0), {}))
        first, rows = known
        for name in machine.library.names[ACT:]:
            rows.setdefault(name, sum(len(taken) for _, taken in pads.values()))
        domains.append(
            Domain(
                view=tuple(values for _, values in machine.world.view),
                actions=_four(machine.actions),
                first=first,
                programs=tuple(rows[name] for name in machine.library.names[ACT:]),
                pictured=machine.world.picture is not None,
            )
        )
    return tuple(domains)


def _pad(machine: ProgramMachine) -> Any:
    """Return a value that is equal for two tasks just if they share pad and programs."""
    effects = tuple((effect.words, effect.arguments) for effect in machine.world.effects)
    return machine.world.rows, machine.world.view, effects, machine.actions[1:], machine.recursive


def check_domain(domain: Domain, machine: Any) -> None:
    """Raise ValueError where a network's part for a task is not of that task's machine."""
    own = lay_out([machine])[0]
    for name in ("view", "actions", "pictured"):
        if getattr(domain, name) != getattr(own, name):
            raise ValueError(
                f"the network's {name} is {getattr(domain, name)}, the task's {getattr(own, name)}"
            )
    if len(set(domain.programs)) != len(own.programs):
        raise ValueError(f"the network has {len(domain.programs)} programs for the task's")


def _four(numbers: Iterable[int]) -> tuple[int, int, int, int]:
    program, one, two, three = numbers
    return program, one, two, three
