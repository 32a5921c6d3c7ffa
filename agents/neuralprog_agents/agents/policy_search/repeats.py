"""Episodes that do the same again and again until their step limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neuralprog_agents.agents.policy_search.situations import Situation
from neuralprog_envs.program.episode import ProgramEpisode


class Repeats:
    """Finds that an episode has come back to a state, and leaves out the rounds until the limit.

    What follows is as in the whole episode, for the policy is a table: the episode ends in the
    same state. Source: Brent, "An improved Monte Carlo factorization algorithm", BIT 1980.

    Attributes:
        limit: The number of steps at which to stop.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self._next = limit, 16
        self._situation: Situation | None = None
        self._state: Any = None
        self._steps = 0

    def look(self, episode: ProgramEpisode, situation: Situation, own: Sequence[Situation]) -> None:
        """Look at an episode before a step; ``own`` are the last actions of all calls."""
        if situation == self._situation and self._of(episode, own) == self._state:
            period = episode.steps - self._steps
            self.limit = episode.steps + (self.limit - episode.steps - 1) % period + 1
            self._situation, self._next = None, -1
        elif episode.steps == self._next:
            self._situation, self._state = situation, self._of(episode, own)
            self._steps, self._next = self._next, self._next * 3 // 2

    def _of(self, episode: ProgramEpisode, own: Sequence[Situation]) -> Any:
        state = episode.state()
        return state.pad.tobytes(), state.pointers.tobytes(), tuple(episode.frames), tuple(own)
