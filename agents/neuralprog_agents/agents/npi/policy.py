"""A trained network as a policy of the discrete environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray

from neuralprog_agents.evaluation.certificate import Proof
from neuralprog_agents.npi_network.actor import Actor
from neuralprog_agents.npi_network.core import core, restored
from neuralprog_agents.npi_network.memo import Run
from neuralprog_agents.npi_network.model import NPI, Heads
from neuralprog_agents.npi_network.stack import Actions, Floats
from neuralprog_agents.npi_network.verify import covers
from neuralprog_envs.program.library import ACT
from neuralprog_envs.registry import find, make_task


@dataclass(frozen=True)
class Learned:
    """A task that a network has learned.

    Attributes:
        env_id: Its environment.
        settings: The environment's settings, besides the length.
        trained_on_proof: Whether frames of the verification set were learned from.
    """

    env_id: str
    settings: dict[str, Any]
    trained_on_proof: bool = False


class NPIPolicy:
    """A network that acts through calls; it sees the view, and is not shown what is legal.

    Args:
        model: The network.
        tasks: What it has learned; task i has domain i of the network.
        domain: Where it acts.
    """

    def __init__(self, model: NPI, tasks: Sequence[Learned], domain: int = 0) -> None:
        self.model, self._tasks, self._domain = model.eval(), tasks, domain
        self.env_id, self._settings = tasks[domain].env_id, tasks[domain].settings
        decide = core(model, domain, self._hear)
        size = 2 * model.sizes.layers * model.sizes.hidden
        self._actor = Actor(decide, size)
        self._heard: Heads | None = None

    @property
    def env_ids(self) -> tuple[str, ...]:
        """The environments that it has learned."""
        return tuple(find(task.env_id).id for task in self._tasks)

    def acting_in(self, env_id: str) -> NPIPolicy:
        """Return the policy for one of them; see ``agent.Versatile``."""
        return NPIPolicy(self.model, self._tasks, self.env_ids.index(env_id))

    def _hear(self, heads: Heads) -> None:
        self._heard = heads

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's arguments: the form of the expert and of the view."""
        return dict(self._settings)

    def start(self, n: int) -> None:
        """Begin n episodes."""
        self._actor.start(n)

    def act(self, observation: Any, action_mask: Any) -> Actions:
        """Return each slot's call or return, shape (n, 4)."""
        return self._actor.act(observation)

    def beliefs(self) -> dict[str, Floats]:
        """Return the probabilities behind the last actions; see ``agent.Policy``.

        RETURN has that of rₜ, and the programs share the rest, those of other tasks too, of which
        nothing is told. Slots that have ended have none.
        """
        if self._heard is None:
            raise ValueError("there are no beliefs before the first action")
        end = torch.sigmoid(self._heard.end)
        choices = self.model.sizes.domains[self._domain].actions
        calls = torch.softmax(self._heard.program[:, 0], dim=1)[:, : choices[0] - ACT] * (1 - end)
        names = ("program", "a1", "a2", "a3")
        arguments = [
            torch.softmax(logits[:, 0], dim=1)[:, :k]
            for logits, k in zip(self._heard.arguments, choices[1:], strict=True)
        ]
        told = dict(zip(names, (torch.cat([end, calls], dim=1), *arguments), strict=True))
        return {name: self._actor.scattered(weights.numpy()) for name, weights in told.items()}

    def play(
        self, task: Any, instances: Any, limits: Sequence[int], keep: bool = False
    ) -> list[Run]:
        """Play whole episodes from the memo table; see ``agent.Player``."""
        return self._actor.play(task, instances, limits, keep)

    @property
    def _task(self) -> Any:
        return make_task(self.env_id, length=1, **self._settings)

    @property
    def provable(self) -> bool:
        """Whether there is a verification set for the environment where it acts."""
        return bool(covers(self._task))

    def prove(self) -> list[Proof]:
        """Check the task's whole verification set; see ``evaluation.certificate.Provable``."""
        from neuralprog_agents.npi_network.check import proof

        trained_on = self._tasks[self._domain].trained_on_proof
        return [proof(self.model, self._task, trained_on, self._domain)]


def load(weights: dict[str, NDArray[Any]], card: dict[str, Any]) -> NPIPolicy:
    """Return the policy of trained weights; see ``agent.load``."""
    model = restored(card["sizes"], weights)
    tasks = [_learned(record) for record in card.get("tasks", [card])]
    own = [task.env_id for task in tasks].index(card["env"])
    return NPIPolicy(model, tasks, own)


def _learned(record: dict[str, Any]) -> Learned:
    seen = bool(record.get("verification_set_used_for_training", False))
    return Learned(record["env"], record["settings"], seen)
