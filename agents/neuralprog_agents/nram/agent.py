"""The NRAM as an agent: its config, its restart, and its discretised policy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.nram.circuits import Controller, TableController, controller, visited
from neuralprog_agents.nram.config import Config
from neuralprog_agents.nram.shape import Shape
from neuralprog_agents.nram.data import task_of
from neuralprog_agents.nram.train import restart
from neuralprog_envs.core.instances import check_lengths, draw
from neuralprog_envs.registry import find, make_task
from neuralprog_envs.tape.circuit import program_text

__all__ = ["SUPERVISION", "CircuitPolicy", "Config", "check", "load", "restart"]

SUPERVISION = "input/output pairs"
_SHOWN = 64
"""Instances that are run to see which patterns occur."""


class CircuitPolicy:
    """A controller that acts in circuit mode and sees nothing but flags.

    Args:
        env_id: The environment it was trained for.
        shape: Its sizes; the memory's does not matter.
        controller: What chooses the circuits.
        steps: (a, b): an instance of length n runs for at most T = a·n + b steps.
        length: A typical length, for showing the program.
    """

    def __init__(
        self,
        env_id: str,
        shape: Shape,
        controller: Controller,
        steps: tuple[int, int],
        length: int,
    ) -> None:
        self.env_id, self.shape, self.steps, self.length = env_id, shape, steps, length
        self.controller = controller

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's arguments: circuit mode, flags, and the time limit T."""
        return {
            "action": "circuit",
            "observation": "flags",
            "registers": self.shape.registers,
            "repetitions": self.shape.repetitions,
            "max_steps": max(self.steps[0] * length + self.steps[1], 1),
        }

    def start(self, n: int) -> None:
        """Begin n episodes."""
        self.controller.start(n)

    def act(self, observation: Any, action_mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return each slot's circuit, shape (n, K)."""
        return self.controller.choose(observation)

    def program_text(self) -> str:
        """Return the circuits that occur, dead wiring removed, one block a pattern of zeros."""
        if not isinstance(self.controller, TableController):
            return "an LSTM controller has no finite table of circuits to show"
        settings = self.settings(self.length)
        limit = settings.pop("max_steps")
        task: Any = make_task(self.env_id, length=self.length, **settings)
        instances = draw(task, 0, np.arange(_SHOWN), (self.length, self.length))
        limits = np.full(_SHOWN, limit)
        seen = visited(task.machine, self.controller.table, instances, limits)
        return program_text(task.machine, self.controller.table, seen)


def check(config: Config) -> None:
    """Raise ValueError if a config's environment or device can't be had."""
    if find(config.env).family != "tape":
        raise ValueError(f"nram learns tape tasks, and {config.env} is none")
    low, high = config.length
    check_lengths(task_of(config, high), (low, high), "train")
    if config.device != "cpu":
        _check_device(config.device)


def _check_device(device: str) -> None:
    import torch

    try:
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"device {device!r} can't be used here ({reason}); cpu can") from None


def load(weights: dict[str, NDArray[Any]], card: dict[str, Any]) -> CircuitPolicy:
    """Return the discretised policy of trained weights.

    Args:
        weights: "theta", shape (P,), float32.
        card: "env", "shape", "steps" and "trained_lengths", as ``restart`` gives them.

    Raises:
        ValueError: The weights do not fit the shape.
    """
    shape = Shape(**card["shape"])
    theta = weights.get("theta")
    if theta is None or theta.shape != (shape.size,):
        raise ValueError(f"an NRAM of this shape has one array theta of {shape.size} numbers")
    steps = (int(card["steps"][0]), int(card["steps"][1]))
    longest = int(card["trained_lengths"][1])
    return CircuitPolicy(card["env"], shape, controller(theta, shape), steps, longest)
