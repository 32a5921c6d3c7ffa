"""The Neural Programmer-Interpreter's network: encoder, program and key memories, core, heads.

Source: Reed and de Freitas, "Neural Programmer-Interpreters", ICLR 2016, section 3; symbols as
there. Shapes: F frames, T steps, E view components, N callable programs (each task's ACT and
library).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from neuralprog_agents.npi_network.pictures import SIDE
from neuralprog_agents.npi_network.sizes import Sizes
from neuralprog_envs.program.library import ACT


@dataclass(frozen=True)
class Heads:
    """What the network says at each step.

    Attributes:
        end: The logit of rₜ, shape (F, T).
        program: The logits of the next program, M_key · kₜ, shape (F, T, N): the task's own by
            their numbers from ACT on, then those of other tasks.
        arguments: The logits of each of the next program's arguments, (F, T, choices) each.
    """

    end: Tensor
    program: Tensor
    arguments: tuple[Tensor, Tensor, Tensor]


State = tuple[Tensor, Tensor]
"""The LSTM's h and c, each (layers, F, hidden)."""


class NPI(nn.Module):
    """sₜ = f_enc(eₜ, aₜ), hₜ = f_lstm(sₜ, pₜ, hₜ₋₁); rₜ, kₜ, aₜ₊₁ = f_end, f_prog, f_arg of hₜ.

    The next program is i = argmaxⱼ M_key[j] · kₜ, and runs with p = M_prog[i]. One network may
    serve several tasks: it has an encoder for the pad of each, and a row of the memories for each
    program, all of which can be chosen in any task.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        N, hidden = sizes.programs, sizes.hidden
        self.encoder = Encoder(sizes)
        self.program_memory = nn.Parameter(torch.randn(N, sizes.program))
        self.key_memory = nn.Parameter(torch.randn(N, sizes.key))
        self.mlp = nn.Sequential(
            nn.Linear(sizes.program + sizes.state, hidden), nn.ReLU(), nn.Linear(hidden, hidden)
        )
        self.lstm = nn.LSTM(hidden, hidden, sizes.layers, batch_first=True)
        self.end = nn.Linear(hidden, 1)
        self.key = nn.Linear(hidden, sizes.key)
        self.arguments = nn.ModuleList(nn.Linear(hidden, k) for k in sizes.arguments)
        self._rows = [torch.tensor(sizes.order(k)) for k in range(len(sizes.domains))]

    def forward(
        self,
        program: Tensor,
        arguments: Tensor,
        view: Tensor,
        state: State | None = None,
        domain: int = 0,
        sight: Tensor | None = None,
    ) -> tuple[Heads, State]:
        """Run frames from their start, or on from a state.

        Args:
            program: The running programs' numbers in their task, shape (F,).
            arguments: Their arguments, shape (F, 3).
            view: eₜ before each step, shape (F, T, E).
            state: hₜ₋₁; None is the zero that every call begins with.
            domain: The task's number.
            sight: What ``encoder.eye`` makes of the picture before each step, shape
                (F, T, hidden); None where there is none.

        Returns:
            What the heads say at each step, and the state after the last.
        """
        T, rows = view.shape[1], self._rows[domain]
        a = arguments[:, None].expand(-1, T, -1)
        s = self.encoder(torch.cat([view, a], dim=2), domain, sight)
        p = self.program_memory[rows[program - ACT]][:, None].expand(-1, T, -1)
        h, state = self.lstm(self.mlp(torch.cat([p, s], dim=2)), state)
        chosen = self.key(h) @ self.key_memory[rows].T
        one, two, three = (head(h) for head in self.arguments)
        return Heads(self.end(h)[..., 0], chosen, (one, two, three)), state


class Encoder(nn.Module):
    """f_enc of each task: a two-layer MLP on the one-hot view and arguments, and on CNN(picture).

    The first layer times a one-hot vector is a row of its weights, so it is a table of rows, and
    each pad has rows of its own. The second layer is everyone's.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.rows = nn.Embedding(sizes.table, sizes.hidden)
        self._first = [torch.tensor([d.first, *d.values[:-1]]).cumsum(0) for d in sizes.domains]
        for pad in {domain.first: domain for domain in sizes.domains}.values():
            own = self.rows.weight.data[pad.first : pad.end]
            nn.init.normal_(own, std=len(pad.values) ** -0.5)
        self.out = nn.Linear(sizes.hidden, sizes.state)
        if sizes.pictured:
            self.eye = Eye(sizes.hidden)

    def forward(self, seen: Tensor, domain: int, sight: Tensor | None) -> Tensor:
        """Return sₜ, shape (F, T, D), of integers (F, T, E + 3) and what the eye has seen."""
        total = self.rows(seen + self._first[domain]).sum(dim=2)
        return self.out(functional.relu(total if sight is None else total + sight))


class Eye(nn.Module):
    """CNN(x): three convolutions with stride 2, and a layer that joins those of view and arguments.

    The paper has as many, with pooling besides, and says no channel counts.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(3, 16, 5, stride=2, padding=2), nn.ELU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ELU(),
            nn.Conv2d(32, 32, 3, stride=2, padding=1), nn.ELU(),
        )  # fmt: skip
        self.out = nn.Linear(32 * (SIDE // 8) ** 2, hidden)
        self.norm = nn.LayerNorm(hidden)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return shape (n, hidden), of small pictures (n, 3, SIDE, SIDE), uint8."""
        x = 1 - pictures.float() / 255
        return self.norm(self.out(self.convolutions(x).flatten(1)))


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
