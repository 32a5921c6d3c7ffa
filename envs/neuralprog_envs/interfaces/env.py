"""The Gymnasium environment, the same class for every task of every family."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from neuralprog_envs.core import arguments
from neuralprog_envs.core.display import Moment
from neuralprog_envs.core.instances import InstanceStream, check_lengths
from neuralprog_envs.core.task import Episode
from neuralprog_envs.interfaces.display import display_of
from neuralprog_envs.interfaces.frame import Frame, Style
from neuralprog_envs.interfaces.setting import (
    action_space,
    bare,
    by_number,
    configure,
    observation_space,
)

_SLOT = np.zeros(1, dtype=np.intp)


class TaskEnv(gym.Env[Any, NDArray[np.int64]]):
    """One task as an environment.

    Observation and action spaces are those of the task's machine (see its module). An episode
    ends when the machine halts (terminated) or at the step limit (truncated); either way what
    the machine then holds is judged, and ``info["success"]``, before that False, says whether
    the answer is wholly right. ``info["action_mask"]`` gives the legal choices.

    Episode i after ``reset(seed=s)`` poses the instance at the address (s, i), so equal seeds
    give equal episodes. ``reset(options={"length": n})`` poses one instance of length n;
    ``reset(options={"input": …})`` poses the user's own input.

    Args:
        env_id: An id of the registry.
        render_mode: None, "ansi", "rgb_array" (needs the extra "render"), or "human", which prints
            the ansi text after every step. (Gymnasium's wrapper ``HumanRendering`` shows the
            pictures of an "rgb_array" environment in a window.)
        render_size: Of pictures: width and height in pixels, or the width alone; None: 784 wide.
        render_theme: Of pictures: "light" or "dark".
        **settings: "length", "reward", "discount", "split" and "max_steps", see
            ``interfaces.setting.Setting``; and the family's own arguments, see ``build`` in
            ``tape.task``, ``program.task`` and ``table.task``.

    Raises:
        ValueError: A value is out of its range.
        TypeError: There is no such argument.
    """

    metadata: dict[str, Any] = {
        "render_modes": ["ansi", "rgb_array", "human"],
        "render_fps": 4,
    }

    def __init__(
        self,
        env_id: str,
        *,
        render_mode: str | None = None,
        render_size: int | tuple[int, int] | None = None,
        render_theme: str = "light",
        **settings: Any,
    ) -> None:
        self.render_mode = check_render_mode(render_mode, self.metadata)
        self.style = Style(render_size, render_theme)
        self.watched = render_mode is not None
        self.env_id = env_id
        self.setting = configure(env_id, **settings)
        self.task = self.setting.task
        self.action_space = action_space(self.task)
        self.observation_space = observation_space(self.task)
        self._shaped = self.setting.reward != "sparse"
        self._paid_back = self.setting.reward == "shaped"
        self._stream: InstanceStream | None = None
        self._episode: Episode | None = None
        self.instance: Any = None
        self._last: tuple[Any, tuple[int, ...], float | None] = (None, (), None)

    @property
    def lengths(self) -> tuple[int, int]:
        """The shortest and the longest instance of the episodes to come; a curriculum sets it.

        Setting it raises ValueError if the machine or the split has no instances of such lengths.
        """
        return self.setting.lengths

    @lengths.setter
    def lengths(self, length: Any) -> None:
        self.setting = self.setting.at(length)
        if self._stream is not None:
            self._stream = self._stream.with_lengths(self.setting.lengths)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Pose the next instance; see the class for ``seed`` and ``options``."""
        chosen = arguments.options(options, ("length", "input"))
        if seed is not None or self._stream is None:
            seed = None if seed is None else arguments.integer("seed", seed, 0)
            super().reset(seed=seed)
            start = int(self.np_random.integers(2**63)) if seed is None else seed
            setting = self.setting
            self._stream = InstanceStream(self.task, [start], setting.lengths, setting.split)
        self.instance = self._pose(self._stream, chosen)
        self._episode = self.task.machine.begin(self.instance)
        self._limit = int(self.setting.limits(self.instance.length)[0])
        self._steps = 0
        self._ended = False
        self._potential = self._score() if self._shaped else 0.0
        self._last = None, (), None
        self._show()
        return bare(self._episode.observe()), {"action_mask": self.action_masks(), "success": False}

    def _pose(self, stream: InstanceStream, options: dict[str, Any]) -> Any:
        if "input" in options:
            return self.task.pose_input(options["input"])
        if "length" not in options:
            return stream.next(_SLOT)
        length = arguments.integer("length", options["length"], 0)
        check_lengths(self.task, length, self.setting.split)
        return stream.next_at(_SLOT, length)

    def step(self, action: NDArray[np.int64]) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Execute one action.

        Raises:
            ResetNeeded: There is no episode under way.
            ValueError: The action is not K whole numbers, or one of them is out of range.
        """
        episode = self._episode
        if episode is None or self._ended:
            raise ResetNeeded("call reset() before step(): no episode is under way")
        before = episode.state() if self.watched else None
        episode.step(action)
        return self._passed(episode, before, action)

    def skip(self) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Let a step pass in which the machine does nothing; return what ``step`` returns.

        Raise ResetNeeded if no episode is under way.
        """
        episode = self._running()
        if self._ended:
            raise ResetNeeded("call reset() before skip(): no episode is under way")
        return self._passed(episode)

    def _passed(
        self, episode: Episode, before: Any = None, action: Any = ()
    ) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._steps += 1
        terminated = episode.halted
        truncated = not terminated and self._steps >= self._limit
        info: dict[str, Any] = {"action_mask": episode.action_mask(), "success": False}
        reward = 0.0
        if terminated or truncated or self._shaped:
            reward = self._judge(terminated or truncated, info)
        self._last = before, action, reward
        self._show()
        return bare(episode.observe()), reward, terminated, truncated, info

    def _judge(self, ended: bool, info: dict[str, Any]) -> float:
        """Return the reward of a step that may be rewarded; the verdict goes into info."""
        score = self._score()
        success = ended and score == 1.0
        self._ended = ended
        info["success"] = success
        if not self._shaped:
            return float(success)
        over = ended and self._paid_back
        before, self._potential = self._potential, 0.0 if over else score
        return success * self._paid_back + self.setting.discount * self._potential - before

    def _score(self) -> float:
        return float(self.task.score(self._running().state(), self.instance)[0])

    def action_masks(self) -> NDArray[np.bool_]:
        """Return the legal choices, concatenated: what sb3-contrib's MaskablePPO reads."""
        return self._running().action_mask()

    def masks(self) -> tuple[NDArray[np.int8], ...]:
        """Return the legal choices of each integer, for ``action_space.sample(mask=…)``."""
        return by_number(self.task, self.action_masks())

    def get_action_meanings(self) -> dict[str, tuple[str, ...]]:
        """Return the meanings of each integer of an action: entry i is that of the number i."""
        return display_of(self.task.machine).meanings()

    def render(self) -> Any:
        """Return the episode as text ("ansi") or as a picture, (height, width, 3) ("rgb_array").

        Raises:
            DependencyNotInstalled: A picture needs Pillow: the extra "render".
        """
        if self.render_mode is None:
            gym.logger.warn("render() needs a render_mode: gym.make(id, render_mode='ansi')")
            return None
        if self.render_mode == "rgb_array":
            return self.style.pixels(self.frame().drawing())
        if self.render_mode == "human":
            print(self.text())
            return None
        return self.text()

    def text(self) -> str:
        """Return the episode as text, whatever the render mode: what "ansi" renders."""
        return self.frame().text()

    def frame(self) -> Frame:
        """Return the episode as people see it.

        It says what the last action did if ``watched`` is True, as it is with a render mode.
        """
        before, action, reward = self._last
        state = self._running().state()
        action = () if before is None else tuple(int(number) for number in np.ravel(action))
        moment = Moment(state, self.instance, before, action, self._ended)
        return Frame(self.env_id, self.task, moment, self._steps, self._limit, reward)

    @property
    def limit(self) -> int:
        """The step limit of the episode under way."""
        self._running()
        return self._limit

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the state as text."""
        begun = self._episode is not None
        return f"<pre>{escape(self.text() if begun else f'{self}: call reset()')}</pre>"

    def _show(self) -> None:
        if self.render_mode == "human":
            self.render()

    def _running(self) -> Episode:
        if self._episode is None:
            raise ResetNeeded("call reset() first: no episode is under way")
        return self._episode


def check_render_mode(mode: str | None, metadata: Mapping[str, Any]) -> str | None:
    """Return the mode; raise ValueError when the metadata do not have it."""
    return arguments.choice("render_mode", mode, (None, *metadata["render_modes"]))  # type: ignore[no-any-return]
