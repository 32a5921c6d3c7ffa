"""The one table of agents, and what an agent's module must offer.

Adding an agent is one package with a module of this form and one row in ``AGENTS``. A package
of its own adds one through the entry point group ``neuralprog.agents`` (name = module).
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, cast

from numpy.typing import NDArray

if TYPE_CHECKING:
    from neuralprog_agents.evaluation.policy import Answerer, Policy

AGENTS: Mapping[str, str] = MappingProxyType(
    {
        "alphanpi": "neuralprog_agents.alphanpi.agent",
        "neural_programmer": "neuralprog_agents.neural_programmer.agent",
        "neural_programmer_2017": "neuralprog_agents.neural_programmer_2017.agent",
        "npi": "neuralprog_agents.npi.agent",
        "nram": "neuralprog_agents.nram.agent",
        "ntm": "neuralprog_agents.ntm.agent",
        "rl": "neuralprog_agents.rl.agent",
        "search": "neuralprog_agents.search.agent",
        "seq2seq": "neuralprog_agents.seq2seq.agent",
        "synthesis": "neuralprog_agents.synthesis.agent",
    }
)
"""The module of every agent that comes with this package, imported when first used."""

Tensors = dict[str, NDArray[Any]]
Report = Callable[[Mapping[str, float]], None]
Stop = Callable[[], bool]


class AgentConfig(Protocol):
    """The fields that every agent's ``Config``, a frozen dataclass, has.

    An optional field ``test_lengths: tuple[int, ...]`` gives the lengths at which ``evaluate``
    scores by default. An optional field ``also`` holds further environments that the same weights
    learn: records with ``env`` and ``test_lengths`` of their own. ``__post_init__`` raises
    ValueError for a value out of its range.
    """

    @property
    def env(self) -> str:
        """The environment id to learn."""

    @property
    def seed(self) -> int:
        """Where all randomness comes from, together with the restart's index."""

    @property
    def restarts(self) -> int:
        """The most restarts that ``train`` tries, and the number that ``sweep`` does."""


@dataclass(frozen=True)
class Outcome:
    """What one restart came to.

    Attributes:
        success: Whether the learned program is right, as the agent judges it.
        metrics: Final numbers, by name.
        tensors: The weights of the policy, by name.
        card: What ``load`` needs besides the weights (sizes, the environment id …); plain JSON.
        pruned: Whether it was given up early as hopeless.
    """

    success: bool
    metrics: dict[str, float] = field(default_factory=dict)
    tensors: Tensors = field(default_factory=dict)
    card: dict[str, Any] = field(default_factory=dict)
    pruned: bool = False


class AgentModule(Protocol):
    """The module of an agent; importing it should be quick (import torch inside functions).

    It may also have ``check(config) -> None``, which raises ValueError where settings do not go
    together; ``train`` asks it before anything is written. Where what is learned from depends on
    the settings, ``supervision(config) -> str`` says it instead of ``SUPERVISION``. And
    ``check_certificate(weights, card, record) -> None`` checks a certificate by other code than
    made it, and raises ValueError where it does not stand; without it ``evaluate --recheck``
    proves again. ``ensemble(policies) -> Policy`` makes one policy of several, for
    ``evaluate --agent NAME,NAME``.
    """

    SUPERVISION: str
    """What the agent learns from, in words: "input/output pairs"."""

    @property
    def Config(self) -> type[Any]:  # noqa: N802
        """The agent's frozen dataclass of settings; see ``AgentConfig``."""

    def restart(self, config: Any, index: int, folder: Path, report: Report, stop: Stop) -> Outcome:
        """Do one complete training run, the unit of work.

        Args:
            config: A ``Config``.
            index: With ``config.seed`` it decides everything random.
            folder: The agent's own; it writes its checkpoint there (``training.checkpoint``)
                and, if one is there, continues from it as if it had never been interrupted.
            report: Takes metrics now and then: always "step" (an integer that grows), maybe
                "progress" (0 to 1), and others, the same names every time.
            stop: Asked often (every second or so): True means write a checkpoint and leave soon,
                with what has been learned so far. ``train`` and ``sweep`` throw it away, and go
                on from the checkpoint; the comparison, whose budget is spent, scores it.
        """

    def load(self, weights: Tensors, card: dict[str, Any]) -> Policy | Answerer:
        """Return the policy of an ``Outcome``'s ``tensors`` and ``card``.

        Raises:
            ValueError: They do not fit each other.
        """


def names() -> list[str]:
    """Return the name of every agent, sorted."""
    return sorted({*AGENTS, *_installed()})


def find(name: str) -> AgentModule:
    """Return the module of an agent.

    Raises:
        ValueError: There is no such agent; the message names the nearest ones.
    """
    module = AGENTS.get(name) or _installed().get(name)
    if module is None:
        known = names()
        near = difflib.get_close_matches(name, known, n=3) or known
        raise ValueError(f"unknown agent {name!r}: did you mean {', '.join(near)}?")
    return cast(AgentModule, importlib.import_module(module))


def _installed() -> dict[str, str]:
    return {point.name: point.value for point in entry_points(group="neuralprog.agents")}
