"""What a restart learns of one task: frames, which of them it gets wrong, the verification set."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neuralprog_agents.npi_network import check
from neuralprog_agents.npi_network.frames import Sampler, harden, join, take
from neuralprog_agents.npi_network.model import NPI, loss
from neuralprog_envs.program.frames import FrameBatch


class Lesson:
    """One task's frames in training.

    Args:
        drawn: The frames of traces; with pictures, ``hidden`` holds the number of each step's.
        proof: The verification set, if it is to be learned until no frame of it fails.
        domain: The task's number in the network.
        pictures: The traces' pictures, small.

    Attributes:
        frames: Those that are trained on.
        added: The numbers of those that came from the verification set.
        hardness: How often each was wrong lately, shape (F,).
        wrong: How many were wrong at the last check.
        unproven: How many of the verification set were at the last proof; -1 before, 0 without.
    """

    def __init__(
        self,
        drawn: FrameBatch,
        proof: FrameBatch | None,
        domain: int = 0,
        pictures: Tensor | None = None,
    ) -> None:
        self.drawn, self.proof = drawn, proof
        self.domain, self.pictures = domain, pictures
        self.unproven = 0 if proof is None else -1
        self._learn_from(np.zeros(0, dtype=np.int64))

    def _learn_from(self, added: NDArray[np.int64]) -> None:
        """Train on the drawn frames and these of the verification set."""
        self.added, self.frames = added, self.drawn
        if self.proof is not None and added.size:
            self.frames = join(self.drawn, take(self.proof, added))
        known = len(self.drawn.program) if added.size else 0
        self.hardness = (np.arange(len(self.frames.program)) >= known).astype(np.float64)
        self.wrong = int(self.hardness.sum())

    def sampler(self, boost: float) -> Sampler:
        """Return what draws batches until the next check."""
        return Sampler(self.frames, self.hardness, boost)

    def cost(self, model: NPI, rows: NDArray[np.intp]) -> Tensor:
        """Return the loss on some of the frames."""
        return cost(model, take(self.frames, rows), self.domain, self.pictures)

    def examine(self, model: NPI) -> None:
        """Check all frames."""
        failing = check.failing(model, self.frames, self.domain, self.pictures)
        self.hardness, self.wrong = harden(self.hardness, failing), int(failing.sum())

    def proven(self, model: NPI) -> bool:
        """Whether nothing more is to be learned; frames that fail the proof join the others."""
        if self.proof is None:
            return True
        failing = np.flatnonzero(check.failing(model, self.proof, self.domain))
        self.unproven = len(failing)
        if failing.size:
            self._learn_from(np.union1d(self.added, failing))
        return not failing.size

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, int]]:
        """Return what ``restore`` needs: arrays and counts."""
        arrays = {"hardness": self.hardness, "added": self.added}
        return arrays, {"wrong": self.wrong, "unproven": self.unproven}

    def restore(self, arrays: dict[str, NDArray[Any]], counts: dict[str, int]) -> None:
        """Undo ``state``."""
        self._learn_from(arrays["added"])
        self.hardness = arrays["hardness"]
        self.wrong, self.unproven = counts["wrong"], counts["unproven"]


def cost(model: NPI, batch: FrameBatch, domain: int = 0, pictures: Tensor | None = None) -> Tensor:
    """Return the loss on some frames; see ``check.forward``."""
    target, mask = torch.from_numpy(batch.target).long(), torch.from_numpy(batch.mask)
    return loss(check.forward(model, batch, domain, pictures), target, mask)


def adam(model: NPI, learning_rate: float) -> torch.optim.Adam:
    """Return the optimizer of a network's parameters."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return torch.optim.Adam(trained, lr=learning_rate, fused=True)


def descend(model: NPI, optimizer: torch.optim.Optimizer, cost: Tensor, clip_norm: float) -> float:
    """Take a gradient step; return the cost."""
    optimizer.zero_grad()
    cost.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    optimizer.step()
    return float(cost.detach())
