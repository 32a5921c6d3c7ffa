"""The vector environment: n episodes on one batch of machines, not n environments in a loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from neuralprog_envs.core import arguments, batch, episodes
from neuralprog_envs.core.display import Moment
from neuralprog_envs.core.episodes import Endings, Episodes, Slots
from neuralprog_envs.core.instances import InstanceStream, check_lengths, draw
from neuralprog_envs.interfaces.env import check_render_mode
from neuralprog_envs.interfaces.frame import Frame, Style
from neuralprog_envs.interfaces.setting import (
    action_space,
    bare,
    by_number,
    configure,
    observation_space,
)

_MODES = (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP)


class TaskVectorEnv(gym.vector.VectorEnv[Any, Any, Any]):
    """n copies of one task; slot i behaves as the single environment with seed + i.

    Args:
        env_id: An id of the registry.
        num_envs: n.
        autoreset_mode: ``AutoresetMode.NEXT_STEP`` or ``SAME_STEP``.
        copy: Whether every observation is of new arrays, as in Gymnasium's ``SyncVectorEnv``. False
            returns questions and tables, which are large, in the arrays of the step before until an
            episode begins.
        render_mode: None, "ansi" or "rgb_array" (needs the extra "render").
        render_size: As in ``TaskEnv``.
        render_theme: As in ``TaskEnv``.
        **settings: As ``interfaces.env.TaskEnv`` takes them.

    Raises:
        ValueError: A value is out of its range.
        TypeError: There is no such argument.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi", "rgb_array"], "render_fps": 4}

    def __init__(
        self,
        env_id: str,
        num_envs: int = 1,
        *,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        copy: bool = True,
        render_mode: str | None = None,
        render_size: int | tuple[int, int] | None = None,
        render_theme: str = "light",
        **settings: Any,
    ) -> None:
        self.num_envs = arguments.integer("num_envs", num_envs, 1, 2**24)
        self.render_mode = check_render_mode(render_mode, self.metadata)
        self.style = Style(render_size, render_theme)
        self.env_id = env_id
        self.autoreset_mode = _check_mode(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self.setting = configure(env_id, **settings)
        self.task = self.setting.task
        self.single_action_space = action_space(self.task)
        self.single_observation_space = observation_space(self.task)
        self._choices = np.tile(self.single_action_space.nvec, (self.num_envs, 1))
        self.action_space = gym.spaces.MultiDiscrete(self._choices)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self._every: Slots = np.arange(self.num_envs)
        self._copy, self._seen = copy, dict[str, NDArray[Any]]()
        self._before: Any = None  # the states before the last step; then its actions and rewards
        self._actions = np.zeros(0, dtype=np.int64)
        self._rewards = np.zeros(0)
        self._stream: InstanceStream | None = None

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
            self._episodes.stream = self._stream

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Pose a new instance in every slot; raise ValueError if a seed or an option is invalid.

        The seed s gives slot i the seed s + i; a sequence gives each slot a seed, or None to
        continue its own. The options {"length": n} pose instances of length n, this once.
        """
        chosen = arguments.options(options, ("length",))
        stream = self._stream
        if seed is not None or stream is None:
            stream = self._start(self._seeds(seed))
        if "length" in chosen:
            length = arguments.integer("length", chosen["length"], 0)
            check_lengths(self.task, length, self.setting.split)
            instances = stream.next_at(self._every, length)
        else:
            instances = stream.next(self._every)
        self._stream = stream
        self._episodes = Episodes(self.task, stream, self.setting.limits, instances)
        self._pending: Slots = self._every[:0]
        self._potential, self._before = self._score(), None
        return self._results(np.zeros(self.num_envs, dtype=bool), self._every)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Return the position of every slot, as arrays of numbers, for ``restore``.

        These are "seed" and "index", each slot's seed and its number of instances so far; "length"
        of its instance; "pending", whether its next step is a reset; and the machine's state. All
        have the leading axis n. Raise ResetNeeded if ``reset`` was never called.
        """
        seeds, index = self._running().position
        return {
            "seed": seeds,
            "index": index,
            "length": self._episodes.instances.length.copy(),
            "pending": self._flag(self._pending),
            **{f"state.{name}": array for name, array in batch.numbers(self._state).items()},
        }

    def restore(self, snapshot: Mapping[str, NDArray[Any]]) -> tuple[Any, dict[str, Any]]:
        """Continue from a snapshot of an equal environment; return its observation.

        A snapshot holds the addresses of instances, which are drawn anew.
        """
        seeds, index, length = (snapshot[name].copy() for name in ("seed", "index", "length"))
        lengths, split = self.setting.lengths, self.setting.split
        self._stream = InstanceStream(self.task, seeds, lengths, split, index)
        instances = draw(self.task, seeds, index - 1, length, split)
        self._episodes = Episodes(self.task, self._stream, self.setting.limits, instances)
        held = {name: snapshot[f"state.{name}"].copy() for name in batch.numbers(self._state)}
        self._episodes.state = replace(self._state, **held)
        self._pending = np.flatnonzero(snapshot["pending"])
        self._potential, self._before = self._score(), None
        return self._results(np.zeros(self.num_envs, dtype=bool), self._every)

    def _seeds(self, seed: Any) -> list[int | None]:
        if seed is None:
            return [None] * self.num_envs
        if not (isinstance(seed, (list, tuple, range)) or getattr(seed, "ndim", False)):
            first = arguments.integer("seed", seed, 0)
            return [first + i for i in range(self.num_envs)]
        listed = list(seed)
        if len(listed) != self.num_envs:
            raise ValueError(f"{len(listed)} seeds for {self.num_envs} environments")
        return [None if s is None else arguments.integer("seed", s, 0) for s in listed]

    def _start(self, seeds: list[int | None]) -> InstanceStream:
        """Return the instances of the seeds; a slot without one keeps its own, at first random."""
        index = np.zeros(self.num_envs, dtype=np.int64)
        words: list[int] = [seed for seed in seeds if seed is not None]
        if len(words) < len(seeds):
            old: NDArray[Any] = self.np_random.integers(2**63, size=self.num_envs)
            if self._stream is not None:
                old, index = self._stream.position
            words = [int(b) if s is None else s for b, s in zip(old, seeds, strict=True)]
            index[[seed is not None for seed in seeds]] = 0
        lengths, split = self.setting.lengths, self.setting.split
        return InstanceStream(self.task, words, lengths, split, index)

    def _running(self) -> InstanceStream:
        if self._stream is None:
            raise ResetNeeded("call reset() first: no episode is under way")
        return self._stream

    def step(self, actions: NDArray[Any]) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Execute one action in every slot; ``actions`` has shape (n, K).

        Raises:
            ResetNeeded: ``reset`` was never called.
            ValueError: The shape is wrong, or a number is a fraction or out of range.
        """
        self._running()
        checked = self._checked(actions)
        if self.render_mode is not None:
            self._before, self._actions = batch.copy(self._state), checked.copy()
        renewed = self._pending
        endings = episodes.step(self._episodes, checked, renewed)
        reward = self._rewards = self._reward(endings)
        if self.autoreset_mode is AutoresetMode.NEXT_STEP:
            self._pending = endings.slots
            observation, info = self._results(endings.success, renewed)
        else:
            final = self._finish(endings)
            observation, info = self._results(np.zeros_like(endings.success), endings.slots)
            info |= final
        return observation, reward, endings.terminated, endings.truncated, info

    def _checked(self, actions: NDArray[Any]) -> NDArray[np.int64]:
        """Return the actions as int64, shape (n, K)."""
        choices = self._choices
        array = arguments.grid("actions", actions, choices.shape)
        numbers = np.ascontiguousarray(array, dtype=np.int64)
        if not arguments.all_below(numbers, choices):
            slot, number = np.argwhere((numbers < 0) | (numbers >= choices))[0]
            raise ValueError(
                f"action out of range in slot {slot}: {self.task.machine.action_names[number]} = "
                f"{array[slot, number]}, must be 0..{choices[slot, number] - 1}"
            )
        return numbers

    @property
    def _state(self) -> Any:
        return self._episodes.state

    def _score(self) -> NDArray[np.float64]:
        sparse = self.setting.reward == "sparse"
        return np.zeros(self.num_envs) if sparse else self._episodes.score()

    def _reward(self, endings: Endings) -> NDArray[np.float64]:
        """Return this step's rewards, shape (n,); a slot that was just renewed gets 0."""
        kind = self.setting.reward
        if kind == "sparse":
            return endings.success.astype(np.float64)
        before, after = self._potential, self._score()
        if kind == "shaped":
            after[endings.slots] = 0.0
        reward = self.setting.discount * after - before
        reward[self._pending] = 0.0
        self._potential = after
        return reward + endings.success if kind == "shaped" else reward

    def _finish(self, endings: Endings) -> dict[str, Any]:
        """End some slots' episodes within this step: renew them, return how they ended."""
        ended = endings.slots
        final: dict[str, Any] = {}
        if ended.size:
            final["final_obs"], final["_final_obs"] = self._final_obs(ended), self._flag(ended)
            there = self._flag(ended)
            mask = self.task.machine.action_mask(self._state) & there[:, None]
            info = self._info(mask, endings.success, there)
            final["final_info"], final["_final_info"] = info, self._flag(ended)
            self._episodes.renew(ended)
            if self.setting.reward != "sparse":
                self._potential[ended] = self._score()[ended]
        return final

    def _final_obs(self, slots: Slots) -> NDArray[np.object_]:
        last = self.task.machine.observe(batch.take(self._state, slots))
        rows = [bare({name: array[i] for name, array in last.items()}) for i in range(len(slots))]
        final = np.full(self.num_envs, None, dtype=object)
        final[slots] = np.fromiter(rows, dtype=object, count=len(rows))
        return final

    def _results(self, success: NDArray[np.bool_], renewed: Slots) -> tuple[Any, dict[str, Any]]:
        """Return the observation and the info, after some slots were renewed."""
        machine = self.task.machine
        kept = None if self._copy or renewed.size else self._seen
        seen = self._seen = machine.observe(self._state, kept)
        mask = machine.action_mask(self._state, seen)
        return bare(seen), self._info(mask, success, np.ones(self.num_envs, dtype=bool))

    def _info(
        self, mask: NDArray[np.bool_], success: NDArray[np.bool_], there: NDArray[np.bool_]
    ) -> dict[str, Any]:
        """Return the info of the slots that are there."""
        flags = {"_action_mask": there, "_success": there.copy()}
        return {"action_mask": mask, "success": success, **flags}

    def _flag(self, slots: Slots) -> NDArray[np.bool_]:
        flags = np.zeros(self.num_envs, dtype=bool)
        flags[slots] = True
        return flags

    def action_masks(self) -> NDArray[np.bool_]:
        """Return the legal choices of every slot, shape (n, sum of choices)."""
        self._running()
        return self.task.machine.action_mask(self._state)

    def masks(self) -> tuple[tuple[NDArray[np.int8], ...], ...]:
        """Return each slot's ``TaskEnv.masks()``, as ``action_space.sample(mask=…)`` takes them."""
        return by_number(self.task, self.action_masks())

    def render(self) -> Any:
        """Return one frame a slot, text ("ansi") or pictures ("rgb_array"); None without a mode.

        Raises:
            DependencyNotInstalled: Pictures need Pillow: the extra "render".
        """
        if self.render_mode is None:
            gym.logger.warn("render() needs a render_mode: gym.make_vec(id, render_mode='ansi')")
            return None
        self._running()
        frames = (self._frame(slot) for slot in range(self.num_envs))
        if self.render_mode == "ansi":
            return tuple(frame.text() for frame in frames)
        return tuple(self.style.pixels(frame.drawing()) for frame in frames)

    def _frame(self, slot: int) -> Frame:
        row, step = slice(slot, slot + 1), int(self._state.steps[slot])
        state, instances = batch.take(self._state, row), batch.take(self._episodes.instances, row)
        moment = Moment(state, instances, ended=slot in self._pending)
        reward = None
        if self._before is not None and step:
            before, action = batch.take(self._before, row), tuple(self._actions[slot].tolist())
            moment = replace(moment, before=before, action=action)
            reward = float(self._rewards[slot])
        return Frame(self.env_id, self.task, moment, step, int(self._episodes.limit[slot]), reward)


def _check_mode(mode: AutoresetMode | str) -> AutoresetMode:
    names = {name: one for one in _MODES for name in (one, one.value)}
    return names[arguments.choice("autoreset_mode", mode, names)]
