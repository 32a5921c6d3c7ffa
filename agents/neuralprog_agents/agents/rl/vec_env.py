"""The vector environment as a ``VecEnv`` of Stable-Baselines3."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from neuralprog_agents.agents.rl.actions import Table, distinct_actions, legal_actions
from neuralprog_agents.agents.rl.observations import (
    chosen,
    packed,
    packed_space,
    packs,
    shown_space,
)
from neuralprog_envs.interfaces.vector_env import TaskVectorEnv


class ProgramVecEnv(VecEnv):  # type: ignore[misc]
    """n copies of one task as a ``VecEnv``; slot i is the single environment with seed + i.

    Environments reset automatically within a step. The info of an ended episode has its last
    observation as "terminal_observation", and "TimeLimit.truncated", "is_success" and "episode"
    ("r", "l" and "t", as in ``Monitor``). MaskablePPO finds the action masks.

    Args:
        env_id: An id of the registry.
        num_envs: n.
        fields: The arrays of the observation, in this order; by default all. A single array is
            observed without a dictionary.
        flat: Whether an action is one integer, a row of ``actions.distinct_actions`` (as DQN
            needs), instead of K integers.
        pack: Whether arrays of integers are observed side by side as one, (n, F), as DQN's n-step
            returns need; where some are real numbers, nothing changes.
        bonus: What a success adds to the reward.
        bootstrap: Whether truncation at the step limit is reported, so that learners add the value
            of the last observation. A truncated episode is scored like any other, and a shaped
            reward has paid back its potential; False gives the return without that value.
        **settings: As ``TaskVectorEnv`` takes them.

    Raises:
        ValueError: A value is out of range, or an array is unknown.
        TypeError: A setting is unknown.
    """

    def __init__(
        self,
        env_id: str,
        num_envs: int,
        *,
        fields: Sequence[str] = (),
        flat: bool = False,
        pack: bool = False,
        bonus: float = 0.0,
        bootstrap: bool = True,
        **settings: Any,
    ) -> None:
        mode = AutoresetMode.SAME_STEP
        self.envs = TaskVectorEnv(env_id, num_envs, autoreset_mode=mode, **settings)
        self.choices = self.envs.task.machine.actions
        self.table = distinct_actions(self.envs.task.machine) if flat else None
        self.bootstrap = bootstrap
        self._fields = tuple(fields)
        shown: Any = shown_space(self.envs.single_observation_space, self._fields)
        self._whole = shown is self.envs.single_observation_space
        self._packed = tuple(shown.spaces) if pack and packs(shown) else ()
        self._bonus = bonus
        seen = packed_space(shown) if self._packed else shown
        super().__init__(num_envs, seen, action_space(self.choices, self.table))
        self._actions: NDArray[Any] = np.zeros(0)
        self._returns = np.zeros(num_envs)
        self._lengths = np.zeros(num_envs, dtype=np.int64)

    def reset(self) -> Any:
        """Reset all environments; return their observations.

        Raises:
            ValueError: ``set_options`` gave the slots different options.
        """
        if any(options != self._options[0] for options in self._options):
            raise ValueError(
                "all environments must have the same reset options: they share one reset"
            )
        seeds = None if self._seeds[0] is None else [int(seed or 0) for seed in self._seeds]
        observation, info = self.envs.reset(seed=seeds, options=self._options[0])
        self.reset_infos = [{"action_mask": mask} for mask in info["action_mask"]]
        self._reset_seeds()
        self._reset_options()
        self._returns[:] = 0.0
        self._lengths[:] = 0
        return self._shown(observation)

    def step_async(self, actions: NDArray[Any]) -> None:
        """Take the next actions, shape (n, K), or (n,) if they are flat."""
        self._actions = actions if self.table is None else self.table[actions]

    def step_wait(self) -> tuple[Any, NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """Execute the actions; return observations, rewards, dones and infos."""
        observation, reward, terminated, truncated, info = self.envs.step(self._actions)
        if self._bonus and "final_info" in info:
            reward = reward + self._bonus * info["final_info"]["success"]
        self._returns += reward
        self._lengths += 1
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        done = terminated | truncated
        if "final_info" in info:
            self._report_ends(infos, np.flatnonzero(done), truncated, info)
        return self._shown(observation), reward.astype(np.float32), done, infos

    def _report_ends(
        self,
        infos: list[dict[str, Any]],
        ended: NDArray[np.intp],
        truncated: NDArray[np.bool_],
        info: dict[str, Any],
    ) -> None:
        success = info["final_info"]["success"]
        for slot in ended.tolist():
            infos[slot] = {
                "terminal_observation": self._last(info["final_obs"][slot]),
                "TimeLimit.truncated": self.bootstrap and bool(truncated[slot]),
                "is_success": bool(success[slot]),
                "episode": {
                    "r": float(self._returns[slot]),
                    "l": int(self._lengths[slot]),
                    "t": 0.0,
                },
            }
        self._returns[ended] = 0.0
        self._lengths[ended] = 0

    def _shown(self, observation: Any) -> Any:
        seen = observation if self._whole else chosen(observation, self._fields)
        return packed(seen, self._packed) if self._packed else seen

    def _last(self, observation: Any) -> Any:
        """Return the last observation of one episode, without a batch axis."""
        if not self._packed:
            return self._shown(observation)
        return self._shown({name: array[None] for name, array in observation.items()})[0]

    def action_masks(self) -> NDArray[np.bool_]:
        """Return the action masks, (n, ΣK), or (n, A) if actions are flat."""
        masks = self.envs.action_masks()
        return masks if self.table is None else legal_actions(masks, self.table, self.choices)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Return the state of all environments; see ``TaskVectorEnv.snapshot``."""
        counts = {"returns": self._returns.copy(), "lengths": self._lengths.copy()}
        return {**self.envs.snapshot(), **counts}

    def restore(self, snapshot: dict[str, NDArray[Any]]) -> Any:
        """Restore a snapshot; return the observations at that point."""
        self._returns = snapshot["returns"].copy()
        self._lengths = snapshot["lengths"].copy()
        return self._shown(self.envs.restore(snapshot)[0])

    def close(self) -> None:
        """Do nothing, since nothing is open."""

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """Return a picture of each environment, or None without ``render_mode="rgb_array"``."""
        pictures = self.envs.render() if self.envs.render_mode == "rgb_array" else None
        return pictures or [None] * self.num_envs

    def env_method(
        self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any
    ) -> list[Any]:
        """Call a method of all environments together; return the result for each index."""
        result = getattr(self._owner(method_name), method_name)(*args, **kwargs)
        rows = self._get_indices(indices)
        return list(result) if indices is None else [result[i] for i in rows]

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return an attribute, which all environments share, once for each index."""
        value = getattr(self._owner(attr_name), attr_name)
        return [value for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set an attribute of all environments.

        Raises:
            ValueError: ``indices`` are only some of the environments.
        """
        if len(set(self._get_indices(indices))) != self.num_envs:
            raise ValueError(
                f"all environments share {attr_name}: it can't be set for some of them"
            )
        setattr(self._owner(attr_name), attr_name, value)

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Return False for each index: the environments are not separate objects."""
        return [False for _ in self._get_indices(indices)]

    def _get_indices(self, indices: Any) -> Iterable[int]:
        found: Iterable[int] = super()._get_indices(indices)
        return found

    def _owner(self, name: str) -> Any:
        return self if name == "action_masks" else self.envs


def action_space(
    choices: Sequence[int], table: Table | None
) -> spaces.MultiDiscrete | spaces.Discrete:
    """Return the space of K integers, or of the rows of a table of flat actions."""
    return spaces.MultiDiscrete(list(choices)) if table is None else spaces.Discrete(len(table))
