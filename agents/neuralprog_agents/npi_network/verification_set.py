"""Verification sets: every frame that a recursive task's expert meets, on inputs of any length.

A network that chooses the expert's action in each of these frames solves every input: its state is
0 at the start of each call, and its actions are a function of the frame. ``addition_frames.py``
computes the set of addition, ``reachable_frames.py`` and ``abstract_states.py`` those of the other
tasks. ``proof.py`` checks a network on a set; ``recheck.py`` checks the certificate again. These
modules need no torch.

Source: Cai, Shin and Song 2017, section 3.4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from neuralprog_agents.npi_network.abstract_states import ABSTRACTIONS
from neuralprog_agents.npi_network.addition_frames import SIZE, addition_frames
from neuralprog_agents.npi_network.reachable_frames import Case, reachable_frames
from neuralprog_envs.program.frames import Frame, FrameBatch, batch_frames
from neuralprog_envs.program.library import Body
from neuralprog_envs.program.task import ProgramTask, build
from neuralprog_envs.program.tasks.addition import Addition

METHOD = "verification set"
"""How a certificate calls the check of a network on such a set."""

_Key = tuple[type, str]
_COVERS: dict[_Key, str] = {
    (Addition, "values"): "sums of any two numbers, of any length, leading zeros included",
    **{key: abstraction.covers for key, abstraction in ABSTRACTIONS.items()},
}


def covers(task: ProgramTask) -> str:
    """Return the inputs that a task's verification set covers, in words; "" if it has no set."""
    return _COVERS.get(_key(task), "") if task.machine.recursive is True else ""


def claim(task: ProgramTask) -> str:
    """Return what a certificate says of a network that passes the task's set."""
    return f"right on {covers(task)}"


def check_provable(task: ProgramTask) -> None:
    """Raise ValueError if a task has no verification set."""
    if not covers(task):
        names = [f"{kind.__name__} ({form!r})" for kind, form in _COVERS]
        raise ValueError(
            "there is no verification set for this task: sets exist for the recursive forms of "
            f"{', '.join(names)}"
        )


def verification_set(task: ProgramTask) -> FrameBatch:
    """Return every frame of the task's expert, on inputs of every length.

    Raises:
        ValueError: The task has no verification set.
    """
    check_provable(task)
    return _cached(_key(task)) if task.bodies is None else _compute(_key(task), task.bodies)


def _key(task: ProgramTask) -> _Key:
    return type(task.definition), task.machine.observation_form


@lru_cache(maxsize=8)
def _cached(key: _Key) -> FrameBatch:
    return _compute(key, None)


def _compute(key: _Key, bodies: Mapping[str, Body] | None) -> FrameBatch:
    kind, form = key
    size = SIZE if kind is Addition else ABSTRACTIONS[key].size
    task = replace(build(kind(), length=size, recursive=True, observation=form), bodies=bodies)
    if kind is Addition:
        cases = addition_frames(task)
    else:
        abstraction = ABSTRACTIONS[key]
        cases = reachable_frames(task, abstraction.instances(task), abstraction.unobserved)
    return batch_frames(map(_frame, sorted(cases)), unique=False)


def _frame(case: Case) -> Frame:
    (program, *arguments), steps = case
    view, target = (np.array(part, dtype=np.int32) for part in zip(*steps, strict=True))
    a1, a2, a3 = arguments
    return Frame(program, (a1, a2, a3), view, target, np.zeros((len(view), 0), dtype=np.int32))


def digest(cases: FrameBatch) -> str:
    """Return the SHA-256 of a set of frames; it does not depend on their order."""
    parts = (cases.program, cases.arguments, cases.view, cases.target, cases.mask)
    table: Any = np.concatenate([part.reshape(len(cases.program), -1) for part in parts], axis=1)
    ordered = np.unique(table.astype("<i4"), axis=0)
    return hashlib.sha256(str(ordered.shape).encode() + ordered.tobytes()).hexdigest()
