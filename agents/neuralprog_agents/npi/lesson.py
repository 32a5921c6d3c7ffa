"""What a restart learns of one task: frames, which of them it gets wrong, the verification set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuralprog_agents.evaluation.certificate import Proof
from neuralprog_agents.npi import check
from neuralprog_agents.npi.config import Task
from neuralprog_agents.npi.data import Sampler, draw_frames, harden, join, take, task_of
from neuralprog_agents.npi.model import NPI, loss
from neuralprog_agents.npi.pictures import Album
from neuralprog_agents.npi.verify import verification_set
from neuralprog_envs.faces.frames import FrameBatch


class Lesson:
    """One task's frames in training.

    Args:
        task: The task.
        domain: Its number in the network.
        key: Where its traces come from.

    Attributes:
        frames: Those that are trained on.
        added: The numbers of those that came from the verification set.
        hardness: How often each was wrong lately, shape (F,).
        wrong: How many were wrong at the last check.
        unproven: How many of the verification set were at the last proof; -1 before.
    """

    def __init__(self, task: Task, domain: int, key: int) -> None:
        self.task, self.domain = task, domain
        self.pictures: Tensor | None = None
        self.drawn = self._pictured(draw_frames(task, key))
        self.proof = verification_set(task_of(task, 1)) if task.prove else None
        self.unproven = -1
        self._learn_from(np.zeros(0, dtype=np.int64))

    def _pictured(self, drawn: FrameBatch) -> FrameBatch:
        """Keep the pictures, if there are any; return the frames with their numbers."""
        machine = task_of(self.task, self.task.length[1]).machine
        if machine.world.picture is None:
            return drawn
        album = Album(machine, drawn.hidden)
        self.pictures = torch.from_numpy(album.pictures)
        return replace(drawn, hidden=album.number[..., None].astype(np.int32))

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

    def prove(self, model: NPI) -> Proof | None:
        """Return the proof, if there is a verification set that was learned from."""
        if self.proof is None:
            return None
        return check.proof(model, task_of(self.task, 1), trained_on=True, domain=self.domain)

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
