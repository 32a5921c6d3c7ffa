"""What the card of a learned library must hold: its programs, and the modules that they call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neuralprog_agents.agent import Tensors
from neuralprog_agents.agents.library_learning.config import Config
from neuralprog_agents.agents.library_learning.policy import LibraryPolicy
from neuralprog_agents.circuits.library import Library, ModuleCard, from_card, to_card
from neuralprog_agents.circuits.policy import TablePolicy
from neuralprog_agents.circuits.tables import Coefficients
from neuralprog_agents.training.checkpoint import check_arrays
from neuralprog_agents.training.schema import Count


@dataclass(frozen=True)
class ProgramCard:
    """A task's program: the array "program.ENV" of the weights; ``calls`` names its modules."""

    env: str
    time_limit: Coefficients
    trained_lengths: tuple[Count, Count]
    calls: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """The programs in the order in which they were learned, and all modules."""

    env: str
    programs: tuple[ProgramCard, ...]
    modules: tuple[ModuleCard, ...]
    calls: tuple[str, ...] = ()


def card_of(
    config: Config, programs: Mapping[str, TablePolicy], library: Library
) -> tuple[dict[str, Any], Tensors]:
    """Return the card and the weights of what was learned."""
    of = [
        {
            "env": env,
            "time_limit": list(policy.time_limit),
            "trained_lengths": list(policy.lengths),
            "calls": [module.name for module in policy.learned],
        }
        for env, policy in programs.items()
    ]
    card, tensors = to_card(library)
    tensors |= {f"program.{env}": policy.table.copy() for env, policy in programs.items()}
    env = [config.env, *programs][-1]
    return {"env": env, "programs": of, **card}, tensors


def load_programs(
    tensors: Tensors, cards: Sequence[ProgramCard], modules: Sequence[ModuleCard]
) -> dict[str, TablePolicy]:
    """Return the program of each task; raise ValueError if something is missing or has no form."""
    found = {}
    for card in cards:
        name = f"program.{card.env}"
        check_arrays({name: tensors[name]} if name in tensors else {}, {name: _TABLE})
        learned = from_card(modules, card.calls, tensors)
        found[card.env] = TablePolicy(
            card.env, tensors[name], card.time_limit, card.trained_lengths, learned=learned
        )
    return found


_TABLE = ("int64", (None, None))


def load(weights: Tensors, card: Card) -> LibraryPolicy:
    """Return the policy of all programs; see ``AgentModule.load``."""
    arrays = [
        *(f"program.{each.env}" for each in card.programs),
        *(f"module.{each.name}" for each in card.modules),
    ]
    check_arrays(weights, dict.fromkeys(arrays, _TABLE))
    return LibraryPolicy(load_programs(weights, card.programs, card.modules), card.env)
