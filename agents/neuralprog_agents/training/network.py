"""Torch networks in training: random weights from a key, and states that resume exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from neuralprog_agents.agent import Tensors
from neuralprog_agents.training.checkpoint import check_dtypes

_MOMENTS = ("exp_avg", "exp_avg_sq")

Model = TypeVar("Model", bound=nn.Module)


def seeded(build: Callable[[], Model], key: int) -> Model:
    """Return a new network, made on the CPU, whose random weights depend on 64 bits alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key >> 1)
        return build()


def weights(model: nn.Module) -> Tensors:
    """Return copies of a network's parameters, by name."""
    return {name: array.detach().numpy().copy() for name, array in model.named_parameters()}


def check_fits(build: Callable[[], nn.Module], weights: Tensors) -> None:
    """Raise ValueError where weights are not those of a network; no memory is taken for it."""
    with torch.device("meta"):
        wanted = {name: tuple(array.shape) for name, array in build().named_parameters()}
    if wanted != {name: array.shape for name, array in weights.items()}:
        raise ValueError("these weights do not fit the network that the card describes")
    check_dtypes(weights, ("float32",))


def set_weights(model: nn.Module, weights: Tensors) -> None:
    """Put weights that fit into a network."""
    model.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})


def restored(build: Callable[[], Model], weights: Tensors) -> Model:
    """Return a network with trained weights, ready to be used.

    Raises:
        ValueError: They are not those of this network.
    """
    check_fits(build, weights)
    model = build()
    set_weights(model, weights)
    return model.eval()


def gradient_step(model: nn.Module, optimizer: Optimizer, cost: Tensor, clip_norm: float) -> float:
    """Take a gradient step, with the gradient scaled down to a norm; return the cost."""
    optimizer.zero_grad()
    cost.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    optimizer.step()
    return float(cost.detach())


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
    """Undo ``training_state``, in place, after that many steps of Adam; ignore other tensors."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(tensors[name]))
            if not parameter.requires_grad:
                continue
            moments = {m: torch.from_numpy(tensors[f"{m}.{name}"]) for m in _MOMENTS}
            optimizer.state[parameter] = {"step": torch.tensor(float(steps)), **moments}
