"""A trained network as a policy of the discrete environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray

from neuralprog_agents.evaluation.certificate import Proof
from neuralprog_agents.npi_network.actor import Actor
from neuralprog_agents.npi_network.core import core, load_network
from neuralprog_agents.npi_network.memo import Rollout
from neuralprog_agents.npi_network.model import NPI, Heads
from neuralprog_agents.npi_network.stack import Actions, Floats
from neuralprog_agents.npi_network.verification_set import covers
from neuralprog_envs.program.library import ACT
from neuralprog_envs.registry import find, make_task


@dataclass(frozen=True)
class LearnedTask:
    """A task that a network was trained on.

    Attributes:
        env_id: The id of its environment.
        settings: The environment's settings, without the length.
        trained_on_proof: Whether frames of the verification set were training data.
    """

    env_id: str
    settings: dict[str, Any]
    trained_on_proof: bool = False


class NPIPolicy:
    """A network as a policy of a program environment; it does not see the action mask.

    Args:
        model: The network.
        tasks: The tasks it was trained on, by their index in the network.
        domain: The index of the task that it acts in.
    """

    def __init__(self, model: NPI, tasks: Sequence[LearnedTask], domain: int = 0) -> None:
        self.model, self._tasks, self._domain = model.eval(), tasks, domain
        self.env_id, self._settings = tasks[domain].env_id, tasks[domain].settings
        decide = core(model, domain, self._store_heads)
        size = 2 * model.sizes.layers * model.sizes.hidden
        self._actor = Actor(decide, size)
        self._heads: Heads | None = None

    @property
    def env_ids(self) -> tuple[str, ...]:
        """The ids of the environments that it was trained on."""
        return tuple(find(task.env_id).id for task in self._tasks)

    def acting_in(self, env_id: str) -> NPIPolicy:
        """Return the policy for one of ``env_ids``; see ``agent.Versatile``."""
        return NPIPolicy(self.model, self._tasks, self.env_ids.index(env_id))

    def _store_heads(self, heads: Heads) -> None:
        self._heads = heads

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's settings: the form of the expert and of the view."""
        return dict(self._settings)

    def start(self, n: int) -> None:
        """Start n episodes."""
        self._actor.start(n)

    def act(self, observation: Any, action_mask: Any) -> Actions:
        """Return the action of each environment, shape (n, 4)."""
        return self._actor.act(observation)

    def action_probabilities(self) -> dict[str, Floats]:
        """Return the probabilities behind the last actions; see ``agent.Policy``.

        RETURN gets rₜ; the rest is spread over all programs. The share of other tasks' programs is
        not reported. Environments whose episode has ended get 0.
        """
        if self._heads is None:
            raise ValueError("there are no action probabilities before the first action")
        end = torch.sigmoid(self._heads.end)
        choices = self.model.sizes.domains[self._domain].actions
        calls = torch.softmax(self._heads.program[:, 0], dim=1)[:, : choices[0] - ACT] * (1 - end)
        names = ("program", "a1", "a2", "a3")
        arguments = [
            torch.softmax(logits[:, 0], dim=1)[:, :k]
            for logits, k in zip(self._heads.arguments, choices[1:], strict=True)
        ]
        probabilities = dict(zip(names, (torch.cat([end, calls], dim=1), *arguments), strict=True))
        return {
            name: self._actor.scattered(weights.numpy()) for name, weights in probabilities.items()
        }

    def play(
        self, task: Any, instances: Any, limits: Sequence[int], keep: bool = False
    ) -> list[Rollout]:
        """Play whole episodes from the memo table; see ``agent.Player``."""
        return self._actor.play(task, instances, limits, keep)

    @property
    def _task(self) -> Any:
        return make_task(self.env_id, length=1, **self._settings)

    @property
    def provable(self) -> bool:
        """Whether there is a verification set for its environment."""
        return bool(covers(self._task))

    def prove(self) -> list[Proof]:
        """Check the network on the verification set; see ``evaluation.certificate.Provable``."""
        from neuralprog_agents.npi_network.proof import prove

        trained_on = self._tasks[self._domain].trained_on_proof
        return [prove(self.model, self._task, trained_on, self._domain)]


def load(weights: dict[str, NDArray[Any]], card: dict[str, Any]) -> NPIPolicy:
    """Return the policy of trained weights; see ``agent.load``."""
    model = load_network(card["sizes"], weights)
    tasks = [_learned(record) for record in card.get("tasks", [card])]
    own = [task.env_id for task in tasks].index(card["env"])
    return NPIPolicy(model, tasks, own)


def _learned(record: dict[str, Any]) -> LearnedTask:
    seen = bool(record.get("verification_set_used_for_training", False))
    return LearnedTask(record["env"], record["settings"], seen)
