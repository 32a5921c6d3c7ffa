"""A network as the core of inference: what it decides in one step of many calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from neuralprog_agents.agent import Tensors
from neuralprog_agents.npi_network.model import NPI, Heads, decide, without_onednn
from neuralprog_agents.npi_network.pictures import shrink
from neuralprog_agents.npi_network.sizes import read
from neuralprog_agents.npi_network.stack import Actions, Core, Floats, Ints
from neuralprog_envs.program.library import ACT


def core(model: NPI, domain: int = 0, listen: Callable[[Heads], None] = lambda heads: None) -> Core:
    """Return a network as the core of lock-step inference; a state is its h, then its c.

    Args:
        model: The network.
        domain: The task's number.
        listen: Is told what the heads say in each step.
    """
    shape = (2, model.sizes.layers, model.sizes.hidden)
    choices = torch.tensor(model.sizes.domains[domain].actions)

    def step(
        program: Ints, arguments: Ints, view: Ints, state: Floats, pictures: Any = None
    ) -> tuple[Actions, Floats]:
        seen = (torch.from_numpy(part).long() for part in (program, arguments, view[:, None]))
        h, c = torch.from_numpy(state).view(-1, *shape).permute(1, 2, 0, 3).contiguous()
        with torch.inference_mode(), without_onednn():
            sight = None
            if pictures is not None:
                sight = model.encoder.eye(torch.from_numpy(shrink(pictures)))[:, None]
            heads, after = model(*seen, (h, c), domain, sight)
            listen(heads)
            flat = torch.stack(after).permute(2, 0, 1, 3).reshape(len(state), -1)
            return _possible(decide(heads)[:, 0], choices).numpy(), flat.numpy()

    return step


def _possible(actions: Tensor, choices: Tensor) -> Tensor:
    """Put ACT without arguments, which does nothing, where a choice is another task's."""
    foreign = (actions >= choices).any(dim=1, keepdim=True)
    return torch.where(foreign, torch.tensor([ACT, 0, 0, 0]), actions)


def restored(plain: Mapping[str, Any], weights: Tensors) -> NPI:
    """Return the network of some parameters.

    Args:
        plain: Its sizes, as a card has them.
        weights: The parameters, by name.

    Raises:
        ValueError: They do not fit each other.
    """
    model = NPI(read(plain))
    wanted = {name: tuple(array.shape) for name, array in model.named_parameters()}
    if {name: array.shape for name, array in weights.items()} != wanted:
        raise ValueError("these weights do not fit an NPI of the sizes that the card gives")
    model.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return model.eval()
