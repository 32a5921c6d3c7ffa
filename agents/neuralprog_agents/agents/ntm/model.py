"""The Neural Turing Machine: a controller, a memory of rows, a read head and a write head.

Source: Graves, Wayne and Danihelka 2014 (arXiv 1410.5401), sections 3.1 to 3.3. Symbols are the
paper's: N rows of W numbers (the paper's M), and for each head a key k, its strength β, the gate g,
the shift s, the sharpening γ, and its weighting w over the rows. Both heads are addressed at once,
all of a batch's sequences side by side; nothing loops but time.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from neuralprog_agents.agents.ntm.card import Form
from neuralprog_agents.agents.ntm.fused import Access

HEADS = 2
"""The read head and the write head, in this order."""

SHIFTS = 3
"""A head moves by -1, 0 or 1 rows."""

BLANK = 1e-6
"""What every number of the memory is at the start (Collier and Beel 2018, section 3)."""


class State(NamedTuple):
    """What goes from step to step.

    h and c (B, hidden) are the controller's (a feed-forward one never looks at its own), r (B, W)
    what the read head read, w (B, 2, N) the heads' weightings, memory (B, W, N).
    """

    h: Tensor
    c: Tensor
    r: Tensor
    w: Tensor
    memory: Tensor


class NTM(nn.Module):
    """A machine with random weights; in a step it sees and answers so many numbers.

    The form has the controller, which is "lstm", or "mlp" for a layer of tanh units, and W, the
    ``width`` of a row. The number of rows is that of the state.
    """

    def __init__(self, inputs: int, outputs: int, form: Form) -> None:
        super().__init__()
        self.form, H, W = form, form.hidden, form.width
        recurrent = form.controller == "lstm"
        wide = 4 * H if recurrent else H
        self.see = nn.Linear(inputs, wide)
        self.remember = nn.Linear(W + H * recurrent, wide, bias=False)
        self.steer = nn.Linear(H, sum(_parts(W)))
        self.answer = nn.Linear(H + W, outputs)

    def forward(self, seen: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the logits of what is answered, shape (T, B, outputs), and the last state.

        ``seen`` has shape (T, B, inputs); ``state`` is from ``begin`` or from an earlier call.
        """
        outputs = []
        for see in self.see(seen):
            state = self._step(see, state)
            outputs += [state.h, state.r]
        hidden = torch.cat([torch.stack(outputs[0::2]), torch.stack(outputs[1::2])], dim=2)
        return self.answer(hidden), state

    def begin(self, B: int, rows: int) -> State:
        """Return the state of B sequences before the first step; there are at least 3 rows.

        Nothing is remembered, and both heads are at row 0.
        """
        H, W, like = self.form.hidden, self.form.width, self.see.bias
        w = like.new_zeros(B, HEADS, rows)
        w[:, :, 0] = 1.0
        memory = like.new_full((B, W, rows), BLANK)
        return State(like.new_zeros(B, H), like.new_zeros(B, H), like.new_zeros(B, W), w, memory)

    def _step(self, see: Tensor, state: State) -> State:
        h, c = self._control(see, state)
        found = Access.apply(self.steer(h), state.w, state.memory)  # type: ignore[no-untyped-call]
        return State(h, c, *found)

    def _control(self, see: Tensor, state: State) -> tuple[Tensor, Tensor]:
        W = self.remember.weight
        if self.form.controller == "mlp":
            return torch.tanh(torch.addmm(see, state.r, W.t())), state.c
        gates = torch.addmm(see, torch.cat([state.r, state.h], dim=1), W.t())
        H = self.form.hidden
        i, f, o = torch.sigmoid(gates[:, : 3 * H]).chunk(3, dim=1)
        c = f * state.c + i * torch.tanh(gates[:, 3 * H :])
        return o * torch.tanh(c), c


def _parts(W: int) -> list[int]:
    """Return how many numbers steer the heads: k, add, erase, g, β, γ, s."""
    return [HEADS * W, W, W, HEADS, HEADS, HEADS, HEADS * SHIFTS]
