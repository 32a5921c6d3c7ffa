"""The sizes of a network, and where in it each task has its part; no torch here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from neuralprog_envs.program.library import ACT
from neuralprog_envs.program.machine import ProgramMachine


@dataclass(frozen=True)
class Domain:
    """What a network has for one task.

    Attributes:
        view: The number of values of each of the E view components.
        actions: The choices of an action's program and of its three arguments.
        first: The first row of the encoder's table that is the task's.
        programs: The memories' row of each program from ACT on.
        pictured: Whether there are pictures besides the view.
    """

    view: tuple[int, ...]
    actions: tuple[int, int, int, int]
    first: int
    programs: tuple[int, ...]
    pictured: bool = False

    @property
    def values(self) -> tuple[int, ...]:
        """The number of values of each integer that the encoder sees: view and arguments."""
        return *self.view, *self.actions[1:]

    @property
    def end(self) -> int:
        """One past its last row in the encoder's table."""
        return self.first + sum(self.values)


@dataclass(frozen=True)
class Sizes:
    """The sizes of a network.

    Attributes:
        domains: What it has for each task; at least one.
        state: D, what the encoder gives.
        program: P, the width of the program memory.
        key: K, the width of the key memory.
        hidden: Units in the encoder's first layer, the core's MLP and each LSTM layer.
        layers: LSTM layers.
    """

    domains: tuple[Domain, ...]
    state: int
    program: int
    key: int
    hidden: int
    layers: int

    @cached_property
    def table(self) -> int:
        """The rows of the encoder's table."""
        return max(domain.end for domain in self.domains)

    @cached_property
    def programs(self) -> int:
        """N, the rows of the program and the key memory."""
        return 1 + max(max(domain.programs) for domain in self.domains)

    @cached_property
    def arguments(self) -> tuple[int, int, int]:
        """The choices of each argument in any of the tasks."""
        one, two, three = (max(d.actions[k] for d in self.domains) for k in (1, 2, 3))
        return one, two, three

    @property
    def pictured(self) -> bool:
        """Whether any task has pictures."""
        return any(domain.pictured for domain in self.domains)

    def order(self, domain: int) -> list[int]:
        """Return the rows of the memories: a task's own, by number, and then all others."""
        own = self.domains[domain].programs
        return [*own, *(row for row in range(self.programs) if row not in own)]


def lay_out(machines: Iterable[ProgramMachine]) -> tuple[Domain, ...]:
    """Return what a network has for each of some tasks.

    Tasks with the same pad see it through the same rows of the encoder's table, and programs of
    one pad that have the same name are the same program. Everything else has rows of its own,
    behind those of the tasks before.
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
    """Return what makes two tasks' pads, and the programs on it, the same."""
    effects = tuple((effect.words, effect.arguments) for effect in machine.world.effects)
    return machine.world.rows, machine.world.view, effects, machine.actions[1:], machine.recursive


def read(plain: Mapping[str, Any]) -> Sizes:
    """Return the sizes that a card gives in the types of JSON.

    Cards that are older than networks for several tasks give one task's view and actions.
    """
    rest = {name: int(plain[name]) for name in ("state", "program", "key", "hidden", "layers")}
    if "domains" in plain:
        return Sizes(tuple(_domain(each) for each in plain["domains"]), **rest)
    actions = _four(plain["actions"])
    programs = tuple(range(actions[0] - ACT))
    return Sizes((Domain(tuple(plain["view"]), actions, 0, programs),), **rest)


def _domain(plain: Mapping[str, Any]) -> Domain:
    return Domain(
        view=tuple(plain["view"]),
        actions=_four(plain["actions"]),
        first=int(plain["first"]),
        programs=tuple(plain["programs"]),
        pictured=bool(plain["pictured"]),
    )


def _four(numbers: Iterable[int]) -> tuple[int, int, int, int]:
    program, one, two, three = numbers
    return program, one, two, three
