"""Torch networks in training: random weights from a key, and states that resume exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from torch import nn
from torch.optim import Adam

from neuralprog_agents.agent import Tensors

_MOMENTS = ("exp_avg", "exp_avg_sq")

Model = TypeVar("Model", bound=nn.Module)


def seeded(build: Callable[[], Model], key: int) -> Model:
    """Return a new network whose random weights depend on the key alone.

    Args:
        build: Makes the network, on the CPU, with torch's own generator.
        key: An unsigned integer of 64 bits.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key >> 1)
        return build()


def weights(model: nn.Module) -> Tensors:
    """Return copies of a network's parameters, by name."""
    return {name: array.detach().numpy().copy() for name, array in model.named_parameters()}


def training_state(model: nn.Module, optimizer: Adam) -> Tensors:
    """Return a network's parameters and Adam's moments, by name.

    Before its first step Adam has none, which is to it as if they were 0. Parameters that are not
    trained have none ever.
    """
    moments = {
        f"{moment}.{name}": optimizer.state[parameter]
        .get(moment, torch.zeros_like(parameter))
        .numpy()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
        for moment in _MOMENTS
    }
    return {**weights(model), **moments}


def restore(model: nn.Module, optimizer: Adam, tensors: Tensors, steps: int) -> None:
    """Undo ``training_state``, in place.

    Args:
        model: A network of the same sizes.
        optimizer: Its optimizer.
        tensors: What ``training_state`` returned; more is ignored.
        steps: How many steps Adam had made.
    """
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(tensors[name]))
            if not parameter.requires_grad:
                continue
            moments = {m: torch.from_numpy(tensors[f"{m}.{name}"]) for m in _MOMENTS}
            optimizer.state[parameter] = {"step": torch.tensor(float(steps)), **moments}


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with lists for tuples, as JSON reads them back."""
    return {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}
