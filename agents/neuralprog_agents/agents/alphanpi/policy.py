"""A trained network as a policy of the environment: the network alone, without search."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neuralprog_agents.agents.alphanpi.memo import Memo, Moment
from neuralprog_agents.agents.alphanpi.model import Network, Sizes
from neuralprog_envs.registry import make_task

Actions = NDArray[np.int64]


class AlphaNPIPolicy:
    """Chooses the likeliest action; it does not see the action mask.

    Args:
        env_id: The id of the environment it was trained for.
        settings: The environment's settings, without the length.
        model: The network.
    """

    def __init__(self, env_id: str, settings: dict[str, Any], model: Network) -> None:
        self.env_id = env_id
        self._settings = settings
        library = make_task(env_id, **settings).machine.library  # type: ignore[attr-defined]
        self._actions = np.array(list(library.actions.values()), dtype=np.int64)
        self._memo = Memo(model.eval())
        self.start(0)

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's settings: the form of the library and of the view."""
        return dict(self._settings)

    def start(self, n: int) -> None:
        """Start n episodes."""
        self._calls: list[list[Moment]] = [[] for _ in range(n)]

    def act(self, observation: Any, action_mask: Any) -> Actions:
        """Return the action of each environment, shape (n, 4)."""
        programs, depths = (
            observation["program"][:, 0].tolist(),
            observation["depth"][:, 0].tolist(),
        )
        views = observation["view"].tolist()
        chosen = map(self._choose, self._calls, programs, depths, views)
        return self._actions[list(chosen)]

    def _choose(self, calls: list[Moment], program: int, depth: int, view: list[int]) -> int:
        """Return the choice of one environment; if its depth has grown, a call has begun."""
        if not depth:
            return 0
        del calls[depth:]
        if len(calls) < depth:
            calls.append(self._memo.begin(program))
        calls[-1] = self._memo.see(program, calls[-1], tuple(view))
        return calls[-1].best


def load(weights: dict[str, NDArray[Any]], card: dict[str, Any]) -> AlphaNPIPolicy:
    """Return the policy of trained weights; see ``agent.load``."""
    plain: dict[str, Any] = card["sizes"]
    model = Network(Sizes(**{**plain, "view": tuple(plain["view"])}))
    wanted = {name: tuple(array.shape) for name, array in model.named_parameters()}
    if {name: array.shape for name, array in weights.items()} != wanted:
        raise ValueError("these weights do not fit the sizes in the card")
    model.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return AlphaNPIPolicy(card["env"], card["settings"], model)
