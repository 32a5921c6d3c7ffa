"""The features extractor of every network: it treats integers as symbols, not as magnitudes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn


class OneHotExtractor(BaseFeaturesExtractor):  # type: ignore[misc]
    """A linear layer on one-hot encodings of all integers, then ReLU.

    The layer is a table with a row for each value of each integer, within the bounds of the space;
    its output is the sum of the rows. A real number x is an input as sign(x) · log(1 + abs(x)).

    Args:
        observation_space: A box of integers or reals, ``MultiBinary``, or a dictionary of these.
        width: The number of units; a plain int, as torch's LSTM requires.
    """

    def __init__(self, observation_space: spaces.Space[Any], width: int) -> None:
        super().__init__(observation_space, width)
        arrays = _arrays(observation_space)
        self._integers = [name for name, space in arrays.items() if _is_integer(space)]
        self._reals = [name for name in arrays if name not in self._integers]
        bounds = [_bounds(arrays[name]) for name in self._integers]
        low = np.concatenate([b[0] for b in bounds]) if bounds else np.zeros(0, dtype=np.int64)
        high = np.concatenate([b[1] for b in bounds]) if bounds else low
        counts = high - low + 1
        first = np.cumsum(counts) - counts
        for name, numbers in (("_low", low), ("_high", high), ("_first", first)):
            self.register_buffer(name, torch.tensor(numbers), persistent=False)
        self.bias = nn.Parameter(torch.zeros(width))
        if self._integers:
            self.table = nn.EmbeddingBag(int(counts.sum()), width, mode="sum")
            nn.init.normal_(self.table.weight, std=len(low) ** -0.5)
        if self._reals:
            reals = sum(int(np.prod(arrays[name].shape or ())) for name in self._reals)
            self.numbers = nn.Linear(reals, width, bias=False)

    def forward(self, observations: Any) -> torch.Tensor:
        """Return features of shape (B, width) for arrays of shape (B, …)."""
        arrays = observations if isinstance(observations, dict) else {"": observations}
        total = self.bias
        if self._integers:
            total = total + self.table(self._rows(_concatenated(arrays, self._integers)))
        if self._reals:
            total = total + self.numbers(symlog(_concatenated(arrays, self._reals)))
        return torch.relu(total)

    def _rows(self, values: torch.Tensor) -> torch.Tensor:
        """Return the row of the table for each integer; integers out of bounds are clipped."""
        whole = torch.minimum(torch.maximum(values.long(), self._low), self._high)
        return whole - self._low + self._first


def _concatenated(arrays: dict[str, torch.Tensor], names: list[str]) -> torch.Tensor:
    """Concatenate the named arrays, flattened."""
    return torch.cat([arrays[name].flatten(1) for name in names], dim=1)


def symlog(values: torch.Tensor) -> torch.Tensor:
    """Return sign(x) · log(1 + abs(x))."""
    return torch.sign(values) * torch.log1p(torch.abs(values))


def _arrays(space: spaces.Space[Any]) -> dict[str, spaces.Space[Any]]:
    return dict(space.spaces) if isinstance(space, spaces.Dict) else {"": space}


def _is_integer(space: spaces.Space[Any]) -> bool:
    return space.dtype is not None and space.dtype.kind in "iub"


def _bounds(space: spaces.Space[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the lowest and the highest value of each integer of an array, flat."""
    if isinstance(space, spaces.Box):
        return space.low.ravel().astype(np.int64), space.high.ravel().astype(np.int64)
    zeros = np.zeros(int(np.prod(space.shape or ())), dtype=np.int64)
    return zeros, zeros + 1
