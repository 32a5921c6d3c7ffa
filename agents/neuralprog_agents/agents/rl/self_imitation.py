"""Self-imitation: own programs that were right are imitated, by what they were the answer to.

Episodes belong together if they begin with the same key, such as the words of a question. A program
is the actions of an episode. For each key the memory counts how often each program that was ever
right is right. After each rollout the policy imitates programs of keys drawn uniformly. Of a key's
programs, that one is taken whose draw from Beta(1 + hits, 1 + misses) is the largest: a program
that is right by luck gives way to one that is always right.

Exploring environments look for better programs: no policy acts in them. Where the best
program of a key is not right nearly always, half of them play a program of the key, drawn as above:
so it is soon known which are right by luck. The others play a program of a similar key with one
action drawn anew, or actions drawn uniformly. Their steps count as samples.

Source: Oh et al., "Self-Imitation Learning", ICML 2018; Liang et al., "Memory Augmented Policy
Optimization", NeurIPS 2018; the draws are those of Thompson (1933).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback

from neuralprog_agents.agent import Tensors
from neuralprog_agents.agents.rl.vec_env import ProgramVecEnv

_PROGRAMS = 64
"""Programs that are kept for a key."""
_BATCHES = 4
"""Gradient steps after a rollout."""
_STEPS = 1024
"""Steps in a batch, or a few more: the programs are whole."""
_AGAIN = 0.5
"""The share of the exploring environments that play a program that their key has."""
_UNIFORM = 0.2
"""Of the others, the share that play a program that is not made from another."""
_RIVALS = 16
"""Of so many random keys the nearest is the one whose program is changed."""
_GOOD = 0.97
"""The rate from which a key's best program is good enough."""

Steps = dict[str, NDArray[Any]]
"""An episode: "observations" (t, F), "actions" (t, K), and "masks" (t, ΣK) if there are any."""


@dataclass
class Program:
    """A program that was right, and how often it was."""

    steps: Steps
    hits: int = 0
    misses: int = 0

    @property
    def rate(self) -> float:
        """The mean of its Beta distribution."""
        return (1 + self.hits) / (2 + self.hits + self.misses)


