"""Memoisation: the core's action for each call and the views since, computed only once.

The core's state is 0 at the start of each call. So its action is a function of the call (program
and arguments) and of the views since. These histories form a tree: one root for each call, one
child for each view. Recursive programs have few different histories (the verification set has all
of them); once they are known, a step costs a look-up and no arithmetic.

Many episodes run side by side. Each goes on by itself while its histories are known; then the core
is called once for all episodes that have met a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.npi_network.stack import Core
from neuralprog_envs.core import batch
from neuralprog_envs.program.episode import ProgramEpisode
from neuralprog_envs.program.library import ACT, Action
from neuralprog_envs.program.machine import ProgramMachine
from neuralprog_envs.program.task import ProgramTask

View = tuple[int, ...]

_AT_ONCE = 4096


class Node:
    """A history.

    Attributes:
        action: The core's action at the last view; at a root, the call.
        state: The core's state after that action, shape (S,), float32.
        after: The histories that are one view longer, by that view.
    """

    __slots__ = ("action", "after", "state")

    def __init__(self, action: Action, state: NDArray[np.float32]) -> None:
        self.action, self.state = action, state
        self.after: dict[View, Node] = {}


@dataclass
class Rollout:
    """One episode in progress, of at most ``limit`` steps.

    ``observe`` returns what the core sees of it. ``stack`` has the history of each running call,
    outermost first, and ``actions`` those so far, if they are recorded.
    """

    episode: ProgramEpisode
    observe: Callable[[], View]
    limit: int
    stack: list[Node]
    actions: list[Action] | None


class Memo:
    """The tree of histories.

    They consist of values of ``ProgramEpisode.expert_view``. Where these hold more than the view,
    the core, whose state has size S, gets the picture that is drawn from the rest. Beyond ``room``
    histories the tree is cleared. (Programs with loops have infinitely many.)
    """

    def __init__(self, core: Core, size: int, room: int = 250_000) -> None:
        self._core, self._size, self._room = core, size, room
        self._roots: dict[Action, Node] = {}
        self.histories = 0

    def play(
        self, task: ProgramTask, instances: Any, limits: Sequence[int], keep: bool = False
    ) -> list[Rollout]:
        """Play whole episodes; see ``agent.Player``."""
        pictured = task.machine.world.picture is not None
        runs = []
        for row, limit in enumerate(limits):
            episode = task.machine.begin(batch.take(instances, slice(row, row + 1)))
            observe = episode.expert_view if pictured else episode.view
            stack = [self._root(episode.running)]
            runs.append(Rollout(episode, observe, limit, stack, [] if keep else None))
        going = runs
        while going:
            going = [run for run in going if self._go_on(run)]
            for first in range(0, len(going), _AT_ONCE):
                self._call_core(task.machine, going[first : first + _AT_ONCE])
        return runs

    def _root(self, call: Action) -> Node:
        root = self._roots.get(call)
        if root is None:
            root = self._roots[call] = Node(call, np.zeros(self._size, dtype=np.float32))
        return root

    def _go_on(self, run: Rollout) -> bool:
        """Run an episode while its histories are known; return whether it needs the core."""
        episode, observe, stack, limit = run.episode, run.observe, run.stack, run.limit
        frames, step = episode.frames, episode.step
        record = None if run.actions is None else run.actions.append
        while not episode.halted and episode.steps < limit:
            node = stack[-1].after.get(observe())
            if node is None:
                return True
            action, depth = node.action, len(frames)
            stack[-1] = node
            step(action)
            if record is not None:
                record(action)
            if action[0] != ACT:
                if len(frames) > depth:
                    stack.append(self._root(frames[-1]))
                elif len(frames) < depth:
                    stack.pop()
        return False

    def _call_core(self, machine: ProgramMachine, runs: list[Rollout]) -> None:
        """Compute the next action of each episode with the core, and add it to the tree."""
        wanted = {(id(run.stack[-1]), run.observe()): run for run in runs}
        views = np.array([view for _, view in wanted], dtype=np.int32)
        calls = np.array([run.episode.running for run in wanted.values()], dtype=np.int32)
        before = [run.stack[-1] for run in wanted.values()]
        states = np.stack([node.state for node in before])
        E = len(machine.world.view)
        pictures = [machine.pictures(views[:, E:])] if machine.world.picture is not None else []
        actions, states = self._core(calls[:, 0], calls[:, 1:], views[:, :E], states, *pictures)
        for (_, view), node, action, state in zip(wanted, before, actions.tolist(), states,
                                                  strict=True):  # fmt: skip
            node.after[view] = Node(tuple(action), state)
        self.histories += len(wanted)
        if self.histories > self._room:
            self._roots, self.histories = {}, 0
