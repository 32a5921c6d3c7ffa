"""The training set of one task: frames of traces, their priorities, and the verification set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuralprog_agents.agent import Pulse
from neuralprog_agents.npi_network.frames import Sampler, join, take, updated_priority
from neuralprog_agents.npi_network.model import NPI, loss
from neuralprog_agents.npi_network.proof import failing, forward
from neuralprog_agents.training.checkpoint import CheckpointError
from neuralprog_envs.program.frames import FrameBatch


@dataclass(frozen=True)
class Examples:
    """What a network learns one task from.

    Attributes:
        drawn: Frames of traces.
        proof: The verification set: training goes on until no frame of it fails. None if there is
            none.
        pictures: Those of the traces, shape (n, 3, SIDE, SIDE), uint8; ``drawn.hidden`` then has
            the index of each step's picture.
    """

    drawn: FrameBatch
    proof: FrameBatch | None = None
    pictures: Tensor | None = None


class TrainingSet:
    """The frames of one task that a network is trained on, once they are drawn.

    Args:
        draw: Returns the examples, and calls the pulse on the way, as traces may take a minute.
        domain: The number of the task in the network.

    Attributes:
        frames: The training frames: the drawn ones, and those of the verification set that have
            failed.
        added: The indices of the frames that came from the verification set.
        priority: How often each frame was wrong recently, shape (F,).
        wrong: The number of training frames that were wrong at the last check; -1 before there are
            any.
        unproven: The number of frames of the verification set that failed at the last proof; -1
            before the first proof, 0 without a verification set.
    """

    examples: Examples
    frames: FrameBatch

    def __init__(self, draw: Callable[[Pulse], Examples], domain: int = 0) -> None:
        self._draw, self.domain = draw, domain
        self.added, self.priority = np.zeros(0, dtype=np.int64), np.zeros(0)
        self.wrong = self.unproven = -1
        self._is_drawn = False

    def draw(self, pulse: Pulse) -> None:
        """Draw the examples, unless they are drawn; training goes on as it was restored.

        Raises:
            CheckpointError: What was restored does not fit them.
        """
        if self._is_drawn:
            return
        self.examples = self._draw(pulse)
        if self.priority.size:
            self._check_restored()
            self._join()
        else:
            self._train_on(self.added)
        if not self.has_verification_set:
            self.unproven = 0
        self._is_drawn = True

    def _check_restored(self) -> None:
        own = self.examples
        most = 0 if own.proof is None else len(own.proof.program)
        known = ((self.added >= 0) & (self.added < most)).all()
        if self.drawn != len(own.drawn.program) or not known:
            raise CheckpointError(
                "the checkpoint does not fit the frames of its task: remove it to begin anew"
            )

    @property
    def has_verification_set(self) -> bool:
        """Whether there is a verification set."""
        return self.examples.proof is not None

    @property
    def drawn(self) -> int:
        """How many frames were drawn."""
        return len(self.priority) - len(self.added)

    def _train_on(self, added: NDArray[np.int64]) -> None:
        """Set the training frames: the drawn ones and the given ones of the verification set."""
        self.added = added
        self._join()
        known = len(self.examples.drawn.program) if added.size else 0
        self.priority = (np.arange(len(self.frames.program)) >= known).astype(np.float64)
        self.wrong = int(self.priority.sum())

    def _join(self) -> None:
        own = self.examples
        self.frames = own.drawn
        if own.proof is not None and self.added.size:
            self.frames = join(own.drawn, take(own.proof, self.added))

    def sampler(self, boost: float) -> Sampler:
        """Return a sampler of batches, valid until the next check."""
        return Sampler(self.frames, self.priority, boost)

    def cost(self, model: NPI, rows: NDArray[np.intp]) -> Tensor:
        """Return the loss on the given frames."""
        return cost(model, take(self.frames, rows), self.domain, self.examples.pictures)

    def check(self, model: NPI, pulse: Pulse) -> None:
        """Check all training frames; update ``priority`` and ``wrong``."""
        fails = failing(model, self.frames, self.domain, self.examples.pictures, pulse)
        self.priority, self.wrong = updated_priority(self.priority, fails), int(fails.sum())

    def proven(self, model: NPI, pulse: Pulse) -> bool:
        """Return whether no frame of the verification set fails; add those that fail."""
        if self.examples.proof is None:
            return True
        fails = np.flatnonzero(failing(model, self.examples.proof, self.domain, pulse=pulse))
        self.unproven = len(fails)
        if fails.size:
            self._train_on(np.union1d(self.added, fails))
        return not fails.size

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, int]]:
        """Return arrays and counts that ``restore`` takes."""
        old, new = np.split(self.priority, [self.drawn])
        arrays = {"priority": old, "added": self.added, "priority_of_added": new}
        return arrays, {"wrong": self.wrong, "unproven": self.unproven}

    def restore(self, arrays: dict[str, NDArray[Any]], counts: dict[str, int]) -> None:
        """Restore what ``state`` returned, before ``draw``."""
        self.added = arrays["added"]
        self.priority = np.concatenate([arrays["priority"], arrays["priority_of_added"]])
        self.wrong, self.unproven = counts["wrong"], counts["unproven"]


def cost(model: NPI, batch: FrameBatch, domain: int = 0, pictures: Tensor | None = None) -> Tensor:
    """Return the loss on a batch of frames; for ``pictures`` see ``Examples``."""
    target, mask = torch.from_numpy(batch.target).long(), torch.from_numpy(batch.mask)
    features = None
    if pictures is not None:
        shown, place = np.unique(batch.hidden[..., 0], return_inverse=True)
        features = model.encoder.cnn(pictures[shown])[place.reshape(batch.mask.shape)]
    return loss(forward(model, batch, domain, features), target, mask)
