"""The memo table: what the core decides, by a call and the views since, asked for only once.

The core's state is 0 at the start of each call and depends on nothing but the call (its program
and arguments) and the views since. So its decisions are a tree of histories: one root for each
call, one child for each view. Recursive programs have few different histories (their verification
set is all of them), and once these are known a step costs a look-up and no arithmetic.

Many episodes run side by side: each goes on by itself for as long as its histories are known, and
what is asked of the core then is asked for all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.npi_network.stack import Core
from neuralprog_envs.program.episode import ProgramEpisode
from neuralprog_envs.program.library import ACT, Action
from neuralprog_envs.program.machine import ProgramMachine
from neuralprog_envs.program.task import ProgramTask

View = tuple[int, ...]

_AT_ONCE = 4096


class Node:
    """A history.

    Attributes:
        action: What the core decided at its last view; of a root, the call.
        state: The core's state after it, shape (S,), float32.
        after: The histories that are one view longer.
    """

    __slots__ = ("action", "after", "state")

    def __init__(self, action: Action, state: NDArray[np.float32]) -> None:
        self.action, self.state = action, state
        self.after: dict[View, Node] = {}


@dataclass
class Run:
    """One episode under way.

    Attributes:
        episode: The episode.
        sight: Returns what the core sees of it.
        limit: Steps that it may take.
        stack: The history of each call under way, outermost first.
        actions: What was done, if that is kept.
    """

    episode: ProgramEpisode
    sight: Callable[[], View]
    limit: int
    stack: list[Node]
    actions: list[Action] | None


class Memo:
    """The tree, and what fills it.

    Args:
        core: What decides; see ``stack.Core``. Histories consist of what ``ProgramEpisode.sight``
            gives; where that has more than the view, the core sees the picture made of it.
        size: S, the numbers in a state; the state of a new call is 0.
        room: Once there are more histories than this, all are forgotten. (Programs with loops
            have no end of them.)
    """

    def __init__(self, core: Core, size: int, room: int = 250_000) -> None:
        self._core, self._size, self._room = core, size, room
        self._roots: dict[Action, Node] = {}
        self.histories = 0

    def play(
        self,
        task: ProgramTask,
        episodes: Iterable[ProgramEpisode],
        limits: Iterable[int],
        keep: bool = False,
    ) -> list[Run]:
        """Play episodes that have just begun to their ends.

        Args:
            task: Their task.
            episodes: The episodes; they are changed.
            limits: The most steps of each.
            keep: Whether to keep the actions.
        """
        pictured = task.machine.world.picture is not None
        runs = []
        for episode, limit in zip(episodes, limits, strict=True):
            sight = episode.sight if pictured else episode.view
            stack = [self._root(episode.running)]
            runs.append(Run(episode, sight, limit, stack, [] if keep else None))
        going = runs
        while going:
            going = [run for run in going if self._go_on(run)]
            for first in range(0, len(going), _AT_ONCE):
                self._ask(task.machine, going[first : first + _AT_ONCE])
        return runs

    def _root(self, call: Action) -> Node:
        root = self._roots.get(call)
        if root is None:
            root = self._roots[call] = Node(call, np.zeros(self._size, dtype=np.float32))
        return root

    def _go_on(self, run: Run) -> bool:
        """Let an episode run while its histories are known; return whether it goes on."""
        episode, sight, stack, limit = run.episode, run.sight, run.stack, run.limit
        frames, step = episode.frames, episode.step
        note = None if run.actions is None else run.actions.append
        while not episode.halted and episode.steps < limit:
            node = stack[-1].after.get(sight())
            if node is None:
                return True
            action, depth = node.action, len(frames)
            stack[-1] = node
            step(action)
            if note is not None:
                note(action)
            if action[0] != ACT:
                if len(frames) > depth:
                    stack.append(self._root(frames[-1]))
                elif len(frames) < depth:
                    stack.pop()
        return False

    def _ask(self, machine: ProgramMachine, runs: list[Run]) -> None:
        """Ask the core for what comes next in each run."""
        wanted = {(id(run.stack[-1]), run.sight()): run for run in runs}
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