@dataclass
class SuccessMemory:
    """The programs that were right, by key."""

    programs: dict[bytes, dict[bytes, Program]] = field(default_factory=dict)

    def add(self, key: bytes, steps: Steps, right: bool) -> None:
        """Count an episode; a program that was never right is not remembered."""
        name = steps["actions"].tobytes()
        known = self.programs.get(key, {})
        if name in known:
            known[name].hits += right
            known[name].misses += not right
        elif right:
            self.programs.setdefault(key, known)[name] = Program(steps, hits=1)
            if len(known) > _PROGRAMS:
                del known[min(known, key=lambda each: known[each].rate)]

    def draw(self, random: np.random.Generator, steps: int) -> Iterator[Steps]:
        """Yield programs, each of a key drawn uniformly, of so many steps or more together."""
        keys = list(self.programs)
        while steps > 0:
            program = self._draw_at(random, keys[int(random.integers(len(keys)))])
            steps -= len(program["actions"])
            yield program

    def _draw_at(self, random: np.random.Generator, key: bytes) -> Steps:
        programs = list(self.programs[key].values())
        hits, misses = np.array([(p.hits, p.misses) for p in programs]).T
        return programs[int(random.beta(1 + hits, 1 + misses).argmax())].steps

    def _relative(self, random: np.random.Generator, key: bytes) -> bytes:
        """Return that one of some random keys that differs least from a key."""
        keys = list(self.programs)
        some = [keys[row] for row in random.integers(len(keys), size=_RIVALS)]
        own = np.frombuffer(key, dtype=np.int32)
        distances = [np.count_nonzero(np.frombuffer(k, dtype=np.int32) != own) for k in some]
        return some[int(np.argmin(distances))]

    def propose(
        self, random: np.random.Generator, key: bytes, choices: NDArray[np.int64], steps: int
    ) -> NDArray[np.int64] | None:
        """Return the actions of a program to be tried for a key, (t, K); None if it has a good one.

        Args:
            random: The source of all draws.
            key: What the program is to answer.
            choices: The number of choices of each of the K integers of an action.
            steps: The length of a program that is not made from another.
        """
        if max((each.rate for each in self.programs.get(key, {}).values()), default=0.0) >= _GOOD:
            return None
        if key in self.programs and random.random() < _AGAIN:
            return self._draw_at(random, key)["actions"]
        if not self.programs or random.random() < _UNIFORM:
            return random.integers(choices, size=(steps, len(choices)))
        actions = self._draw_at(random, self._relative(random, key))["actions"].copy()
        actions[random.integers(len(actions))] = random.integers(choices)
        return actions

    def arrays(self) -> Tensors:
        """Return everything as arrays, in the order of the memory."""
        rows = [(key, each) for key, known in self.programs.items() for each in known.values()]
        if not rows:
            return {}
        names = rows[0][1].steps
        return {
            "key": np.stack([np.frombuffer(key, dtype=np.uint8) for key, _ in rows]),
            "counts": np.array([(p.hits, p.misses, len(p.steps["actions"])) for _, p in rows]),
            **{f"steps.{n}": np.concatenate([p.steps[n] for _, p in rows]) for n in names},
        }

    @classmethod
    def of(cls, arrays: Tensors) -> SuccessMemory:
        """Undo ``arrays``."""
        memory = cls()
        if arrays:
            cuts = np.cumsum(arrays["counts"][:, 2])[:-1]
            steps = {
                name.removeprefix("steps."): np.split(array, cuts)
                for name, array in arrays.items()
                if name.startswith("steps.")
            }
            for i, (hits, misses, _) in enumerate(arrays["counts"].tolist()):
                own = {name: parts[i] for name, parts in steps.items()}
                known = memory.programs.setdefault(arrays["key"][i].tobytes(), {})
                known[own["actions"].tobytes()] = Program(own, hits, misses)
        return memory


