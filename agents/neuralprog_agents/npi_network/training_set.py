"""The training set of one task: frames of traces, their priorities, and the verification set."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuralprog_agents.npi_network.frames import Sampler, join, take, updated_priority
from neuralprog_agents.npi_network.model import NPI, loss
from neuralprog_agents.npi_network.proof import failing, forward
from neuralprog_envs.program.frames import FrameBatch


class TrainingSet:
    """The frames of one task that a network is trained on.

    With ``proof``, the verification set, training goes on until no frame of it fails. The pictures
    of the traces have shape (n, 3, SIDE, SIDE), uint8; ``drawn.hidden`` then has the index of each
    step's picture.

    Attributes:
        frames: The training frames: ``drawn``, and those of the verification set that have failed.
        added: The indices of the frames that came from the verification set.
        priority: How often each frame was wrong recently, shape (F,).
        wrong: The number of training frames that were wrong at the last check.
        unproven: The number of frames of the verification set that failed at the last proof; -1
            before the first proof, 0 without a verification set.
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
        self._train_on(np.zeros(0, dtype=np.int64))

    def _train_on(self, added: NDArray[np.int64]) -> None:
        """Set the training frames: the drawn ones and the given ones of the verification set."""
        self.added, self.frames = added, self.drawn
        if self.proof is not None and added.size:
            self.frames = join(self.drawn, take(self.proof, added))
        known = len(self.drawn.program) if added.size else 0
        self.priority = (np.arange(len(self.frames.program)) >= known).astype(np.float64)
        self.wrong = int(self.priority.sum())

    def sampler(self, boost: float) -> Sampler:
        """Return a sampler of batches, valid until the next check."""
        return Sampler(self.frames, self.priority, boost)

    def cost(self, model: NPI, rows: NDArray[np.intp]) -> Tensor:
        """Return the loss on the given frames."""
        return cost(model, take(self.frames, rows), self.domain, self.pictures)

    def check(self, model: NPI) -> None:
        """Check all training frames; update ``priority`` and ``wrong``."""
        fails = failing(model, self.frames, self.domain, self.pictures)
        self.priority, self.wrong = updated_priority(self.priority, fails), int(fails.sum())

    def proven(self, model: NPI) -> bool:
        """Return whether no frame of the verification set fails; add those that fail."""
        if self.proof is None:
            return True
        fails = np.flatnonzero(failing(model, self.proof, self.domain))
        self.unproven = len(fails)
        if fails.size:
            self._train_on(np.union1d(self.added, fails))
        return not fails.size

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, int]]:
        """Return arrays and counts that ``restore`` takes."""
        known = len(self.drawn.program)
        old, new = self.priority[:known], self.priority[known:]
        arrays = {"priority": old, "added": self.added, "priority_of_added": new}
        return arrays, {"wrong": self.wrong, "unproven": self.unproven}

    def restore(self, arrays: dict[str, NDArray[Any]], counts: dict[str, int]) -> None:
        """Restore what ``state`` returned."""
        self._train_on(arrays["added"])
        self.priority[:] = np.concatenate([arrays["priority"], arrays["priority_of_added"]])
        self.wrong, self.unproven = counts["wrong"], counts["unproven"]


def cost(model: NPI, batch: FrameBatch, domain: int = 0, pictures: Tensor | None = None) -> Tensor:
    """Return the loss on a batch of frames; see ``proof.forward``."""
    target, mask = torch.from_numpy(batch.target).long(), torch.from_numpy(batch.mask)
    return loss(forward(model, batch, domain, pictures), target, mask)
