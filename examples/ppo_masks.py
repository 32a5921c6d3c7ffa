"""PPO with action masks on a tape task, in one file, in the style of CleanRL.

    python examples/ppo_masks.py --env NRAMAccess-v0 --length 2

The environments are one batch, which steps them much faster than many single ones. An action is
several integers; ``infos["action_mask"]`` has the legal choices of each, side by side, and the
policy never takes another (Huang and Ontañón, "A closer look at invalid action masking in policy
gradient algorithms", FLAIRS 2022). Some 70 % of the episodes succeed after ten seconds of one
core. Needs torch.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import gymnasium as gym
import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical

import neuralprog_envs  # noqa: F401  (registers the environments)


@dataclass
class Args:
    """The settings; each is a flag."""

    env: str = "NRAMAccess-v0"
    """the environment"""
    length: int = 2
    """of its instances"""
    total_steps: int = 120_000
    """of all environments together"""
    num_envs: int = 64
    """environments in the batch"""
    num_steps: int = 32
    """steps of each environment between two updates"""
    epochs: int = 4
    """passes over them"""
    minibatches: int = 4
    """of each pass"""
    learning_rate: float = 1e-3
    """of Adam"""
    gamma: float = 0.99
    """the discount"""
    gae_lambda: float = 0.95
    """λ of the generalised advantage estimation"""
    clip: float = 0.2
    """the clipping range of the probability ratio"""
    entropy: float = 0.01
    """the weight of the entropy"""
    hidden: int = 128
    """the width of the network"""
    seed: int = 0
    """of everything random"""


class Agent(nn.Module):
    """A network with a head for each integer of an action, and one for the value."""

    def __init__(self, fields: dict[str, gym.spaces.Box], choices: list[int], hidden: int) -> None:
        super().__init__()
        self.counts = {name: int(box.high.max()) + 1 for name, box in fields.items()}
        inputs = sum(int(np.prod(box.shape)) * self.counts[name] for name, box in fields.items())
        self.choices = choices
        self.body = nn.Sequential(
            nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh()
        )
        self.policy, self.value = nn.Linear(hidden, sum(choices)), nn.Linear(hidden, 1)
        nn.init.orthogonal_(self.policy.weight, 0.01)

    def encode(self, observation: dict[str, np.ndarray]) -> torch.Tensor:
        """Return the observed integers as one-hot vectors, shape (n, inputs)."""
        parts = [
            nn.functional.one_hot(torch.as_tensor(observation[name]).long(), count).flatten(1)
            for name, count in self.counts.items()
        ]
        return torch.cat(parts, dim=1).float()

    def forward(self, x: torch.Tensor, mask: torch.Tensor, action: torch.Tensor | None = None):
        """Return actions (n, K), their log-probabilities, the entropies and the values, (n,)."""
        h = self.body(x)
        logits = self.policy(h).masked_fill(~mask, -1e8).split(self.choices, dim=1)
        parts = [Categorical(logits=each) for each in logits]
        if action is None:
            action = torch.stack([part.sample() for part in parts], dim=1)
        logprob = sum(part.log_prob(number) for part, number in zip(parts, action.T))
        return action, logprob, sum(part.entropy() for part in parts), self.value(h)[:, 0]


class Rollout:
    """What the environments have done since the last update, each array (steps, envs, …)."""

    def __init__(self, args: Args, inputs: int, choices: list[int]) -> None:
        shape = (args.num_steps, args.num_envs)
        self.x, self.mask = torch.zeros(*shape, inputs), torch.zeros(*shape, sum(choices)).bool()
        self.action = torch.zeros(*shape, len(choices), dtype=torch.long)
        self.logprob, self.value, self.reward, self.over = torch.zeros(4, *shape)

    def advantages(self, last: torch.Tensor, args: Args) -> torch.Tensor:
        """Return the generalised advantages; ``last`` are the values after the last step."""
        found, running = torch.zeros_like(self.reward), torch.zeros_like(last)
        for t in reversed(range(args.num_steps)):
            goes_on = 1 - self.over[t]
            delta = self.reward[t] + args.gamma * goes_on * last - self.value[t]
            running = found[t] = delta + args.gamma * args.gae_lambda * goes_on * running
            last = self.value[t]
        return found


def update(agent: Agent, optimiser: torch.optim.Optimizer, data: Rollout, advantage, args) -> None:
    """Improve the agent on a rollout."""
    names = ("x", "mask", "action", "logprob", "value")
    x, mask, action, old, value = (getattr(data, name).flatten(0, 1) for name in names)
    advantage = advantage.flatten()
    returns, advantage = (
        advantage + value,
        (advantage - advantage.mean()) / (advantage.std() + 1e-8),
    )
    for _ in range(args.epochs):
        for rows in torch.randperm(len(x)).chunk(args.minibatches):
            _, logprob, entropy, new = agent(x[rows], mask[rows], action[rows])
            ratio = (logprob - old[rows]).exp()
            clipped = ratio.clamp(1 - args.clip, 1 + args.clip)
            gain = torch.min(ratio * advantage[rows], clipped * advantage[rows]).mean()
            miss = (new - returns[rows]).square().mean()
            loss = 0.5 * miss - gain - args.entropy * entropy.mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
            optimiser.step()


def main(words: list[str] | None = None) -> None:
    """Train, and print how many episodes succeed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name, value in vars(Args()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    args = Args(**vars(parser.parse_args(words)))
    torch.manual_seed(args.seed)
    envs = gym.make_vec(
        args.env,
        args.num_envs,
        vectorization_mode="vector_entry_point",
        length=args.length,
        reward="shaped",
        discount=args.gamma,
        autoreset_mode=gym.vector.AutoresetMode.SAME_STEP,
    )
    fields, choices = envs.single_observation_space.spaces, envs.single_action_space.nvec.tolist()
    agent = Agent(dict(fields), choices, args.hidden)
    optimiser = torch.optim.Adam(agent.parameters(), args.learning_rate, eps=1e-5)
    observation, info = envs.reset(seed=args.seed)
    data = Rollout(args, agent.body[0].in_features, choices)
    successes: list[bool] = []
    updates = max(1, args.total_steps // (args.num_envs * args.num_steps))
    for number in range(updates):
        for t in range(args.num_steps):
            data.x[t], data.mask[t] = agent.encode(observation), torch.tensor(info["action_mask"])
            with torch.no_grad():
                data.action[t], data.logprob[t], _, data.value[t] = agent(data.x[t], data.mask[t])
            observation, reward, terminated, truncated, info = envs.step(data.action[t].numpy())
            over = terminated | truncated  # an episode that is cut off counts as ended
            data.reward[t], data.over[t] = torch.tensor(reward), torch.tensor(over)
            if over.any():
                successes += info["final_info"]["success"][over].tolist()
        with torch.no_grad():
            mask = torch.tensor(info["action_mask"])
            last = agent(agent.encode(observation), mask)[3]
        update(agent, optimiser, data, data.advantages(last, args), args)
        if number % 20 == 19 or number == updates - 1:
            steps, recent = (number + 1) * args.num_envs * args.num_steps, successes[-200:]
            print(f"{steps:>9,} steps, {np.mean(recent or [0]):.0%} of the last episodes succeeded")


if __name__ == "__main__":
    main()
