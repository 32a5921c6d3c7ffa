"""A trained network as a policy of the discrete environment: the network alone, no search."""

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
    """Acts through calls, by the likeliest choice; it is not shown what is legal.

    Args:
        env_id: The environment it was trained for.
        settings: That environment's settings, besides the length.
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
        """Return the environment's arguments: the recursive library and the form of the view."""
        return dict(self._settings)

    def start(self, n: int) -> None:
        """Begin n episodes."""
        self._calls: list[list[Moment]] = [[] for _ in range(n)]

    def act(self, observation: Any, action_mask: Any) -> Actions:
        """Return each slot's call or return, shape (n, 4)."""
        programs, depths = (
            observation["program"][:, 0].tolist(),
            observation["depth"][:, 0].tolist(),
        )
        views = observation["view"].tolist()
        chosen = map(self._choose, self._calls, programs, depths, views)
        return self._actions[list(chosen)]

    def _choose(self, calls: list[Moment], program: int, depth: int, view: list[int]) -> int:
        """Return a slot's choice; one more call under way than before has just begun."""
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
        raise ValueError("these weights do not fit an AlphaNPI of the sizes that the card gives")
    model.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return AlphaNPIPolicy(card["env"], card["settings"], model)
