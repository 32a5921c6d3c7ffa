"""Gaussian gradient noise as a pure function of (seed, step, place in theta)."""

from __future__ import annotations

from math import pi

import torch
from torch import Tensor

from neuralprog_agents.agents.nram.philox import words


def normals(seed: int, step: int, size: int) -> Tensor:
    """Standard normals (size,) float32, by Box and Muller from 24 bits of each word.

    One pair of words makes the normals i and i + half, with half a multiple of sixteen: the
    compiled kernel fills whole rows.
    """
    half = -(-size // 32) * 16
    left, right = words(torch.arange(half), seed, step)
    radius = torch.sqrt(-2.0 * torch.log(((left >> 8) + 1).double() * 2.0**-24))
    angle = 2.0 * pi * ((right >> 8).double() * 2.0**-24 - 0.5)
    return torch.cat([radius * torch.cos(angle), radius * torch.sin(angle)])[:size].float()
