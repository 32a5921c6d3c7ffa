"""A network as a core of inference: it chooses the next action of many calls at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from neuralprog_agents.npi_network.model import NPI, Heads, decide, without_onednn
from neuralprog_agents.npi_network.pictures import shrink
from neuralprog_agents.npi_network.stack import Actions, Core, Floats, Ints
from neuralprog_envs.program.library import ACT


def core(
    model: NPI, domain: int = 0, on_heads: Callable[[Heads], None] = lambda heads: None
) -> Core:
    """Return a network as a core; a state is the LSTM's h, then its c.

    Args:
        model: The network.
        domain: The index of the task in the network.
        on_heads: Called with the heads' outputs in each step.
    """
    shape = (2, model.sizes.layers, model.sizes.hidden)
    choices = torch.tensor(model.sizes.domains[domain].actions)

    def step(
        program: Ints, arguments: Ints, view: Ints, state: Floats, pictures: Any = None
    ) -> tuple[Actions, Floats]:
        seen = (torch.from_numpy(part).long() for part in (program, arguments, view[:, None]))
        h, c = torch.from_numpy(state).view(-1, *shape).permute(1, 2, 0, 3).contiguous()
        with torch.inference_mode(), without_onednn():
            features = None
            if pictures is not None:
                features = model.encoder.cnn(torch.from_numpy(shrink(pictures)))[:, None]
            heads, after = model(*seen, (h, c), domain, features)
            on_heads(heads)
            flat = torch.stack(after).permute(2, 0, 1, 3).reshape(len(state), -1)
            return _possible(decide(heads)[:, 0], choices).numpy(), flat.numpy()

    return step


def _possible(actions: Tensor, choices: Tensor) -> Tensor:
    """Replace actions of other tasks by ACT without arguments, which does nothing."""
    foreign = (actions >= choices).any(dim=1, keepdim=True)
    return torch.where(foreign, torch.tensor([ACT, 0, 0, 0]), actions)
