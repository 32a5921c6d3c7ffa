"""AlphaNPI's network: encoder, program memory, LSTM, actor and critic.

Source: Pierrot et al., NeurIPS 2019, section 3.2 (and the authors' code, for the sizes). A choice
is an action of the library; RETURN is one of them, so there is no separate end head.
Shapes: B calls, T steps, E view components, C choices.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from neuralprog_agents.agents.alphanpi.card import Sizes

State = tuple[Tensor, Tensor]
"""The LSTM's h and c, each (1, B, hidden); zero at the start of each call."""


class Network(nn.Module):
    """sₜ = f_enc(eₜ), hₜ = f_lstm(sₜ, p, hₜ₋₁); πₜ = f_actor(hₜ), Vₜ = f_value(hₜ)."""

    first: Tensor

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        first = torch.tensor([0, *sizes.view[:-1]]).cumsum(0)
        self.register_buffer("first", first, persistent=False)
        self.rows = nn.Embedding(sum(sizes.view), sizes.hidden)
        nn.init.normal_(self.rows.weight, std=len(sizes.view) ** -0.5)
        self.encoder = nn.Linear(sizes.hidden, sizes.state)
        self.memory = nn.Embedding(sizes.programs, sizes.program)
        self.lstm = nn.LSTM(sizes.state + sizes.program, sizes.hidden, batch_first=True)
        self.actor = nn.Linear(sizes.hidden, sizes.choices)
        self.critic = nn.Linear(sizes.hidden, 1)

    def forward(
        self, program: Tensor, view: Tensor, state: State | None = None
    ) -> tuple[Tensor, Tensor, State]:
        """Run calls from their start, or continue from a state, hₜ₋₁ and cₜ₋₁; None is 0.

        ``program`` is the running program of each call, from 0, shape (B,); ``view`` is eₜ before
        each step, shape (B, T, E).

        Returns:
            The logits of the choices (B, T, C), the values (B, T) in 0..1, and the last state.
        """
        seen = functional.relu(self.rows(view + self.first).sum(dim=2))
        running = self.memory(program)[:, None].expand(-1, view.shape[1], -1)
        h, after = self.lstm(torch.cat([self.encoder(seen), running], dim=2), state)
        return self.actor(h), torch.sigmoid(self.critic(h)[..., 0]), after


def loss(logits: Tensor, values: Tensor, target: Tensor, outcome: Tensor, mask: Tensor) -> Tensor:
    """Return the mean −Σ π* log π over successful calls plus the mean (V − z)² over all.

    The logits and ``target``, the searches' visit frequencies, have shape (B, T, C); the values and
    ``mask``, True at steps, (B, T); ``outcome`` is z of each call, (B,), 0 for a failure.
    """
    won = mask & (outcome > 0)[:, None]
    policy = -(target * functional.log_softmax(logits, dim=2)).sum(dim=2)
    value = (values - outcome[:, None]) ** 2
    return (policy * won).sum() / won.sum().clamp(min=1) + (value * mask).sum() / mask.sum()
