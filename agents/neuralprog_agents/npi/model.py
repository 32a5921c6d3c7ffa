"""The Neural Programmer-Interpreter's network: encoder, program and key memories, core, heads.

Source: Reed and de Freitas, "Neural Programmer-Interpreters", ICLR 2016, section 3; symbols as
there. Shapes: F frames, T steps, E view components, N callable programs (ACT and the library's).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from neuralprog_envs.program.library import ACT


@dataclass(frozen=True)
class Sizes:
    """The sizes of a network.

    Attributes:
        view: The number of values of each of the E view components.
        actions: The choices of an action's program and of its three arguments.
        state: D, what the encoder gives.
        program: P, the width of the program memory.
        key: K, the width of the key memory.
        hidden: Units in the core's MLP and in each LSTM layer.
        layers: LSTM layers.
    """

    view: tuple[int, ...]
    actions: tuple[int, int, int, int]
    state: int
    program: int
    key: int
    hidden: int
    layers: int


@dataclass(frozen=True)
class Heads:
    """What the network says at each step.

    Attributes:
        end: The logit of rₜ, shape (F, T).
        program: The logits of the next program, M_key · kₜ, shape (F, T, N).
        arguments: The logits of each of the next program's arguments, (F, T, choices) each.
    """

    end: Tensor
    program: Tensor
    arguments: tuple[Tensor, Tensor, Tensor]


State = tuple[Tensor, Tensor]
"""The LSTM's h and c, each (layers, F, hidden)."""


class NPI(nn.Module):
    """sₜ = f_enc(eₜ, aₜ), hₜ = f_lstm(sₜ, pₜ, hₜ₋₁); rₜ, kₜ, aₜ₊₁ = f_end, f_prog, f_arg of hₜ.

    The next program is i = argmaxⱼ M_key[j] · kₜ, and runs with p = M_prog[i].
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        N, hidden = sizes.actions[0] - ACT, sizes.hidden
        self.encoder = Encoder((*sizes.view, *sizes.actions[1:]), sizes.hidden, sizes.state)
        self.program_memory = nn.Parameter(torch.randn(N, sizes.program))
        self.key_memory = nn.Parameter(torch.randn(N, sizes.key))
        self.mlp = nn.Sequential(
            nn.Linear(sizes.program + sizes.state, hidden), nn.ReLU(), nn.Linear(hidden, hidden)
        )
        self.lstm = nn.LSTM(hidden, hidden, sizes.layers, batch_first=True)
        self.end = nn.Linear(hidden, 1)
        self.key = nn.Linear(hidden, sizes.key)
        self.arguments = nn.ModuleList(nn.Linear(hidden, k) for k in sizes.actions[1:])

    def forward(
        self, program: Tensor, arguments: Tensor, view: Tensor, state: State | None = None
    ) -> tuple[Heads, State]:
        """Run frames from their start, or on from a state.

        Args:
            program: The running programs' numbers, shape (F,).
            arguments: Their arguments, shape (F, 3).
            view: eₜ before each step, shape (F, T, E).
            state: hₜ₋₁; None is the zero that every call begins with.

        Returns:
            What the heads say at each step, and the state after the last.
        """
        T = view.shape[1]
        a = arguments[:, None].expand(-1, T, -1)
        s = self.encoder(torch.cat([view, a], dim=2))
        p = self.program_memory[program - ACT][:, None].expand(-1, T, -1)
        h, state = self.lstm(self.mlp(torch.cat([p, s], dim=2)), state)
        one, two, three = (head(h) for head in self.arguments)
        return Heads(self.end(h)[..., 0], self.key(h) @ self.key_memory.T, (one, two, three)), state


class Encoder(nn.Module):
    """f_enc: a two-layer MLP on the one-hot view and arguments, one after the other.

    The first layer times a one-hot vector is a row of its weights, so it is a table of rows.
    """

    first: Tensor

    def __init__(self, values: tuple[int, ...], hidden: int, state: int) -> None:
        super().__init__()
        first = torch.tensor([0, *values[:-1]]).cumsum(0)
        self.register_buffer("first", first, persistent=False)
        self.rows = nn.Embedding(sum(values), hidden)
        nn.init.normal_(self.rows.weight, std=len(values) ** -0.5)
        self.out = nn.Linear(hidden, state)

    def forward(self, seen: Tensor) -> Tensor:
        """Return sₜ, shape (F, T, D), of integers (F, T, E + 3)."""
        return self.out(functional.relu(self.rows(seen + self.first).sum(dim=2)))


def loss(heads: Heads, target: Tensor, mask: Tensor) -> Tensor:
    """Return - Σₜ [log P(rₜ) + log P(iₜ₊₁) + log P(aₜ₊₁)], the mean over the steps there are.

    Steps that return call nothing, so only their rₜ counts ("return before call").

    Args:
        heads: What the network says.
        target: The expert's actions, shape (F, T, 4); program 0 is the return.
        mask: Which steps there are, shape (F, T).
    """
    returns = target[..., 0] == 0
    end = functional.binary_cross_entropy_with_logits(
        heads.end[mask], returns[mask].to(heads.end.dtype), reduction="sum"
    )
    calls = mask & ~returns
    chosen = target[calls]
    total = end + functional.cross_entropy(
        heads.program[calls], chosen[:, 0] - ACT, reduction="sum"
    )
    for i, logits in enumerate(heads.arguments, start=1):
        total = total + functional.cross_entropy(logits[calls], chosen[:, i], reduction="sum")
    return total / mask.sum()


def decide(heads: Heads) -> Tensor:
    """Return the actions, shape (F, T, 4): the return where rₜ ≥ ½, else the likeliest call."""
    parts = [heads.program.argmax(-1) + ACT, *(logits.argmax(-1) for logits in heads.arguments)]
    return torch.stack(parts, dim=-1) * (heads.end < 0)[..., None]


def margin(heads: Heads) -> Tensor:
    """Return by how much each step's closest decision is made, in logits, shape (F, T).

    A step that returns decides that only.
    """
    gaps = [_gap(logits) for logits in (heads.program, *heads.arguments)]
    smallest = torch.stack([heads.end.abs(), *gaps]).amin(dim=0)
    return torch.where(heads.end < 0, smallest, heads.end.abs())


@contextmanager
def without_onednn() -> Iterator[None]:
    """Use ATen's LSTM on the CPU: on sequences this short it is the faster one."""
    before = torch.backends.mkldnn.enabled
    torch.backends.mkldnn.enabled = False  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.backends.mkldnn.enabled = before


def _gap(logits: Tensor) -> Tensor:
    if logits.shape[-1] < 2:
        return torch.full(logits.shape[:-1], torch.inf)
    best = logits.topk(2, dim=-1).values
    return best[..., 0] - best[..., 1]
