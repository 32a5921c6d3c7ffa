"""Certain choices for the soft machine."""

import torch

from neuralprog_agents.agents.nram.model import Wiring


def one_hot_wiring(choices, shape):
    """Choices (B, K) as weights; K is the env's circuit action, finish ignored."""
    weights = [
        (choices[:, j, None] == torch.arange(s.size)).double()
        for j, s in enumerate(shape.softmaxes)
    ]
    return Wiring(weights[: -shape.registers], weights[-shape.registers :])
