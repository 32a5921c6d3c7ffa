"""A learned table as a policy of the environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agent import Tensors
from neuralprog_agents.agents.policy_search.card import Card
from neuralprog_agents.agents.policy_search.table import BEFORE_VIEW, task_of
from neuralprog_agents.npi_network.memo import Memo, Rollout
from neuralprog_agents.npi_network.stack import Actions, Floats, LockStep
from neuralprog_agents.training.checkpoint import check_arrays
from neuralprog_envs.program.library import RETURN


class TablePolicy:
    """Does what the table says; in a situation that it lacks, what it says of the nearest one.

    The nearest one has the same running program and differs in the fewest numbers; of several it is
    the first. A program that has no situation in the table returns. The weights are "situations",
    (S, W), and "actions", (S,), both int64; see ``table.PolicyTable``.

    Raises:
        ValueError: The weights do not fit each other, the environment, or the card.
    """

    def __init__(self, card: Card, weights: Tensors) -> None:
        self.env_id, self._settings, self._own = card.env, card.settings, card.own_actions
        machine = task_of(self.env_id, self._settings, 1).machine
        check_arrays(
            weights, {"situations": ("int64", (None, None)), "actions": ("int64", (None,))}
        )
        self._situations, self._numbers = weights["situations"], weights["actions"]
        self._library, self._view = machine.library, machine.world.view
        self._actions = np.array(list(machine.library.words), dtype=np.int64)
        self._check()
        rows = map(tuple, self._situations.tolist())
        self._known = dict(zip(rows, self._numbers.tolist(), strict=True))
        self._steps, self._memo = LockStep(self._core, self._own), Memo(self._core, self._own)

    def _check(self) -> None:
        width = BEFORE_VIEW + len(self._view) + self._own
        if self._situations.shape != (len(self._numbers), width):
            raise ValueError(
                f"situations must have shape {(len(self._numbers), width)}, "
                f"got {self._situations.shape}"
            )
        low, high = self._numbers.min(initial=0), self._numbers.max(initial=0)
        if low < 0 or high >= len(self._actions):
            raise ValueError(f"actions must be from 0 to {len(self._actions) - 1}")
        self._check_columns(self._situations[:, :1], len(self._library.names) - 1, "programs")
        self._check_columns(self._situations[:, width - self._own :], len(self._actions), "actions")

    def _check_columns(self, columns: NDArray[np.int64], most: int, what: str) -> None:
        if columns.min(initial=0) < 0 or columns.max(initial=0) > most:
            raise ValueError(f"the {what} of situations must be from 0 to {most}")

    def _core(
        self,
        program: NDArray[Any],
        arguments: NDArray[Any],
        view: NDArray[Any],
        state: Floats,
    ) -> tuple[Actions, Floats]:
        """Compute one step of n calls; see ``stack.Core``. The state is the call's last actions."""
        parts = program[:, None], arguments, view, state
        situations = np.concatenate(parts, axis=1).astype(np.int64)
        numbers = [self._number(situation) for situation in situations]
        latest = np.array(numbers, dtype=np.float32)[:, None] + 1
        return self._actions[numbers], np.concatenate([state, latest], axis=1)[:, 1:]

    def _number(self, situation: NDArray[np.int64]) -> int:
        known = self._known.get(tuple(situation.tolist()))
        if known is not None:
            return known
        same = np.flatnonzero(self._situations[:, 0] == situation[0])
        if not same.size:
            return RETURN
        different = (self._situations[same] != situation).sum(axis=1)
        return int(self._numbers[same[different.argmin()]])

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's settings."""
        return dict(self._settings)

    def start(self, n: int) -> None:
        """Start n episodes."""
        self._steps.start(n)

    def act(self, observation: Any, action_mask: Any) -> Actions:
        """Return the action of each environment, shape (n, 4)."""
        return self._steps.act(observation)

    def play(
        self, task: Any, instances: Any, limits: Sequence[int], keep: bool = False
    ) -> list[Rollout]:
        """Play whole episodes; see ``agent.Player``."""
        return self._memo.play(task, instances, limits, keep)

    def program_text(self) -> str:
        """Return the table in words: for each program its situations, and what it does there."""
        lines: list[str] = []
        order = np.argsort(self._situations[:, 0], kind="stable")
        words = [*self._library.words.values()]
        rows = zip(self._situations[order].tolist(), self._numbers[order].tolist(), strict=True)
        running = None
        for situation, number in rows:
            if situation[0] != running:
                running = situation[0]
                lines.append(f"{self._library.names[running]}:")
            lines.append(f"    {self._condition(situation, words)}: {words[number]}")
        return "\n".join(lines)

    def _condition(self, situation: Sequence[int], words: Sequence[str]) -> str:
        end = BEFORE_VIEW + len(self._view)
        seen = situation[BEFORE_VIEW:end]
        parts = [f"{name} = {value}" for (name, _), value in zip(self._view, seen, strict=True)]
        given = [str(number) for number in situation[1:BEFORE_VIEW]]
        called = [f"arguments {' '.join(given)}"] if any(situation[1:BEFORE_VIEW]) else []
        done = [words[number - 1] for number in situation[end:] if number]
        return ", ".join([*called, *parts, f"after {' then '.join(done)}" if done else "at first"])
