"""Learned modules by name, in cards and as files: what a machine has beyond the fourteen.

A *library* is a sequence of learned modules, each written in the fourteen and in earlier ones. An
agent's weights and card carry the modules that its program uses, so that an agent is one thing
whatever becomes of the agents it learned from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuralprog_agents.agent import Tensors
from neuralprog_agents.circuits.program import (
    FIRST_LEARNED,
    live_modules,
    module_list,
    with_learned,
)
from neuralprog_agents.circuits.tables import CircuitTable, Coefficients
from neuralprog_agents.training.checkpoint import check_arrays
from neuralprog_envs.tape.learned import LearnedModule

Library = tuple[LearnedModule, ...]


@dataclass(frozen=True)
class ModuleCard:
    """A learned module in a card; its circuits are the array "module.NAME" of the weights.

    ``calls`` are the names of the learned modules on its list, which stand before it in the card;
    ``sha256`` is ``LearnedModule.digest``.
    """

    name: str
    arity: int
    time_limit: Coefficients
    calls: tuple[str, ...]
    sha256: str


def learned_in(modules: Iterable[Any]) -> Library:
    """Return the learned ones among a machine's modules."""
    return tuple(module for module in modules if isinstance(module, LearnedModule))


def closure(library: Sequence[LearnedModule]) -> Library:
    """Return modules and all that they call, each after what it calls.

    Raises:
        ValueError: Two different ones have one name.
    """
    found: dict[LearnedModule, None] = {}

    def walk(modules: Iterable[LearnedModule]) -> None:
        for module in modules:
            if module not in found:
                walk(learned_in(module.modules))
                found[module] = None

    walk(library)
    names = [module.name for module in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two different modules are called {twice[0]}")
    return tuple(found)


def to_card(library: Sequence[LearnedModule]) -> tuple[dict[str, Any], Tensors]:
    """Return what a card says of a program's modules, and their circuits."""
    every = closure(library)
    cards = [
        {
            "name": module.name,
            "arity": module.arity,
            "time_limit": list(module.time_limit),
            "calls": [each.name for each in learned_in(module.modules)],
            "sha256": module.digest,
        }
        for module in every
    ]
    tensors = {f"module.{module.name}": module.circuits.copy() for module in every}
    return {"modules": cards, "calls": [module.name for module in library]}, tensors


def from_card(cards: Sequence[ModuleCard], calls: Sequence[str], tensors: Tensors) -> Library:
    """Undo ``to_card``.

    Raises:
        ValueError: A module is missing, is not what its hash says, or does not fit its list.
    """
    known: dict[str, LearnedModule] = {}
    for card in cards:
        own = _named(known, card.calls)
        wanted = f"module.{card.name}"
        check_arrays({wanted: tensors.get(wanted, _NOTHING)}, {wanted: ("int64", (None, None))})
        module = LearnedModule(
            card.name, card.arity, tensors[wanted], card.time_limit, with_learned(own)
        )
        if module.digest != card.sha256:
            raise ValueError(f"the module {card.name} is not the one that the card names: its hash")
        known[card.name] = module
    return _named(known, calls)


_NOTHING = np.zeros(0)


def _named(known: dict[str, LearnedModule], names: Sequence[str]) -> Library:
    for name in names:
        if name not in known:
            raise ValueError(f"the card calls a module {name} that it does not list before")
    return tuple(known[name] for name in names)


def used_by(
    table: CircuitTable, patterns: Iterable[int], registers: int, library: Library
) -> Library:
    """Return the modules that circuits of some patterns need, of those of their machine."""
    owner = module_list(library).owner
    live = 0
    for pattern in patterns:
        live |= live_modules(table[pattern], registers, owner)
    return tuple(module for i, module in enumerate(library) if live >> (FIRST_LEARNED + i) & 1)


def relisted(table: CircuitTable, registers: int, before: Library, after: Library) -> CircuitTable:
    """Return the table of a program on another list of modules, with all that it uses, in order.

    What no longer exists is replaced by r1, and so are the arguments of new modules.
    """
    old, new = with_learned(before), with_learned(after)
    number = {module: registers + i for i, module in enumerate(new)}
    source = np.array([*range(registers), *(number.get(m, 0) for m in old)], dtype=np.int64)
    first = dict(zip(old, module_list(before).first, strict=True))
    arguments = [
        source[table[:, first[module] + k]] if module in first else np.zeros(len(table), np.int64)
        for module in new
        for k in range(module.arity)
    ]
    rest = len(module_list(before).owner)
    return np.column_stack([*arguments, source[table[:, rest:-1]], table[:, -1]])
