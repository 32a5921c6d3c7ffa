"""A Neural Programmer-Interpreter learns to sort from execution traces, in one file.

    python examples/npi_from_traces.py

An LSTM reads the running program, its arguments and the view of the scratch pad, and says whether
to return and what to call next (Reed and de Freitas, "Neural Programmer-Interpreters", ICLR 2016).
Each call of a program begins with a new state, so each frame of a trace is a training sequence.
With traces of recursive programs (Cai, Shin and Song, ICLR 2017) it sorts arrays longer than any
that it saw. It takes ten seconds, and needs torch.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import gymnasium as gym
import numpy as np
import torch
from torch import nn

from neuralprog_envs import make_task
from neuralprog_envs.interfaces.dataset import pairs
from neuralprog_envs.program.frames import batch_frames, frames

FORM = {"recursive": True, "observation": "order"}
"""The expert's programs call themselves, and the view tells which of two items is larger."""


@dataclass
class Args:
    """The settings; each is a flag."""

    env: str = "NPIBubbleSort-v0"
    """a program task with the view "order", as the sorting tasks have"""
    traces: int = 50
    """how many of the expert's runs are learned from"""
    longest: int = 4
    """the length of the longest instance among them"""
    updates: int = 300
    """of the network"""
    batch: int = 64
    """frames of an update"""
    hidden: int = 64
    """the size of the LSTM"""
    learning_rate: float = 0.01
    """of Adam"""
    test_length: int = 10
    """the length of the instances that it is tested on"""
    episodes: int = 10
    """how many of them"""
    seed: int = 0
    """of the network and of the batches"""


class NPI(nn.Module):
    """Scores the program that is called next, RETURN among them, and its arguments.

    Args:
        values: The number of values of each component of the view.
        choices: The number of choices of each integer of an action.
        hidden: The size of the LSTM.
    """

    def __init__(self, values: list[int], choices: tuple[int, ...], hidden: int) -> None:
        super().__init__()
        self.values, self.choices = values, choices
        self.lstm = nn.LSTM(sum(values) + sum(choices), hidden, batch_first=True)
        self.heads = nn.ModuleList(nn.Linear(hidden, count) for count in choices)

    def forward(self, view, call, state=None):
        """Return the scores, a tensor (F, T, choices) for each integer, and the next state.

        ``view`` has the shape (F, T, E); ``call``, the running program and its arguments, (F, 4).
        """
        seen = [one_hot(view[..., i], count) for i, count in enumerate(self.values)]
        running = [one_hot(call[:, i], count) for i, count in enumerate(self.choices)]
        spread = torch.cat(running, dim=-1)[:, None].expand(-1, view.shape[1], -1)
        h, state = self.lstm(torch.cat([*seen, spread], dim=-1), state)
        return [head(h) for head in self.heads], state


def one_hot(numbers, count: int):
    """Return numbers from 0 to count - 1 as float vectors."""
    return nn.functional.one_hot(numbers.long(), count).float()


def train(args: Args) -> NPI:
    """Return a network that imitates the expert's calls."""
    task = make_task(args.env, length=args.longest, **FORM)
    posed = pairs(task, args.traces, length=(1, args.longest), seed=args.seed)
    data = batch_frames(frames(task, posed))
    call = torch.tensor(np.concatenate([data.program[:, None], data.arguments], axis=1))
    view, target, mask = (torch.tensor(part) for part in (data.view, data.target, data.mask))
    model = NPI([count for _, count in task.machine.world.view], task.machine.actions, args.hidden)
    optimiser = torch.optim.Adam(model.parameters(), args.learning_rate)
    for update in range(args.updates):
        rows = torch.randint(len(call), (args.batch,))
        scores, _ = model(view[rows], call[rows])
        losses = [
            nn.functional.cross_entropy(
                part.transpose(1, 2), target[rows][..., i].long(), reduction="none"
            )
            for i, part in enumerate(scores)
        ]
        loss = (sum(losses) * mask[rows]).sum() / mask[rows].sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if update % 100 == 0:
            print(f"update {update:>5}, {len(call)} different frames, loss {loss.item():.4f}")
    return model


@torch.no_grad()
def play(model: NPI, env: gym.Env, seed: int) -> bool:
    """Play one episode greedily, with a state of the LSTM for each call on the stack."""
    observation, info = env.reset(seed=seed)
    states: list = []
    over = False
    while not over:
        depth = int(observation["depth"][0])
        states = [*states[:depth], *[None] * (depth - len(states))]
        call = np.concatenate([observation["program"], observation["arguments"]])
        view = torch.tensor(observation["view"])[None, None]
        scores, states[-1] = model(view, torch.tensor(call)[None], states[-1])
        action = [int(part.argmax()) for part in scores]
        observation, _, terminated, truncated, info = env.step(action)
        over = terminated or truncated
    return info["success"]


def main(words: list[str] | None = None) -> None:
    """Train on short traces, then sort longer arrays."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name, value in vars(Args()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    args = Args(**vars(parser.parse_args(words)))
    torch.manual_seed(args.seed)
    model = train(args)
    env = gym.make(args.env, length=args.test_length, split="test", **FORM)
    solved = sum(play(model, env, seed) for seed in range(args.episodes))
    print(f"right on {solved} of {args.episodes} instances of length {args.test_length}")


if __name__ == "__main__":
    main()
