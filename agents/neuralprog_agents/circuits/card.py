"""What the card of a learned table of circuits must hold, besides its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neuralprog_agents.agent import Tensors
from neuralprog_agents.circuits.examples import time_limit
from neuralprog_agents.circuits.library import ModuleCard, from_card
from neuralprog_agents.circuits.policy import TablePolicy
from neuralprog_agents.circuits.settings import PairSettings
from neuralprog_agents.circuits.tables import Coefficients
from neuralprog_agents.training.checkpoint import check_arrays
from neuralprog_agents.training.schema import Count


@dataclass(frozen=True)
class Card:
    """Where it acts, the time limit, the lengths it learned from, and the modules it calls."""

    env: str
    time_limit: Coefficients
    trained_lengths: tuple[Count, Count]
    modules: tuple[ModuleCard, ...] = ()
    calls: tuple[str, ...] = ()


def card_of(config: PairSettings) -> dict[str, Any]:
    """Return the card of a config's outcome."""
    return {
        "env": config.env,
        "time_limit": list(time_limit(config)),
        "trained_lengths": list(config.length),
    }


def load(weights: Tensors, card: Card) -> TablePolicy:
    """Return the policy of "table", shape (2^R, K), int64; see ``AgentModule.load``.

    The weights also have the circuits of the learned modules, see ``library``.
    """
    arrays = ["table", *(f"module.{each.name}" for each in card.modules)]
    check_arrays(weights, dict.fromkeys(arrays, ("int64", (None, None))))
    learned = from_card(card.modules, card.calls, weights)
    return TablePolicy(
        card.env, weights["table"], card.time_limit, card.trained_lengths, learned=learned
    )
