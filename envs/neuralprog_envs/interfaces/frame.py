"""What "ansi" and "rgb_array" render: a header with task, step, action and reward, and the machine.

A frame is text, or a drawing that becomes pixels where Pillow is installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from neuralprog_envs.core import arguments
from neuralprog_envs.core.display import Moment
from neuralprog_envs.core.drawing import Box, Drawing, Placed, stacked
from neuralprog_envs.core.header import Header
from neuralprog_envs.core.parts import WIDTH, Mark
from neuralprog_envs.core.pillow import canvas
from neuralprog_envs.core.task import Task
from neuralprog_envs.interfaces.display import display_of
from neuralprog_envs.registry import find

THEMES = ("light", "dark")
SMALLEST, LARGEST = 64, 8192
"""Pixels of a side of a frame."""

_MARGIN, _PADDING = 12, 24

_SENTENCE = 72
"""Letters of a task's description in a header."""


@dataclass(frozen=True)
class Style:
    """How frames are painted.

    Attributes:
        size: Width and height in pixels, or the width alone: the height then follows from the task.
            None: as large as the frame is by nature, 784 pixels wide.
        theme: "light" or "dark".

    Raises:
        ValueError: A size or the theme is not possible.
    """

    size: Any = None
    theme: str = "light"

    def __post_init__(self) -> None:
        arguments.choice("render_theme", self.theme, THEMES)
        if self.size is not None:
            object.__setattr__(self, "size", _checked(self.size))

    def pixels(self, drawing: Drawing) -> NDArray[np.uint8]:
        """Return a drawing as pixels, shape (height, width, 3).

        Raises:
            DependencyNotInstalled: Pillow is not installed.
        """
        try:
            painter = canvas()
        except ModuleNotFoundError as error:
            raise DependencyNotInstalled(str(error)) from error
        pixels: NDArray[np.uint8] = painter.paint(drawing, self._size(drawing), self.theme)
        return pixels

    def _size(self, drawing: Drawing) -> tuple[int, int] | None:
        if self.size is None or isinstance(self.size, tuple):
            return self.size
        return self.size, round(self.size * drawing.height / drawing.width)


def _checked(size: Any) -> int | tuple[int, int]:
    """Return a width, or width and height; raise ValueError if they are not possible."""
    if not isinstance(size, (tuple, list)):
        return _side(size)
    if len(size) != 2:
        raise ValueError(
            f"render_size is a width, or width and height; got {arguments.shown(size)}"
        )
    return _side(size[0]), _side(size[1])


def _side(pixels: Any) -> int:
    return arguments.integer("render_size", pixels, SMALLEST, LARGEST)


@dataclass(frozen=True)
class Frame:
    """One moment of an episode as people see it.

    Attributes:
        env_id: The environment.
        task: Its task.
        moment: The state, and the step that led to it.
        step: Steps so far.
        limit: The step limit; None where there is none.
        reward: What the last step earned; None where that is not known.
    """

    env_id: str
    task: Task
    moment: Moment
    step: int
    limit: int | None = None
    reward: float | None = None

    def text(self) -> str:
        """Return the header and the state as text."""
        state, instances = self.moment.state, self.moment.instances
        return f"{self.header().text()}\n\n{display_of(self.task.machine).text(state, instances)}"

    def drawing(self) -> Drawing:
        """Return the frame as shapes: header and machine on a card."""
        shown = display_of(self.task.machine).drawing(self.task, self.moment)
        content = stacked([self.header().drawing(WIDTH), shown], 16)
        width, height = content.width + 2 * _PADDING, content.height + 2 * _PADDING
        card = Box(_MARGIN, _MARGIN, width, height, "card", "line", 1, radius=12)
        at = _MARGIN + _PADDING
        return Drawing(width + 2 * _MARGIN, height + 2 * _MARGIN, (card, Placed(at, at, content)))

    def header(self) -> Header:
        """Return what stands above the machine."""
        what = _in_short(find(self.env_id).summary.rstrip("."))
        moment, action = self.moment, "none yet"
        if moment.before is not None:
            words = display_of(self.task.machine).describe(moment.before, np.array(moment.action))
            action = words.strip() or "no reads and no writes"
        elif self.step:
            action = "not recorded"
        return Header(
            self.env_id, what, self.step, self.limit, action, self.reward, self._outcome()
        )

    def _outcome(self) -> tuple[str, Mark]:
        state, instances = self.moment.state, self.moment.instances
        known = display_of(self.task.machine).is_known(instances)
        right = known and self.task.score(state, instances)[0] == 1.0
        if not self.moment.ended:
            return "right, not halted yet" if right else "running", "open"
        if not known:
            return "ended", "open"
        if right:
            return "solved", "good"
        return ("wrong" if self.task.machine.halted(state)[0] else "out of steps"), "bad"


def frames_of(env_id: str, task: Task, instances: Any, actions: Sequence[Any]) -> Iterator[Frame]:
    """Yield the frames of a run on a batch of one instance: at the start and after each action.

    The run ends after the last action, and the reward is the sparse one.
    """
    state, before = task.machine.initial(instances), None
    action: tuple[int, ...] = ()
    limit = int(task.horizon(instances.length)[0])
    for step in range(len(actions) + 1):
        ended = step == len(actions)
        moment = Moment(state, instances, before, action, ended)
        reward = float(ended and task.score(state, instances)[0] == 1.0) if step else None
        yield Frame(env_id, task, moment, step, limit, reward)
        if step < len(actions):
            action = tuple(int(number) for number in actions[step])
            before, state = state, task.machine.step(state, np.array([action]))


def _in_short(sentence: str) -> str:
    """Return a sentence, of a long one the clauses that fit."""
    while len(sentence) > _SENTENCE and re.search("[,:] ", sentence):
        sentence = re.split("[,:] (?!.*[,:] )", sentence)[0]
    return sentence
