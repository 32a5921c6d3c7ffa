"""DQN on flat actions, in one file, in the style of CleanRL.

    python examples/dqn_flat.py --env NPIHanoi-v0 --length 1

DQN needs one integer for an action, and an environment's action is several. ``FlatActions`` numbers
all combinations; the mask of the combinations follows from that of the integers, and the agent
never takes an illegal one. All episodes succeed after five seconds of one core. Needs torch.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import gymnasium as gym
import numpy as np
import torch
from gymnasium import spaces
from torch import nn

import neuralprog_envs  # noqa: F401  (registers the environments)


@dataclass
class Args:
    """The settings; each is a flag."""

    env: str = "NPIHanoi-v0"
    """the environment"""
    length: int = 1
    """of its instances"""
    total_steps: int = 4_000
    """of the environment"""
    learning_starts: int = 500
    """steps before the first update"""
    train_every: int = 4
    """steps between two updates"""
    target_every: int = 200
    """steps between two copies to the target network"""
    buffer: int = 4_000
    """transitions that are kept"""
    batch: int = 64
    """transitions of an update"""
    learning_rate: float = 1e-3
    """of Adam"""
    gamma: float = 0.98
    """the discount"""
    exploration: float = 0.5
    """the part of the steps in which the rate of random actions falls from 1 to 0.05"""
    hidden: int = 128
    """the width of the network"""
    seed: int = 0
    """of everything random"""


class FlatActions(gym.ActionWrapper):
    """One integer for all combinations of the integers of an action.

    ``info["action_mask"]`` becomes the mask of the combinations: legal if each integer is.
    """

    def __init__(self, env: gym.Env) -> None:
        super().__init__(env)
        choices = env.action_space.nvec
        self.table = np.indices(choices).reshape(len(choices), -1).T
        self._columns = self.table + np.cumsum([0, *choices[:-1]])
        self.action_space = spaces.Discrete(len(self.table))

    def action(self, action: int) -> np.ndarray:
        """Return the integers of a combination."""
        return self.table[action]

    def reset(self, **arguments):
        """Begin an episode."""
        observation, info = self.env.reset(**arguments)
        return observation, self._flat(info)

    def step(self, action):
        """Do the action of a number."""
        *found, info = super().step(action)
        return *found, self._flat(info)

    def _flat(self, info: dict) -> dict:
        return {**info, "action_mask": info["action_mask"][self._columns].all(axis=1)}


class OneHot(gym.ObservationWrapper):
    """All observed integers as one-hot vectors, side by side."""

    def __init__(self, env: gym.Env) -> None:
        super().__init__(env)
        self._sizes = {n: int(box.high.max()) + 1 for n, box in env.observation_space.items()}
        width = sum(
            int(np.prod(b.shape)) * self._sizes[n] for n, b in env.observation_space.items()
        )
        self.observation_space = spaces.Box(0, 1, (width,), np.float32)

    def observation(self, observation: dict) -> np.ndarray:
        """Return the vector of an observation."""
        parts = [np.eye(size)[observation[n]].ravel() for n, size in self._sizes.items()]
        return np.concatenate(parts, dtype=np.float32)


class Buffer:
    """The last transitions."""

    def __init__(self, size: int, inputs: int, actions: int) -> None:
        self.size, self.count = size, 0
        self.x, self.next_x = np.zeros((2, size, inputs), dtype=np.float32)
        self.next_mask = np.zeros((size, actions), dtype=bool)
        self.action = np.zeros(size, dtype=np.int64)
        self.reward, self.over = np.zeros((2, size), dtype=np.float32)

    def add(self, x, action, reward, next_x, next_mask, over) -> None:
        """Keep a transition, in the place of the oldest."""
        i = self.count % self.size
        self.x[i], self.action[i], self.reward[i] = x, action, reward
        self.next_x[i], self.next_mask[i], self.over[i] = next_x, next_mask, over
        self.count += 1

    def sample(self, n: int, random: np.random.Generator) -> list[torch.Tensor]:
        """Return n transitions."""
        rows = random.integers(min(self.count, self.size), size=n)
        parts = (self.x, self.action, self.reward, self.next_x, self.next_mask, self.over)
        return [torch.as_tensor(part[rows]) for part in parts]


def network(inputs: int, actions: int, hidden: int) -> nn.Sequential:
    """Return the network that gives the value of each action."""
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
        nn.Linear(hidden, actions),
    )  # fmt: skip


def choose(q: nn.Module, x, mask, random_rate: float, random: np.random.Generator) -> int:
    """Return the best legal action, or now and then a random legal one."""
    legal = np.flatnonzero(mask)
    if random.random() < random_rate:
        return int(random.choice(legal))
    with torch.no_grad():
        return int(legal[q(torch.as_tensor(x)).numpy()[legal].argmax()])


def update(q, target, optimiser, batch: list[torch.Tensor], gamma: float) -> None:
    """Bring values closer to reward plus discounted value; the target network rates actions."""
    x, action, reward, next_x, next_mask, over = batch
    with torch.no_grad():
        best = q(next_x).masked_fill(~next_mask, -1e8).argmax(dim=1, keepdim=True)
        goal = reward + gamma * (1 - over) * target(next_x).gather(1, best)[:, 0]
    loss = nn.functional.smooth_l1_loss(q(x).gather(1, action[:, None])[:, 0], goal)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def main(words: list[str] | None = None) -> None:
    """Train, and print how many episodes succeed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name, value in vars(Args()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    args = Args(**vars(parser.parse_args(words)))
    torch.manual_seed(args.seed)
    random = np.random.default_rng(args.seed)
    made = gym.make(args.env, length=args.length, reward="shaped", discount=args.gamma)
    env = FlatActions(OneHot(made))
    inputs, actions = env.observation_space.shape[0], int(env.action_space.n)
    q, target = (network(inputs, actions, args.hidden) for _ in range(2))
    target.load_state_dict(q.state_dict())
    optimiser = torch.optim.Adam(q.parameters(), args.learning_rate)
    buffer, successes = Buffer(args.buffer, inputs, actions), []
    x, info = env.reset(seed=args.seed)
    for step in range(args.total_steps):
        rate = max(0.05, 1 - step / (args.exploration * args.total_steps))
        action = choose(q, x, info["action_mask"], rate, random)
        next_x, reward, terminated, truncated, info = env.step(action)
        buffer.add(x, action, reward, next_x, info["action_mask"], terminated)
        x = next_x
        if terminated or truncated:
            successes.append(info["success"])
            x, info = env.reset()
        if step >= args.learning_starts and step % args.train_every == 0:
            update(q, target, optimiser, buffer.sample(args.batch, random), args.gamma)
        if step % args.target_every == 0:
            target.load_state_dict(q.state_dict())
        if step % 1000 == 999:
            print(f"{step + 1:>7,} steps, {np.mean(successes[-50:]):.0%} of the last succeeded")


if __name__ == "__main__":
    main()
