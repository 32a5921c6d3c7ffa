"""A trained network as a policy of the environment: the network alone, without search."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agents.alphanpi.memo import Memo, Prediction
from neuralprog_agents.agents.alphanpi.model import Network
from neuralprog_envs.registry import make_task

Actions = NDArray[np.int64]


class AlphaNPIPolicy:
    """Chooses the likeliest action; it does not see the action mask.

    ``settings`` are the environment's, without the length.
    """

    def __init__(self, env_id: str, settings: dict[str, Any], model: Network) -> None:
        self.env_id = env_id
        self._settings = settings
        machine: Any = make_task(env_id, **settings).machine
        library = machine.library
        seen = tuple(values for _, values in machine.world.view)
        wanted = seen, len(library.programs), len(library.actions)
        if (model.sizes.view, model.sizes.programs, model.sizes.choices) != wanted:
            raise ValueError(f"the network is of another library or view than {env_id} has")
        self._actions = np.array(list(library.actions.values()), dtype=np.int64)
        self._memo = Memo(model.eval())
        self.start(0)

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's settings: the form of the library and of the view."""
        return dict(self._settings)

    def start(self, n: int) -> None:
        """Start n episodes."""
        self._calls: list[list[Prediction]] = [[] for _ in range(n)]

    def act(self, observation: Any, action_mask: Any) -> Actions:
        """Return the action of each environment, shape (n, 4)."""
        programs, depths = (observation[name][:, 0].tolist() for name in ("program", "depth"))
        views = observation["view"].tolist()
        chosen = map(self._choose, self._calls, programs, depths, views)
        return self._actions[list(chosen)]

    def _choose(self, calls: list[Prediction], program: int, depth: int, view: list[int]) -> int:
        """Return the choice of one environment; if its depth has grown, a call has begun."""
        if not depth:
            return 0
        del calls[depth:]
        if len(calls) < depth:
            calls.append(self._memo.begin(program))
        calls[-1] = self._memo.advance(program, calls[-1], tuple(view))
        return calls[-1].best
