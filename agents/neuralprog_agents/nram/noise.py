"""Gaussian gradient noise as a pure function of (seed, step, parameter index).

The words come from Philox 2x32 with ten rounds (Salmon et al., "Parallel random numbers: as
easy as 1, 2, 3", SC 2011), keyed by the seed, with (pair of parameters, step) as counter;
Box and Muller turn each pair of words into two normals. No state: training resumes exactly,
and threads, devices and batch shapes cannot change the noise.
"""

from __future__ import annotations

from math import pi

import torch
from torch import Tensor

WORD = 0xFFFFFFFF
MULTIPLIER = 0xD256D193
KEY_STEP = 0x9E3779B9
ROUNDS = 10


def fold(seed: int) -> int:
    """A 32-bit key from a seed of any size."""
    seed = int(seed) & 0xFFFFFFFFFFFFFFFF
    return (seed ^ (seed >> 32)) & WORD


def words(seed: int, step: int, count: int, device: torch.device | str) -> tuple[Tensor, Tensor]:
    """Two int64 tensors (count,) of 32-bit words: Philox 2x32-10 at counters (i, step)."""
    left = torch.arange(count, device=device)
    right = torch.full_like(left, step & WORD)
    key = fold(seed)
    for _ in range(ROUNDS):
        product = left * MULTIPLIER  # wraps modulo 2^64, so both halves are still exact
        left, right = ((product >> 32) & WORD) ^ key ^ right, product & WORD
        key = (key + KEY_STEP) & WORD
    return left, right


def normals(seed: int, step: int, size: int, device: torch.device | str = "cpu") -> Tensor:
    """Standard normals (size,) float32 of this seed and step; pairs are neighbours."""
    left, right = words(seed, step, (size + 1) // 2, device)
    radius = torch.sqrt(-2.0 * torch.log(((left >> 8) + 1).double() * 2.0**-24))
    angle = 2.0 * pi * ((right >> 8).double() * 2.0**-24 - 0.5)
    pairs = torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], dim=1)
    return pairs.flatten()[:size].float()
