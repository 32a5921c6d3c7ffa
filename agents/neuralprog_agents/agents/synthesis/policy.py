"""Bodies, or a network that was distilled from them, as a policy of the environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agent import Tensors
from neuralprog_agents.agents.synthesis import bodies
from neuralprog_agents.agents.synthesis.bodies import CALL, KIND, MATCH, NEXT, NOWHERE, WHAT
from neuralprog_agents.agents.synthesis.card import Card
from neuralprog_agents.evaluation.certificate import Proof
from neuralprog_agents.npi_network.memo import Memo, Rollout
from neuralprog_agents.npi_network.sizes import Sizes, check_domain
from neuralprog_agents.npi_network.stack import Core, LockStep
from neuralprog_envs.program.library import RETURN, Action, Library
from neuralprog_envs.registry import make_task

_RETURN: Action = (RETURN, 0, 0, 0)
_TABLES = ("nodes", "roots")


class Interpreter:
    """Executes bodies step by step; ``tables`` has "nodes" and "roots", see ``bodies.tabulate``."""

    def __init__(self, library: Library, tables: Tensors) -> None:
        self._actions = list(library.actions.values())
        self._nodes = tables["nodes"].tolist()
        self._roots = tables["roots"].tolist()

    def begin(self, program: int) -> int:
        """Return the first node of a program's body."""
        return int(self._roots[program - 2])

    def step(self, node: int, view: Sequence[int]) -> tuple[Action, int]:
        """Return the action at a node, and the node after it (the same node after RETURN).

        A body returns at a value without a case.
        """
        row = self._nodes[node]
        while row[KIND] == MATCH:
            following = row[NEXT + view[row[WHAT]]]
            if following == NOWHERE:
                return _RETURN, node
            node, row = following, self._nodes[following]
        return (self._actions[row[WHAT]], row[NEXT]) if row[KIND] == CALL else (_RETURN, node)

    def core(
        self,
        program: NDArray[Any],
        arguments: NDArray[Any],
        view: NDArray[Any],
        state: NDArray[np.float32],
        pictures: Any = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Compute one step of n calls; see ``stack.Core``. The state is the node plus 1, or 0."""
        states = state[:, 0].astype(np.int64).tolist()
        nodes = [s - 1 if s else self.begin(p) for s, p in zip(states, program, strict=True)]
        steps = [self.step(node, seen) for node, seen in zip(nodes, view.tolist(), strict=True)]
        actions = np.array([action for action, _ in steps], dtype=np.int64)
        return actions, np.array([[node + 1] for _, node in steps], dtype=np.float32)


class SynthesisPolicy:
    """A policy that runs bodies, or a network that was distilled from them.

    The weights are "nodes" and "roots" (see ``bodies.tabulate``), and the network's parameters.

    Raises:
        ValueError: The weights do not fit the environment's library or the sizes of the card.
    """

    def __init__(self, card: Card, weights: Tensors) -> None:
        self.env_id, self._settings, self._beyond = card.env, card.settings, card.beyond
        tables = {name: array for name, array in weights.items() if name in _TABLES}
        network = {name: array for name, array in weights.items() if name not in _TABLES}
        machine = self._task().machine
        self._library, self._view = machine.library, machine.world.view
        bodies.check(tables, self._library, [values for _, values in self._view])
        self.bodies = [bodies.body_of(tables["nodes"], root) for root in tables["roots"].tolist()]
        self.interpreter = Interpreter(self._library, tables)
        if network and card.sizes is None:
            raise ValueError(f"the card tells of no network, and there is {min(network)}")
        self._model = _network(card.sizes, network, machine) if card.sizes else None
        core, size = self._core()
        self._steps, self._memo = LockStep(core, size), Memo(core, size)

    def _core(self) -> tuple[Core, int]:
        """Return what chooses the actions, and the size of its state."""
        if self._model is None:
            return self.interpreter.core, 1
        from neuralprog_agents.npi_network.model import core

        return core(self._model), 2 * self._model.sizes.layers * self._model.sizes.hidden

    def _task(self) -> Any:
        return make_task(self.env_id, length=1, **self._settings)

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's settings: the recursive library and the form of the view."""
        return dict(self._settings)

    def program_text(self) -> str:
        """Return the bodies in words."""
        return bodies.text(self._library, self._view, self.bodies)

    def start(self, n: int) -> None:
        """Start n episodes."""
        self._steps.start(n)

    def act(self, observation: Any, action_mask: Any) -> NDArray[np.int64]:
        """Return the action of each environment, shape (n, 4)."""
        return self._steps.act(observation)

    def play(
        self, task: Any, instances: Any, limits: Sequence[int], keep: bool = False
    ) -> list[Rollout]:
        """Play whole episodes; see ``agent.Player``."""
        return self._memo.play(task, instances, limits, keep)

    def prove(self) -> list[Proof]:
        """Check the bodies and, if there is one, the network; see ``proof.py``."""
        from neuralprog_agents.agents.synthesis import proof

        own = proof.prove(self.env_id, self.bodies, self._beyond)
        if self._model is None:
            return [own]
        return [own, proof.prove_network(self._model, self.env_id, self.bodies)]


def _network(sizes: Sizes, weights: Tensors, machine: Any) -> Any:
    """Return an NPI with the given weights."""
    from neuralprog_agents.npi_network.model import NPI
    from neuralprog_agents.training.network import restored

    check_domain(sizes.domains[0], machine)
    return restored(lambda: NPI(sizes), weights)
