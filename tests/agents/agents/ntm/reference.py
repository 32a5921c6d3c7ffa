"""A step of the Neural Turing Machine's heads in torch's own operations, on any device.

Source: Graves, Wayne and Danihelka 2014 (arXiv 1410.5401), sections 3.1 to 3.3; symbols as there.
"""

import torch
from torch import Tensor
from torch.nn import functional

from neuralprog_agents.agents.ntm.model import HEADS, SHIFTS

_TINY = 1e-12


def access(W: int, steer: Tensor, before: Tensor, memory: Tensor) -> tuple[Tensor, ...]:
    """Return what is read, the new weightings and the new memory; as ``fused.Access`` does."""
    parts = [HEADS * W, W, W, HEADS, HEADS, HEADS, HEADS * SHIFTS]
    keys, add, erase, gates, strengths, sharpness, shifts = torch.split(steer, parts, 1)
    w = address(
        memory,
        before,
        k=torch.tanh(keys).view(-1, HEADS, W),
        beta=functional.softplus(strengths)[:, :, None],
        g=torch.sigmoid(gates)[:, :, None],
        s=torch.softmax(shifts.view(-1, HEADS, SHIFTS), dim=2),
        gamma=1.0 + functional.softplus(sharpness)[:, :, None],
    )
    memory = write(memory, w[:, 1:], torch.sigmoid(erase), torch.tanh(add))
    return torch.bmm(memory, w[:, 0, :, None])[:, :, 0], w, memory


def address(
    memory: Tensor, before: Tensor, k: Tensor, beta: Tensor, g: Tensor, s: Tensor, gamma: Tensor
) -> Tensor:
    """Return the heads' new weightings, shape (B, H, N); equations 5 to 9.

    Args:
        memory: Shape (B, W, N).
        before: The last weightings, shape (B, H, N).
        k: Keys, shape (B, H, W).
        beta: Their strengths, at least 0, shape (B, H, 1).
        g: How much the content decides, 0 to 1, shape (B, H, 1).
        s: The distribution over shifts by -1, 0, 1, shape (B, H, 3).
        gamma: The sharpening, at least 1, shape (B, H, 1).
    """
    unit = memory * torch.rsqrt(memory.square().sum(1, keepdim=True) + _TINY)
    k = k * (beta * torch.rsqrt(k.square().sum(2, keepdim=True) + _TINY))
    content = torch.softmax(torch.bmm(k, unit), dim=2)
    gated = torch.lerp(before, content, g)
    ring = torch.cat([gated[:, :, -1:], gated, gated[:, :, :1]], dim=2)
    N = memory.shape[2]
    moved = s[:, :, 2:] * ring[:, :, :N] + s[:, :, 1:2] * gated + s[:, :, :1] * ring[:, :, 2:]
    return torch.softmax(gamma * torch.log(moved + _TINY), dim=2)


def write(memory: Tensor, w: Tensor, erase: Tensor, add: Tensor) -> Tensor:
    """Return the memory (B, W, N) after a head has erased and added; equations 3 and 4.

    The head's weighting ``w`` has shape (B, 1, N); ``erase``, 0 to 1, and ``add`` have (B, W).
    """
    return memory + w * (add[:, :, None] - memory * erase[:, :, None])
