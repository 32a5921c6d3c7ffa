"""Builds the training set of a task: frames of traces, the verification set, pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from neuralprog_agents.agents.npi.config import TaskConfig
from neuralprog_agents.agents.npi.data import draw_frames, task_of
from neuralprog_agents.npi_network.pictures import distinct_pictures
from neuralprog_agents.npi_network.training_set import TrainingSet
from neuralprog_agents.npi_network.verification_set import verification_set
from neuralprog_envs.program.frames import FrameBatch


def training_set_of(task: TaskConfig, domain: int, key: int) -> TrainingSet:
    """Return the training set of a task.

    Args:
        task: The task.
        domain: The index of the task in the network.
        key: The seed of the traces.
    """
    drawn, pictures = _pictured(task, draw_frames(task, key))
    proof = verification_set(task_of(task, 1)) if task.prove else None
    return TrainingSet(drawn, proof, domain, pictures)


def _pictured(task: TaskConfig, drawn: FrameBatch) -> tuple[FrameBatch, Tensor | None]:
    """Return frames with the index of each step's picture, and the pictures, if there are any."""
    machine = task_of(task, task.length[1]).machine
    if machine.world.picture is None:
        return drawn, None
    pictures, number = distinct_pictures(machine, drawn.hidden)
    indexed = replace(drawn, hidden=number[..., None].astype(np.int32))
    return indexed, torch.from_numpy(pictures)
