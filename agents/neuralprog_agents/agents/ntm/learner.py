"""A machine with the way it reads tapes and answers: what ``sequences.training`` trains."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from neuralprog_agents.agents.ntm import bits
from neuralprog_agents.agents.ntm.card import Form
from neuralprog_agents.agents.ntm.model import NTM
from neuralprog_envs.tape.state import TapeInstances

_SPARE = 16
"""An answer ends at twice as many cells as were read, and so many more."""


class TapeReader:
    """A machine over bits; see ``sequences.training.SequenceModel``."""

    def __init__(self, form: Form) -> None:
        self.bits, self.rows = form.bits, form.rows
        self.model = NTM(form.bits + bits.CHANNELS, form.bits + bits.MARKS, form)

    def loss(self, task: Any, instances: TapeInstances) -> Tensor:
        """Return the mean cross-entropy of the bits of the right answers, and of their ends."""
        target, scored = bits.wanted(instances, self.bits)
        steps = torch.from_numpy(bits.seen(instances.tape, len(target), self.bits))
        start = self.model.begin(len(instances.tape), self._rows(instances))
        logits, _ = self.model(steps, start)
        when = torch.from_numpy(scored)
        return binary_cross_entropy_with_logits(logits[when], torch.from_numpy(target)[when])

    def answer(self, task: Any, instances: TapeInstances) -> list[list[int]]:
        """Return the likeliest answers, until each has marked its end."""
        L = bits.cells_of(instances.tape)
        B, longest = len(L), int(L.max())
        steps = torch.from_numpy(bits.seen(instances.tape, longest + 1, self.bits))
        logits, state = self.model(steps, self.model.begin(B, self._rows(instances)))
        found = [logits > 0]
        asked = torch.zeros(1, B, self.bits + bits.CHANNELS)
        asked[:, :, self.bits + bits.ANSWER] = 1.0
        started = torch.arange(longest + 1)[:, None] > torch.from_numpy(L)
        over = (found[0][:, :, -1] & started).any(dim=0)
        while len(found) <= 2 * longest + _SPARE and not over.all():
            logits, state = self.model(asked, state)
            found.append(logits > 0)
            over |= found[-1][0, :, -1]
        return bits.answers_in(torch.cat(found).numpy(), L)

    def _rows(self, instances: TapeInstances) -> int:
        """Return N: room for each cell, and for the mark after them."""
        return max(self.rows, int(np.max(bits.cells_of(instances.tape))) + 1)
