"""The vector environment: n episodes on one batch of machines, not n environments in a loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from neuralprog_envs.core import batch
from neuralprog_envs.core.instances import InstanceStream, check_lengths, draw
from neuralprog_envs.interfaces.display import display_of
from neuralprog_envs.interfaces.setting import (
    Length,
    action_space,
    bare,
    check_options,
    configure,
    observation_space,
)

Rows = NDArray[np.intp]
_MODES = (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP)


class TaskVectorEnv(gym.vector.VectorEnv[Any, Any, Any]):
    """n copies of one task; slot i behaves as the single environment with seed + i.

    Args:
        env_id: An id of the registry.
        num_envs: n.
        autoreset_mode: ``AutoresetMode.NEXT_STEP`` or ``SAME_STEP``.
        max_episode_steps: The same as ``max_steps``; ``gym.make_vec`` passes this name.
        render_mode: None, "ansi" or "rgb_array".
        length, reward, discount, split, max_steps: See ``interfaces.setting.Setting``.
        **task_settings: The family's own arguments, for tapes see ``tape.task.build``.

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
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        length: Length | None = None,
        reward: str = "sparse",
        discount: float = 1.0,
        split: str = "train",
        max_steps: int | None = None,
        **task_settings: Any,
    ) -> None:
        if num_envs < 1:
            raise ValueError(f"num_envs must be at least 1, got {num_envs}")
        self.setting = configure(
            env_id,
            length=length,
            reward=reward,
            discount=discount,
            split=split,
            max_steps=max_episode_steps if max_steps is None else max_steps,
            **task_settings,
        )
        self.task = self.setting.task
        self.num_envs = num_envs
        self.render_mode = render_mode
        self._mode = _check_mode(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self._mode}
        self.single_action_space = action_space(self.task)
        self.single_observation_space = observation_space(self.task)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._choices = np.array(self.task.machine.actions, dtype=np.uint64)
        self._every: Rows = np.arange(num_envs)
        self._stream: InstanceStream | None = None

    def reset(
        self, *, seed: int | list[int] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Pose a new instance in every slot.

        Args:
            seed: s gives slot i the seed s + i; a list gives one seed each.
            options: {"length": n} poses instances of length n, this once.
        """
        chosen = check_options(options, ("length",))
        if seed is not None or self._stream is None:
            setting = self.setting
            seeds = self._seeds(seed)
            self._stream = InstanceStream(self.task, seeds, setting.lengths, setting.split)
        if "length" in chosen:
            low, _ = check_lengths(self.task, int(chosen["length"]), self.setting.split)
            self._instances = self._stream.next_at(self._every, low)
        else:
            self._instances = self._stream.next(self._every)
        self._state = self.task.machine.initial(self._instances)
        self._limit = self.setting.limits(self._instances.length)
        self._steps = np.zeros(self.num_envs, dtype=np.int64)
        self._pending: Rows = self._every[:0]
        self._potential = self._score()
        return self._observe(), self._info()

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Return where every slot is, as arrays of numbers, from which ``restore`` goes on.

        Returns:
            "seed" and "index", each slot's seed and how many instances it has had; "length" of
            its instance; "pending", whether its next step is a reset; and the machine's state.
            All have the leading axis n.

        Raises:
            ResetNeeded: ``reset`` was never called.
        """
        if self._stream is None:
            raise gym.error.ResetNeeded("call reset() before snapshot()")
        seeds, index = self._stream.position
        return {
            "seed": seeds,
            "index": index,
            "length": self._instances.length.copy(),
            "pending": self._flag(self._pending),
            "steps": self._steps.copy(),
            **{f"state.{name}": array for name, array in batch.numbers(self._state).items()},
        }

    def restore(self, snapshot: Mapping[str, NDArray[Any]]) -> tuple[Any, dict[str, Any]]:
        """Go on where a snapshot of an equal environment was taken; return what it shows there.

        Instances are addressed, so their content is drawn again, not kept.
        """
        seeds, index, length = (snapshot[name].copy() for name in ("seed", "index", "length"))
        lengths, split = self.setting.lengths, self.setting.split
        self._stream = InstanceStream(self.task, seeds, lengths, split, index)
        self._instances = draw(self.task, seeds, index - 1, length, split)
        posed = self.task.machine.initial(self._instances)
        held = {name: snapshot[f"state.{name}"].copy() for name in batch.numbers(posed)}
        self._state = replace(posed, **held)
        self._limit = self.setting.limits(length)
        self._steps = snapshot["steps"].copy()
        self._pending = np.flatnonzero(snapshot["pending"])
        self._potential = self._score()
        return self._observe(), self._info()

    def _seeds(self, seed: int | list[int] | None) -> list[int]:
        if seed is None:
            return [int(s) for s in self.np_random.integers(2**63, size=self.num_envs)]
        if isinstance(seed, (int, np.integer)):
            return [int(seed) + i for i in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise ValueError(f"{len(seed)} seeds for {self.num_envs} environments")
        return list(seed)

    def step(self, actions: NDArray[Any]) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Execute one action in every slot; ``actions`` has shape (n, K).

        Raises:
            ResetNeeded: ``reset`` was never called.
            ValueError: The shape is wrong, or a number is out of range.
        """
        if self._stream is None:
            raise gym.error.ResetNeeded("call reset() before step()")
        machine = self.task.machine
        self._state = machine.advance(self._state, self._checked(actions))
        self._steps += 1
        self._renew(self._pending)
        terminated = machine.halted(self._state).copy()
        truncated = self._steps >= self._limit
        truncated &= ~terminated
        ended = np.flatnonzero(terminated | truncated)
        success = self._successes(ended)
        reward = self._reward(ended, success)
        info = self._info()
        if self._mode is AutoresetMode.NEXT_STEP:
            self._pending = ended
            self._add_verdict(info, ended, success)
        elif ended.size:
            self._finish(info, ended, success)
        return self._observe(), reward, terminated, truncated, info

    def _checked(self, actions: NDArray[Any]) -> NDArray[np.int64]:
        """Return the actions as int64, shape (n, K), column by column in memory."""
        array = np.asarray(actions)
        if array.shape != self.action_space.shape or array.dtype.kind not in "iu":
            raise ValueError(
                f"actions must be integers of shape {self.action_space.shape}, "
                f"got {array.dtype} of shape {array.shape}"
            )
        columns = np.ascontiguousarray(array.T, dtype=np.int64)
        unsigned = columns.view(np.uint64)  # a negative number becomes a huge one
        if (unsigned.max(axis=1) >= self._choices).any():
            number, slot = np.argwhere(unsigned >= self._choices[:, None])[0]
            raise ValueError(
                f"action out of range in slot {slot}: {self.task.machine.action_names[number]} = "
                f"{array[slot, number]}, must be 0..{self._choices[number] - 1}"
            )
        return columns.T

    def _renew(self, slots: Rows) -> None:
        """Pose the next instance in some slots."""
        if not slots.size or self._stream is None:
            return
        fresh = self._stream.next(slots)
        batch.assign(self._instances, slots, fresh)
        batch.assign(self._state, slots, self.task.machine.initial(fresh))
        self._limit[slots] = self.setting.limits(fresh.length)
        self._steps[slots] = 0

    def _score(self) -> NDArray[np.float64]:
        if self.setting.reward == "sparse":
            return np.zeros(self.num_envs)
        return self.task.score(self._state, self._instances)

    def _successes(self, slots: Rows) -> NDArray[np.bool_]:
        if not slots.size:
            return np.zeros(0, dtype=bool)
        state, instances = batch.take(self._state, slots), batch.take(self._instances, slots)
        return self.task.score(state, instances) == 1.0

    def _reward(self, ended: Rows, success: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return this step's rewards, shape (n,); a slot that was just renewed gets 0."""
        reward = np.zeros(self.num_envs)
        kind = self.setting.reward
        if kind != "sparse":
            before, after = self._potential, self._score()
            if kind == "shaped":
                after[ended] = 0.0
            reward = self.setting.discount * after - before
            reward[self._pending] = 0.0
            self._potential = after
        if kind != "progress":
            reward[ended] += success
        return reward

    def _finish(self, info: dict[str, Any], ended: Rows, success: NDArray[np.bool_]) -> None:
        """End some slots' episodes within this step: report their last observation, renew them."""
        final_info = self._info(ended)
        self._add_verdict(final_info, ended, success)
        info["final_obs"] = self._final_observations(ended)
        info["_final_obs"] = self._flag(ended)
        info["final_info"], info["_final_info"] = final_info, self._flag(ended)
        self._renew(ended)
        info["action_mask"] = self.task.machine.action_mask(self._state)
        if self.setting.reward != "sparse":
            self._potential[ended] = self._score()[ended]

    def _final_observations(self, slots: Rows) -> NDArray[np.object_]:
        last = self.task.machine.observe(batch.take(self._state, slots))
        rows = [bare({name: array[i] for name, array in last.items()}) for i in range(len(slots))]
        final = np.full(self.num_envs, None, dtype=object)
        final[slots] = np.fromiter(rows, dtype=object, count=len(rows))
        return final

    def _add_verdict(self, info: dict[str, Any], ended: Rows, success: NDArray[np.bool_]) -> None:
        if ended.size:
            info["success"] = np.zeros(self.num_envs, dtype=bool)
            info["success"][ended] = success
            info["_success"] = self._flag(ended)

    def _info(self, slots: Rows | None = None) -> dict[str, Any]:
        mask = self.task.machine.action_mask(self._state)
        if slots is None:
            return {"action_mask": mask, "_action_mask": np.ones(self.num_envs, dtype=bool)}
        chosen = np.zeros_like(mask)
        chosen[slots] = mask[slots]
        return {"action_mask": chosen, "_action_mask": self._flag(slots)}

    def _flag(self, slots: Rows) -> NDArray[np.bool_]:
        flags = np.zeros(self.num_envs, dtype=bool)
        flags[slots] = True
        return flags

    def _observe(self) -> Any:
        return bare(self.task.machine.observe(self._state))

    def action_masks(self) -> NDArray[np.bool_]:
        """Return the legal choices of every slot, shape (n, sum of choices)."""
        return self.task.machine.action_mask(self._state)

    def render(self) -> Any:
        """Return one frame a slot, text ("ansi") or pictures ("rgb_array")."""
        if self.render_mode is None:
            return None
        display = display_of(self.task.machine)
        draw = display.text if self.render_mode == "ansi" else display.pixels
        rows = [slice(i, i + 1) for i in range(self.num_envs)]
        return tuple(
            draw(batch.take(self._state, row), batch.take(self._instances, row)) for row in rows
        )


def _check_mode(mode: AutoresetMode | str) -> AutoresetMode:
    chosen = mode if isinstance(mode, AutoresetMode) else AutoresetMode(mode)
    if chosen not in _MODES:
        raise ValueError(f"autoreset_mode must be NEXT_STEP or SAME_STEP, got {chosen}")
    return chosen
