"""A trained network as a policy of the discrete environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from neuralprog_agents.agent import Tensors
from neuralprog_agents.agents.npi.card import Card, LearnedTask
from neuralprog_agents.evaluation.certificate import Proof
from neuralprog_agents.npi_network.memo import Memo, Rollout
from neuralprog_agents.npi_network.model import NPI, Heads, core
from neuralprog_agents.npi_network.sizes import check_domain
from neuralprog_agents.npi_network.stack import Actions, Floats, LockStep
from neuralprog_agents.npi_network.verification_set import covers
from neuralprog_agents.training.network import restored
from neuralprog_envs.program.library import ACT
from neuralprog_envs.registry import find, make_task


class NPIPolicy:
    """A network as a policy of a program environment; it does not see the action mask.

    It was trained on ``tasks``, by their index in the network, and acts in the one at ``domain``.
    """

    def __init__(self, model: NPI, tasks: Sequence[LearnedTask], domain: int = 0) -> None:
        self.model, self._tasks, self._domain = model.eval(), tasks, domain
        self.env_id, self._settings = tasks[domain].env, tasks[domain].settings
        decide = core(model, domain, self._store_heads)
        size = 2 * model.sizes.layers * model.sizes.hidden
        self._steps, self._memo = LockStep(decide, size), Memo(decide, size)
        self._heads: Heads | None = None

    @property
    def env_ids(self) -> tuple[str, ...]:
        """The ids of the environments that it was trained on."""
        return tuple(find(task.env).id for task in self._tasks)

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
        self._steps.start(n)

    def act(self, observation: Any, action_mask: Any) -> Actions:
        """Return the action of each environment, shape (n, 4)."""
        return self._steps.act(observation)

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
            name: self._steps.scattered(weights.numpy()) for name, weights in probabilities.items()
        }

    def play(
        self, task: Any, instances: Any, limits: Sequence[int], keep: bool = False
    ) -> list[Rollout]:
        """Play whole episodes from the memo table; see ``agent.Player``."""
        return self._memo.play(task, instances, limits, keep)

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

        trained_on = self._tasks[self._domain].verification_set_used_for_training
        return [prove(self.model, self._task, trained_on, self._domain)]


def load(weights: Tensors, card: Card) -> NPIPolicy:
    """Return the policy of trained weights; see ``agent.load``."""
    for domain, task in zip(card.sizes.domains, card.learned, strict=True):
        check_domain(domain, make_task(task.env, length=1, **task.settings).machine)
    model = restored(lambda: NPI(card.sizes), weights)
    return NPIPolicy(model, card.learned, card.envs.index(card.env))
