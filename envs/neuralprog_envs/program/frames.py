"""Execution traces of programs: frames to learn from, and the nested text of the papers.

A frame is one call of one program. The Neural Programmer-Interpreter resets its state at each
call, so each frame is a training sequence of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuralprog_envs.core import batch
from neuralprog_envs.core.events import Act, Call, Return
from neuralprog_envs.core.task import Bools, Ints
from neuralprog_envs.program.episode import ProgramEpisode
from neuralprog_envs.program.library import ACT, RETURN
from neuralprog_envs.program.task import ProgramTask


@dataclass(frozen=True)
class Frame:
    """One call of one program, from its start to its return: T steps, the last one the return.

    Attributes:
        program: The number of the program that runs.
        arguments: Its arguments a1, a2, a3.
        view: What is seen before each step, shape (T, E), int32.
        target: The action of each step, shape (T, 4), int32: the program called next (or 1,
            ACT) and its arguments; all 0 in the last step, which returns.
        hidden: What the expert saw beyond the view before each step, shape (T, H), int32;
            ``machine.pictures`` draws what agents see from it. H is 0 without pictures.
    """

    program: int
    arguments: tuple[int, int, int]
    view: Ints
    target: Ints
    hidden: Ints


@dataclass(frozen=True)
class FrameBatch:
    """F frames side by side, T being the longest.

    Attributes:
        program: Shape (F,), int32.
        arguments: Shape (F, 3), int32.
        view: Shape (F, T, E), int32, 0 after a frame's end.
        target: Shape (F, T, 4), int32, likewise.
        hidden: Shape (F, T, H), int32, likewise.
        mask: Which steps there are, shape (F, T), bool.
    """

    program: Ints
    arguments: Ints
    view: Ints
    target: Ints
    hidden: Ints
    mask: Bools


def frames(task: ProgramTask, instances: Any) -> Iterator[Frame]:
    """Yield the frames of the expert's runs, those of one run in the order of their returns."""
    for row in range(len(instances.length)):
        yield from frames_of(task, task.machine.begin(batch.take(instances, slice(row, row + 1))))


def frames_of(task: ProgramTask, episode: ProgramEpisode) -> Iterator[Frame]:
    """Yield the frames of the expert's run in an episode, in the order of their returns.

    Nothing but the outermost program may run in the episode yet.
    """
    calls: list[tuple[Any, list[Any]]] = []
    for event in task.perform(episode):
        if isinstance(event, Act):
            calls[-1][1].append((episode.view(), event.action, episode.hidden()))
        elif isinstance(event, Call):
            calls.append((episode.frames[-1], []))
        elif isinstance(event, Return):
            running, steps = calls.pop()
            parts = (np.array(part, dtype=np.int32) for part in zip(*steps, strict=True))
            yield Frame(running[0], running[1:], *parts)


def batch_frames(chosen: Iterable[Frame], *, unique: bool = True) -> FrameBatch:
    """Return frames as arrays, ready for training; raise ValueError if there are none.

    With ``unique`` equal frames are merged into one: a network that resets its state at every call
    learns nothing more from the others.
    """
    if unique:  # of frames as they come, so that repeated ones are not kept
        chosen = {_content(frame): frame for frame in chosen}.values()
    kept = list(chosen)
    if not kept:
        raise ValueError("there are no frames")
    T = max(len(frame.view) for frame in kept)
    return FrameBatch(
        program=np.array([frame.program for frame in kept], dtype=np.int32),
        arguments=np.array([frame.arguments for frame in kept], dtype=np.int32),
        view=_padded([frame.view for frame in kept], T),
        target=_padded([frame.target for frame in kept], T),
        hidden=_padded([frame.hidden for frame in kept], T),
        mask=np.arange(T) < np.array([[len(frame.view)] for frame in kept]),
    )


def _padded(parts: list[Ints], T: int) -> Ints:
    padded = np.zeros((len(parts), T, parts[0].shape[1]), dtype=np.int32)
    for row, part in enumerate(parts):
        padded[row, : len(part)] = part
    return padded


def _content(frame: Frame) -> tuple[Any, ...]:
    parts = frame.view, frame.target, frame.hidden
    return frame.program, frame.arguments, *(part.tobytes() for part in parts)


def nested(
    task: ProgramTask, instances: Any, actions: Iterable[Any], *, fold: bool = False
) -> Iterator[str]:
    """Yield the calls of a run on a batch of one instance as the papers print them.

    Each call is a line, indented by its depth; returns, and actions that are not legal, are not
    shown. With ``fold`` a program that calls itself as its last step is shown as the loop that this
    amounts to: the call has no line, and what it does is indented as its caller's steps.
    """
    events = list(_events(task, instances, actions))
    library, levels = task.machine.library, [1]
    main = library.names[library.main]
    folded = _last_calls(events, main) if fold else set()
    yield main
    for number, (program, words) in enumerate(events):
        if program == RETURN:
            levels.pop()
            continue
        if number not in folded:
            yield "  " * levels[-1] + words
        if program != ACT:
            levels.append(levels[-1] + (number not in folded))


def _events(task: ProgramTask, instances: Any, actions: Iterable[Any]) -> Iterator[tuple[int, str]]:
    """Yield the program and the words of each action that is legal."""
    machine = task.machine
    episode = machine.begin(instances)
    for action in actions:
        program, depth = int(action[0]), len(episode.frames)
        episode.step(action)
        if program <= ACT or len(episode.frames) > depth:
            yield program, machine.words(action)


def _last_calls(events: list[tuple[int, str]], main: str) -> set[int]:
    """Return which events are a program's calls of itself after which it returns.

    An event is an action's program and words; ``main`` are the words of the outermost call, which
    has no event.
    """
    found, under_way = set(), list[tuple[int, str]]()
    for number, (program, words) in enumerate(events):
        if program > ACT:
            under_way.append((number, words))
        elif program == RETURN and under_way:
            start, callee = under_way.pop()
            caller = under_way[-1][1] if under_way else main
            returns = number + 1 < len(events) and events[number + 1][0] == RETURN
            if caller == callee and returns:
                found.add(start)
    return found
