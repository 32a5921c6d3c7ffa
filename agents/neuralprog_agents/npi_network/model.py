"""The Neural Programmer-Interpreter's network: encoder, program and key memories, core, heads.

Source: Reed and de Freitas, "Neural Programmer-Interpreters", ICLR 2016, section 3; symbols as
there. Shapes: F frames, T steps, E view components, N callable programs (each task's ACT and
library).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from neuralprog_agents.npi_network.pictures import SIDE, shrink
from neuralprog_agents.npi_network.sizes import Sizes
from neuralprog_agents.npi_network.stack import Actions, Core, Floats, Ints
from neuralprog_envs.program.library import ACT


@dataclass(frozen=True)
class Heads:
    """The outputs of the heads at each step.

    Attributes:
        end: The logit of rₜ, shape (F, T).
        program: The logits of the next program, M_key · kₜ, shape (F, T, N). The programs of the
            task come first, by number from ACT on, then those of other tasks.
        arguments: The logits of the three arguments of the next program, (F, T, choices) each.
    """

    end: Tensor
    program: Tensor
    arguments: tuple[Tensor, Tensor, Tensor]


State = tuple[Tensor, Tensor]
"""The LSTM's h and c, each (layers, F, hidden)."""


class NPI(nn.Module):
    """sₜ = f_enc(eₜ, aₜ), hₜ = f_lstm(sₜ, pₜ, hₜ₋₁); rₜ, kₜ, aₜ₊₁ = f_end, f_prog, f_arg of hₜ.

    The next program is i = argmaxⱼ M_key[j] · kₜ, and runs with p = M_prog[i]. One network can
    serve several tasks: it has an encoder for each pad, and a row of both memories for each
    program. Every program can be chosen in every task.
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
        features: Tensor | None = None,
    ) -> tuple[Heads, State]:
        """Run frames from their start, or continue from a state.

        ``program`` is the running program of each frame, by its number in the task at ``domain``,
        shape (F,), with its arguments, (F, 3); ``view`` is eₜ before each step, (F, T, E);
        ``state`` is hₜ₋₁, None for 0, as at the start of a call. ``features`` is ``encoder.cnn`` of
        the picture before each step, (F, T, hidden), None if the task has no pictures.

        Returns:
            The heads' outputs at each step, and the state after the last step.
        """
        T, rows = view.shape[1], self._rows[domain]
        a = arguments[:, None].expand(-1, T, -1)
        s = self.encoder(torch.cat([view, a], dim=2), domain, features)
        p = self.program_memory[rows[program - ACT]][:, None].expand(-1, T, -1)
        h, state = self.lstm(self.mlp(torch.cat([p, s], dim=2)), state)
        chosen = self.key(h) @ self.key_memory[rows].T
        one, two, three = (head(h) for head in self.arguments)
        return Heads(self.end(h)[..., 0], chosen, (one, two, three)), state


class Encoder(nn.Module):
    """f_enc of each task: a two-layer MLP on the one-hot view and arguments, and on CNN(picture).

    The first layer times a one-hot vector is a row of its weights, so it is stored as a table, and
    each pad has its own rows. All tasks share the second layer.
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
            self.add_module("eye", CNN(sizes.hidden))  # the name in the weights

    @property
    def cnn(self) -> CNN:
        """The network of the pictures; AttributeError without pictures."""
        return cast(CNN, self.get_submodule("eye"))

    def forward(self, seen: Tensor, domain: int, features: Tensor | None) -> Tensor:
        """Return sₜ, shape (F, T, D), of integers (F, T, E + 3) and the features of pictures."""
        total = self.rows(seen + self._first[domain]).sum(dim=2)
        return self.out(functional.relu(total if features is None else total + features))


class CNN(nn.Module):
    """CNN(x): three convolutions with stride 2, then a linear layer and a layer normalisation.

    The paper has three convolutions with pooling; it gives no channel counts.
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
        """Return the features of pictures (n, 3, SIDE, SIDE), uint8; shape (n, hidden)."""
        x = 1 - pictures.float() / 255
        return self.norm(self.out(self.convolutions(x).flatten(1)))


def loss(heads: Heads, target: Tensor, mask: Tensor) -> Tensor:
    """Return the mean of -[log P(rₜ) + log P(iₜ₊₁) + log P(aₜ₊₁)] over all steps.

    A step that returns calls nothing, so only its rₜ counts ("return before call"). ``target`` has
    the expert's actions, shape (F, T, 4), and ``mask`` is True at steps, shape (F, T).
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
    """Return the actions, shape (F, T, 4): RETURN where rₜ ≥ ½, else the likeliest call."""
    parts = [heads.program.argmax(-1) + ACT, *(logits.argmax(-1) for logits in heads.arguments)]
    return torch.stack(parts, dim=-1) * (heads.end < 0)[..., None]


def margin(heads: Heads) -> Tensor:
    """Return the smallest margin of each step's decisions, in logits, shape (F, T).

    A step that returns decides only rₜ.
    """
    gaps = [_gap(logits) for logits in (heads.program, *heads.arguments)]
    smallest = torch.stack([heads.end.abs(), *gaps]).amin(dim=0)
    return torch.where(heads.end < 0, smallest, heads.end.abs())


@contextmanager
def without_onednn() -> Iterator[None]:
    """Use ATen's LSTM on the CPU, which is faster than oneDNN's on such short sequences."""
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


def core(
    model: NPI, domain: int = 0, on_heads: Callable[[Heads], None] = lambda heads: None
) -> Core:
    """Return a network as a core of the task at ``domain``; a state is the LSTM's h, then its c.

    ``on_heads`` is called with the heads' outputs in each step.
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
