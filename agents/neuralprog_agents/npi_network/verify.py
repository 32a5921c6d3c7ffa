"""Verification sets: every frame that a recursive task's expert meets, on inputs of any length.

A network that decides as the expert in each of these frames solves every input (its state is new
in each call, and it is a function of the frame alone): Cai, Shin and Song 2017, section 3.4.
``columns.py`` derives the set of addition, ``closure.py`` and ``kept.py`` the others'. There is no
network here, and no torch: the checker of certificates derives the sets with these modules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from neuralprog_agents.npi_network.closure import Case, closure
from neuralprog_agents.npi_network.columns import SIZE, columns
from neuralprog_agents.npi_network.kept import TASKS, Small
from neuralprog_envs.program.frames import Frame, FrameBatch, batch_frames
from neuralprog_envs.program.library import Body
from neuralprog_envs.program.task import ProgramTask, build
from neuralprog_envs.program.tasks.addition import Addition

_Key = tuple[type, str]
_COVERS: dict[_Key, str] = {
    (Addition, "values"): "sums of any two numbers, of any length, leading zeros included",
    **{key: small.covers for key, small in TASKS.items()},
}


def covers(task: ProgramTask) -> str:
    """Return the inputs that a task's verification set covers, in words; "" if it has none."""
    return _COVERS.get(_key(task), "") if task.machine.recursive is True else ""


def check_provable(task: ProgramTask) -> None:
    """Raise ValueError if a task has no verification set."""
    if not covers(task):
        names = [f"{kind.__name__} ({form!r})" for kind, form in _COVERS]
        raise ValueError(
            "there is no verification set for this task: there are some for the recursive forms "
            f"(and views) of {', '.join(names)}"
        )


def verification_set(task: ProgramTask) -> FrameBatch:
    """Return every frame of the task's expert, on inputs of every length.

    Raises:
        ValueError: There is no such set for this task.
    """
    check_provable(task)
    return _known(_key(task)) if task.bodies is None else _derived(_key(task), task.bodies)


def _key(task: ProgramTask) -> _Key:
    return type(task.definition), task.machine.observation_form


@lru_cache(maxsize=8)
def _known(key: _Key) -> FrameBatch:
    return _derived(key, None)


def _derived(key: _Key, bodies: Mapping[str, Body] | None) -> FrameBatch:
    kind, form = key
    size = SIZE if kind is Addition else TASKS[key].size
    task = replace(build(kind(), length=size, recursive=True, observation=form), bodies=bodies)
    cases = columns(task) if kind is Addition else _closure(task, TASKS[key])
    return batch_frames(map(_frame, sorted(cases)), unique=False)


def _closure(task: ProgramTask, small: Small) -> set[Case]:
    return closure(task, small.instances(task), small.more)


def _frame(case: Case) -> Frame:
    (program, *arguments), steps = case
    view, target = (np.array(part, dtype=np.int32) for part in zip(*steps, strict=True))
    a1, a2, a3 = arguments
    return Frame(program, (a1, a2, a3), view, target, np.zeros((len(view), 0), dtype=np.int32))


def digest(cases: FrameBatch) -> str:
    """Return the SHA-256 of a set of frames, whatever their order."""
    parts = (cases.program, cases.arguments, cases.view, cases.target, cases.mask)
    table: Any = np.concatenate([part.reshape(len(cases.program), -1) for part in parts], axis=1)
    ordered = np.unique(table.astype("<i4"), axis=0)
    return hashlib.sha256(str(ordered.shape).encode() + ordered.tobytes()).hexdigest()
