"""Bodies as a policy of the discrete environment: each call goes on from its own node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.evaluation.certificate import Proof
from neuralprog_agents.registry import Tensors
from neuralprog_agents.synthesis import bodies
from neuralprog_agents.synthesis.bodies import CALL, KIND, MATCH, NEXT, NOWHERE, WHAT
from neuralprog_envs.core import batch
from neuralprog_envs.program.episode import ProgramEpisode
from neuralprog_envs.program.library import ACT, RETURN, Action, Library
from neuralprog_envs.registry import make_task

_RETURN: Action = (RETURN, 0, 0, 0)


class Interpreter:
    """Says what a body does next.

    Args:
        library: The programs.
        tables: "nodes" and "roots"; see ``bodies.tabulate``.
    """

    def __init__(self, library: Library, tables: Tensors) -> None:
        self._actions = list(library.actions.values())
        self._nodes = tables["nodes"].tolist()
        self._roots = tables["roots"].tolist()

    def begin(self, program: int) -> int:
        """Return the first node of a program's body."""
        return int(self._roots[program - 2])

    def step(self, node: int, view: Sequence[int]) -> tuple[Action, int]:
        """Return what is done at a node, and the node after it; a return stays where it is.

        A value that no case is for makes a body return.
        """
        row = self._nodes[node]
        while row[KIND] == MATCH:
            node = row[NEXT + view[row[WHAT]]]
            if node == NOWHERE:
                return _RETURN, node
            row = self._nodes[node]
        return (self._actions[row[WHAT]], row[NEXT]) if row[KIND] == CALL else (_RETURN, node)


@dataclass
class Run:
    """An episode that has been played; see ``evaluation.policy.Played``."""

    episode: ProgramEpisode
    actions: list[Any] | None


class BodiesPolicy:
    """Acts as the found bodies say.

    Args:
        card: "env", "settings" and "beyond".
        tables: "nodes" and "roots"; see ``bodies.tabulate``.

    Raises:
        ValueError: They are no bodies of the environment's programs.
    """

    def __init__(self, card: Mapping[str, Any], tables: Tensors) -> None:
        self.env_id = str(card["env"])
        self._settings, self._beyond = dict(card["settings"]), int(card["beyond"])
        machine = self._task(1).machine
        self.library, self._view = machine.library, machine.world.view
        bodies.check(tables, self.library, [values for _, values in self._view])
        self.bodies = [bodies.body_of(tables["nodes"], root) for root in tables["roots"].tolist()]
        self.interpreter = Interpreter(self.library, tables)
        self.start(0)

    def _task(self, length: int) -> Any:
        return make_task(self.env_id, length=length, **self._settings)

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's arguments: the recursive library and the form of the view."""
        return dict(self._settings)

    def program_text(self) -> str:
        """Return the bodies in words."""
        return bodies.text(self.library, self._view, self.bodies)

    def prove(self) -> list[Proof]:
        """Check each body in every state on short instances; see ``proof.py``."""
        from neuralprog_agents.synthesis.proof import prove

        return [prove(self.env_id, self.bodies, self._beyond)]

    def start(self, n: int) -> None:
        """Begin n episodes."""
        self._stacks: list[list[int]] = [[] for _ in range(n)]

    def act(self, observation: Any, action_mask: Any) -> NDArray[np.int64]:
        """Return each slot's call or return, shape (n, 4)."""
        programs = observation["program"][:, 0].tolist()
        depths = observation["depth"][:, 0].tolist()
        views = observation["view"].tolist()
        chosen = map(self._choose, self._stacks, programs, depths, views)
        return np.array(list(chosen), dtype=np.int64)

    def _choose(self, stack: list[int], program: int, depth: int, view: list[int]) -> Action:
        """Return a slot's action; one more call under way than before has just begun."""
        if not depth:
            return _RETURN
        del stack[depth:]
        if len(stack) < depth:
            stack.append(self.interpreter.begin(program))
        action, stack[-1] = self.interpreter.step(stack[-1], view)
        return action

    def play(
        self, task: Any, instances: Any, limits: Sequence[int], keep: bool = False
    ) -> list[Run]:
        """Play whole episodes; see ``evaluation.policy.Player``."""
        rows = [slice(row, row + 1) for row in range(len(instances.length))]
        episodes = [task.machine.begin(batch.take(instances, row)) for row in rows]
        return [self._play(*each, keep) for each in zip(episodes, limits, strict=True)]

    def _play(self, episode: ProgramEpisode, limit: int, keep: bool) -> Run:
        begin, step, frames = self.interpreter.begin, self.interpreter.step, episode.frames
        stack = [begin(frames[-1][0])]
        done: list[Any] = []
        while not episode.halted and episode.steps < limit:
            action, stack[-1] = step(stack[-1], episode.view())
            episode.step(action)
            if keep:
                done.append(action)
            if action[0] != ACT:
                if len(frames) > len(stack):
                    stack.append(begin(frames[-1][0]))
                elif len(frames) < len(stack):
                    stack.pop()
        return Run(episode, done if keep else None)
