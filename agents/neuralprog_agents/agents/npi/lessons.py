"""What a restart learns of each of its tasks: frames of traces, the verification set, pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from neuralprog_agents.agents.npi.config import Task
from neuralprog_agents.agents.npi.data import draw_frames, task_of
from neuralprog_agents.npi_network.lesson import Lesson
from neuralprog_agents.npi_network.pictures import Album
from neuralprog_agents.npi_network.verify import verification_set
from neuralprog_envs.program.frames import FrameBatch


def lesson_of(task: Task, domain: int, key: int) -> Lesson:
    """Return what a restart learns of a task.

    Args:
        task: The task.
        domain: Its number in the network.
        key: Where its traces come from.
    """
    drawn, pictures = _pictured(task, draw_frames(task, key))
    proof = verification_set(task_of(task, 1)) if task.prove else None
    return Lesson(drawn, proof, domain, pictures)


def _pictured(task: Task, drawn: FrameBatch) -> tuple[FrameBatch, Tensor | None]:
    """Return frames with the numbers of their pictures, and the pictures, if there are any."""
    machine = task_of(task, task.length[1]).machine
    if machine.world.picture is None:
        return drawn, None
    album = Album(machine, drawn.hidden)
    numbered = replace(drawn, hidden=album.number[..., None].astype(np.int32))
    return numbered, torch.from_numpy(album.pictures)
