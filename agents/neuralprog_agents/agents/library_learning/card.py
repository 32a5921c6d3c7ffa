"""What the card of a learned library must hold: its programs, and the modules that they call."""

from __future__ import annotations

from collections.abc import Sequence
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
    """A task's program: an array of the weights, see ``_arrays``; ``calls`` names its modules."""

    env: str
    time_limit: Coefficients
    trained_lengths: tuple[Count, Count]
    calls: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """The programs in the order in which they were learned, and all modules.

    A task may have several programs; it is the first that acts, and that is a module.
    """

    env: str
    programs: tuple[ProgramCard, ...]
    modules: tuple[ModuleCard, ...]
    calls: tuple[str, ...] = ()


def card_of(
    config: Config, programs: Sequence[TablePolicy], library: Library
) -> tuple[dict[str, Any], Tensors]:
    """Return the card and the weights of what was learned."""
    envs = [policy.env_id for policy in programs]
    of = [
        {
            "env": policy.env_id,
            "time_limit": list(policy.time_limit),
            "trained_lengths": list(policy.lengths),
            "calls": [module.name for module in policy.learned],
        }
        for policy in programs
    ]
    card, tensors = to_card(library)
    for name, policy in zip(_arrays(envs), programs, strict=True):
        tensors[name] = policy.table.copy()
    return {"env": [config.env, *dict.fromkeys(envs)][-1], "programs": of, **card}, tensors


def load_programs(
    tensors: Tensors, cards: Sequence[ProgramCard], modules: Sequence[ModuleCard]
) -> list[TablePolicy]:
    """Return all programs; raise ValueError if something is missing or has no form."""
    found = []
    for name, card in zip(_arrays([card.env for card in cards]), cards, strict=True):
        check_arrays({name: tensors[name]} if name in tensors else {}, {name: _TABLE})
        learned = from_card(modules, card.calls, tensors)
        policy = TablePolicy(
            card.env, tensors[name], card.time_limit, card.trained_lengths, learned=learned
        )
        found.append(policy)
    return found


def _arrays(envs: Sequence[str]) -> list[str]:
    """Return the array of each program: "program.ENV", "program.ENV.2" for a task's second."""
    numbers = [envs[: i + 1].count(env) for i, env in enumerate(envs)]
    return [
        f"program.{env}" + (f".{n}" if n > 1 else "") for env, n in zip(envs, numbers, strict=True)
    ]


_TABLE = ("int64", (None, None))


def load(weights: Tensors, card: Card) -> LibraryPolicy:
    """Return the policy of all programs; see ``AgentModule.load``."""
    arrays = [
        *_arrays([each.env for each in card.programs]),
        *(f"module.{each.name}" for each in card.modules),
    ]
    check_arrays(weights, dict.fromkeys(arrays, _TABLE))
    return LibraryPolicy(load_programs(weights, card.programs, card.modules), card.env)
