"""A trained network as a policy of the discrete environment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from numpy.typing import NDArray

from neuralprog_agents.evaluation.certificate import Proof
from neuralprog_agents.npi.memo import Memo, Run
from neuralprog_agents.npi.model import NPI, Heads, Sizes, decide, without_onednn
from neuralprog_agents.npi.stack import Actions, Core, Floats, Ints, LockStep
from neuralprog_envs.core import batch
from neuralprog_envs.registry import make_task


class NPIPolicy:
    """A network that acts through calls; it sees the view, and is not shown what is legal.

    Args:
        env_id: The environment it was trained for.
        settings: That environment's settings, besides the length.
        model: The network.
        trained_on_proof: Whether it has learned from frames of the verification set.
    """

    def __init__(
        self, env_id: str, settings: dict[str, Any], model: NPI, trained_on_proof: bool = False
    ) -> None:
        self.env_id, self.model = env_id, model.eval()
        self._settings, self._trained_on_proof = settings, trained_on_proof
        decide, size = core(model, self._hear), 2 * model.sizes.layers * model.sizes.hidden
        self._steps, self._memo = LockStep(decide, size), Memo(decide, size)
        self._heard: Heads | None = None

    def _hear(self, heads: Heads) -> None:
        self._heard = heads

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's arguments: the form of the expert and of the view."""
        return dict(self._settings)

    def start(self, n: int) -> None:
        """Begin n episodes."""
        self._steps.start(n)

    def act(self, observation: Any, action_mask: Any) -> Actions:
        """Return each slot's call or return, shape (n, 4)."""
        return self._steps.act(observation)

    def beliefs(self) -> dict[str, Floats]:
        """Return the probabilities behind the last actions; see ``evaluation.policy.Policy``.

        RETURN has that of rₜ, and the programs share the rest. Slots that have ended have none.
        """
        if self._heard is None:
            raise ValueError("there are no beliefs before the first action")
        end = torch.sigmoid(self._heard.end)
        calls = torch.softmax(self._heard.program[:, 0], dim=1) * (1 - end)
        names = ("program", "a1", "a2", "a3")
        arguments = (torch.softmax(logits[:, 0], dim=1) for logits in self._heard.arguments)
        told = dict(zip(names, (torch.cat([end, calls], dim=1), *arguments), strict=True))
        return {name: self._steps.scattered(weights.numpy()) for name, weights in told.items()}

    def play(
        self, task: Any, instances: Any, limits: Sequence[int], keep: bool = False
    ) -> list[Run]:
        """Play whole episodes from the memo table; see ``evaluation.policy.Player``."""
        rows = [slice(row, row + 1) for row in range(len(instances.length))]
        episodes = [task.machine.begin(batch.take(instances, row)) for row in rows]
        return self._memo.play(task, episodes, limits, keep)

    def prove(self) -> list[Proof]:
        """Check the task's whole verification set; see ``evaluation.certificate.Provable``."""
        from neuralprog_agents.npi.check import proof

        task: Any = make_task(self.env_id, length=1, **self._settings)
        return [proof(self.model, task, self._trained_on_proof)]


def core(model: NPI, listen: Callable[[Heads], None] = lambda heads: None) -> Core:
    """Return a network as the core of lock-step inference; a state is its h, then its c.

    Args:
        model: The network.
        listen: Is told what the heads say in each step.
    """
    shape = (2, model.sizes.layers, model.sizes.hidden)

    def step(program: Ints, arguments: Ints, view: Ints, state: Floats) -> tuple[Actions, Floats]:
        seen = (torch.from_numpy(part).long() for part in (program, arguments, view[:, None]))
        h, c = torch.from_numpy(state).view(-1, *shape).permute(1, 2, 0, 3).contiguous()
        with torch.inference_mode(), without_onednn():
            heads, after = model(*seen, (h, c))
            listen(heads)
            flat = torch.stack(after).permute(2, 0, 1, 3).reshape(len(state), -1)
            return decide(heads)[:, 0].numpy(), flat.numpy()

    return step


def load(weights: dict[str, NDArray[Any]], card: dict[str, Any]) -> NPIPolicy:
    """Return the policy of trained weights; see ``agent.load``."""
    plain: dict[str, Any] = card["sizes"]
    lists = {name: tuple(plain[name]) for name in ("view", "actions")}
    model = NPI(Sizes(**{**plain, **lists}))
    wanted = {name: tuple(array.shape) for name, array in model.named_parameters()}
    if {name: array.shape for name, array in weights.items()} != wanted:
        raise ValueError("these weights do not fit an NPI of the sizes that the card gives")
    model.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    seen = bool(card.get("verification_set_used_for_training", False))
    return NPIPolicy(card["env"], card["settings"], model, seen)