class SelfImitation(BaseCallback):  # type: ignore[misc]
    """Remembers the successes of each rollout, and imitates some before the next.

    Args:
        weight: The weight of the loss -log π(a) of the imitated actions a.
        key: The columns of a packed observation that are the key.
        seed: The seed of all draws.
        explorers: The environments that only explore; None for none.

    Attributes:
        memory: The programs.
    """

    def __init__(
        self,
        weight: float,
        key: NDArray[np.intp],
        seed: int,
        explorers: ProgramVecEnv | None = None,
    ) -> None:
        super().__init__()
        self._weight, self._key, self._seed, self._explorers = weight, key, seed, explorers
        self.memory = SuccessMemory()
        self._ends: list[NDArray[np.bool_]] = []
        self._right: list[NDArray[np.bool_]] = []

    def _on_rollout_start(self) -> None:
        self._ends, self._right = [], []
        random = np.random.default_rng((self._seed, self.model.num_timesteps))
        if self._explorers is not None:
            self._explore(self._explorers, random)
        if self.memory.programs:
            for _ in range(_BATCHES):
                self._imitate(list(self.memory.draw(random, _STEPS)))

    def _explore(self, env: ProgramVecEnv, random: np.random.Generator) -> None:
        """Let the exploring environments play a program each, and remember what was right."""
        env.seed(int(random.integers(2**31)))
        seen = env.reset()
        keys = [row.tobytes() for row in seen[:, self._key]]
        for slot, steps, right in self._played(env, seen, self._proposed(env, keys, random)):
            self._remember(keys[slot], steps, right)

    def _proposed(
        self, env: ProgramVecEnv, keys: list[bytes], random: np.random.Generator
    ) -> dict[int, NDArray[np.int64]]:
        """Return the actions of a program for each environment that is to try one, by its slot."""
        limit = int(env.envs.setting.limits(np.array([env.envs.lengths[1]]))[0])
        choices = _choices(env)
        proposed = (self.memory.propose(random, key, choices, limit) for key in keys)
        return {slot: actions for slot, actions in enumerate(proposed) if actions is not None}

    def _played(
        self, env: ProgramVecEnv, seen: NDArray[Any], tried: dict[int, NDArray[np.int64]]
    ) -> Iterator[tuple[int, Steps, bool]]:
        """Play programs; yield slot, episode and success of each that ends its episode."""
        rows: dict[int, list[Steps]] = {slot: [] for slot in tried}
        action, going = np.zeros((env.num_envs, len(_choices(env))), dtype=np.int64), set(tried)
        for t in count():
            going = {slot for slot in going if t < len(tried[slot])}
            if not going:
                return
            for slot in going:
                action[slot] = tried[slot][t]
            shown = {"observations": seen, "actions": action.copy(), "masks": env.action_masks()}
            for slot in going:
                rows[slot].append({name: array[slot] for name, array in shown.items()})
            seen, _, done, infos = env.step(action[:, 0] if self._flat else action)
            self.model.num_timesteps += len(going)
            for slot in [slot for slot in going if done[slot]]:
                going.remove(slot)
                yield slot, _stacked(rows[slot]), infos[slot]["is_success"]

    def _remember(self, key: bytes, steps: Steps, right: bool) -> None:
        """Add an episode, with its masks only if the policy uses masks."""
        if not hasattr(self.model.rollout_buffer, "action_masks"):
            steps = {name: array for name, array in steps.items() if name != "masks"}
        self.memory.add(key, steps, bool(right))

    def _imitate(self, episodes: list[Steps]) -> None:
        policy = self.model.policy
        policy.set_training_mode(True)
        joined = {
            name: torch.from_numpy(np.concatenate([steps[name] for steps in episodes]))
            for name in episodes[0]
        }
        extra = {"action_masks": joined["masks"]} if "masks" in joined else {}
        actions = joined["actions"].squeeze(1) if self._flat else joined["actions"]
        _, likelihood, _ = policy.evaluate_actions(joined["observations"], actions, **extra)
        loss = -self._weight * likelihood.mean()
        policy.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(policy.parameters(), self.model.max_grad_norm)
        policy.optimizer.step()

    @property
    def _flat(self) -> bool:
        return not self.model.action_space.shape

    def _on_step(self) -> bool:
        infos = self.locals["infos"]
        self._ends.append(self.locals["dones"].copy())
        self._right.append(np.array([info.get("is_success", False) for info in infos]))
        return True

    def _on_rollout_end(self) -> None:
        """Remember the episodes that began in the rollout and ended there."""
        ends, right, buffer = np.stack(self._ends), np.stack(self._right), self.model.rollout_buffer
        arrays = {"observations": buffer.observations, "actions": buffer.actions.astype(np.int64)}
        if hasattr(buffer, "action_masks"):
            arrays["masks"] = buffer.action_masks.reshape(*ends.shape, -1).astype(bool)
        starts = buffer.episode_starts.astype(bool)
        for slot in range(ends.shape[1]):
            last = np.flatnonzero(ends[:, slot])
            first = np.flatnonzero(starts[:, slot])
            for start, end in _episodes(first.tolist(), last.tolist()):
                steps = {n: array[start : end + 1, slot].copy() for n, array in arrays.items()}
                key = steps["observations"][0, self._key].tobytes()
                self._remember(key, steps, right[end, slot])


def _choices(env: ProgramVecEnv) -> NDArray[np.int64]:
    """Return the number of choices of each of the K integers of an action, shape (K,)."""
    space: Any = env.action_space
    return np.atleast_1d(space.nvec if space.shape else space.n)


def _stacked(steps: Sequence[Steps]) -> Steps:
    """Return an episode of its steps."""
    return {name: np.stack([step[name] for step in steps]) for name in steps[0]}


def _episodes(starts: list[int], ends: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last step of each episode that is there as a whole."""
    later = [end for end in ends if not starts or end >= starts[0]]
    yield from zip(starts, later, strict=False)
