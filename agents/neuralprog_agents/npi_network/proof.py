"""Proof by enumeration: check that a network chooses the expert's action in every frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuralprog_agents.agent import Pulse
from neuralprog_agents.evaluation.certificate import Proof
from neuralprog_agents.npi_network.frames import Rows, take
from neuralprog_agents.npi_network.model import NPI, Heads, decide, margin
from neuralprog_agents.npi_network.verification_set import METHOD, claim, digest, verification_set
from neuralprog_envs.program.frames import FrameBatch
from neuralprog_envs.program.task import ProgramTask

_AT_ONCE = 4096
_PICTURES_AT_ONCE = 256


def forward(
    model: NPI, batch: FrameBatch, domain: int = 0, features: Tensor | None = None
) -> Heads:
    """Run the network on frames of the task at ``domain``, each from its first step.

    If the task has pictures, ``features`` are what ``encoder.cnn`` makes of the picture before
    each step, shape (F, T, hidden).
    """
    arrays = (batch.program, batch.arguments, batch.view)
    program, arguments, view = (torch.from_numpy(array).long() for array in arrays)
    heads: Heads = model(program, arguments, view, domain=domain, features=features)[0]
    return heads


def failing(
    model: NPI,
    batch: FrameBatch,
    domain: int = 0,
    pictures: Tensor | None = None,
    pulse: Pulse = lambda: None,
) -> NDArray[np.bool_]:
    """Return the frames with a wrong action at any step, bool, shape (F,).

    If the task has pictures, they have shape (n, 3, SIDE, SIDE), uint8, and ``hidden`` holds the
    index of each step's picture. ``pulse`` is called several times a second.
    """
    wrong = np.zeros(len(batch.program), dtype=bool)
    for rows, part, heads in _run(model, batch, domain, pictures, pulse):
        differs = (decide(heads).numpy() != part.target).any(axis=2)
        wrong[rows] = (differs & part.mask).any(axis=1)
    return wrong


def smallest_margin(model: NPI, batch: FrameBatch, domain: int = 0) -> float:
    """Return the smallest margin, in logits, of any decision in the frames."""
    parts = [
        margin(heads).numpy()[part.mask].min() for _, part, heads in _run(model, batch, domain)
    ]
    return float(min(parts))


def prove(model: NPI, task: ProgramTask, trained_on: bool, domain: int = 0) -> Proof:
    """Check a network on every frame of the verification set of the task at ``domain``.

    Raises:
        ValueError: The task has no verification set.
    """
    cases = verification_set(task)
    return Proof(
        method=METHOD,
        covers=claim(task),
        cases=len(cases.program),
        failing=int(failing(model, cases, domain).sum()),
        trained_on=trained_on,
        details={
            "set_sha256": digest(cases),
            "smallest_margin": smallest_margin(model, cases, domain),
            "recursive": True,
            "observation": task.machine.observation_form,
        },
    )


def _run(
    model: NPI,
    batch: FrameBatch,
    domain: int,
    pictures: Tensor | None = None,
    pulse: Pulse = lambda: None,
) -> Iterator[tuple[Rows, FrameBatch, Heads]]:
    """Yield chunks of frames of similar length: their rows, the frames, and the heads' outputs."""
    known = None if pictures is None else _features(model, pictures, pulse)
    order: Any = np.argsort(batch.mask.sum(axis=1), kind="stable")
    for first in range(0, len(order), _AT_ONCE):
        pulse()
        rows = order[first : first + _AT_ONCE]
        part = take(batch, rows)
        with torch.no_grad():
            features = None if known is None else known[part.hidden[..., 0]]
            heads = forward(model, part, domain, features)
        yield rows, part, heads


def _features(model: NPI, pictures: Tensor, pulse: Pulse) -> Tensor:
    """Return what the CNN makes of pictures, shape (n, hidden)."""
    parts = []
    for some in torch.split(pictures, _PICTURES_AT_ONCE):
        pulse()
        with torch.no_grad():
            parts.append(model.encoder.cnn(some))
    return torch.cat(parts)
