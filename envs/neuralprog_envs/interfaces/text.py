"""Environments in words: what a language model, or a person at a keyboard, reads and types."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import gymnasium as gym
from gymnasium import spaces

from neuralprog_envs.core.language import Language
from neuralprog_envs.interfaces.env import TaskEnv
from neuralprog_envs.program.language import ProgramLanguage
from neuralprog_envs.program.machine import ProgramMachine
from neuralprog_envs.registry import find
from neuralprog_envs.table.language import TableLanguage
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.tape.language import TapeLanguage
from neuralprog_envs.tape.machine import TapeMachine

_LANGUAGES: dict[type, Callable[[Any], Language]] = {
    TapeMachine: TapeLanguage,
    ProgramMachine: ProgramLanguage,
    TableMachine: TableLanguage,
}

_REWARDS = {
    "sparse": "1 at the end of the episode if the answer is then wholly right, otherwise 0",
    "shaped": "what a step adds to the right part of the answer, and 1 for a wholly right end",
    "progress": "what a step adds to the right part of the answer, which grows from 0 to 1",
}


class AnyText(spaces.Space[str]):
    """The space of all texts.

    Args:
        draw: Returns a text that makes sense, for ``sample``; takes the space.
    """

    def __init__(self, draw: Callable[[AnyText], str] = lambda space: "") -> None:
        super().__init__((), str)
        self._draw = draw

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """Return a text that makes sense."""
        return self._draw(self)

    def contains(self, x: Any) -> bool:
        """Return whether it is a text."""
        return isinstance(x, str)

    @property
    def is_np_flattenable(self) -> bool:
        """False: a text is no array."""
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AnyText)

    def __repr__(self) -> str:
        return "AnyText()"


def language_of(machine: Any) -> Language:
    """Return the language of a machine of one of the three families."""
    return _LANGUAGES[type(machine)](machine)


class TextEnv(gym.Wrapper[str, str, Any, Any], gym.utils.RecordConstructorArgs):
    """An environment of this package in words.

    ``reset`` returns the rules (task, instructions, reward) and the state as text, ``step`` takes
    an action as a person would type it and returns the state as text: ``r2 = ADD(r1, r3)``,
    ``HALT`` on a tape; ``PUSH_LEFT 1``, ``RETURN`` in a program; ``greater column 2`` on a table.
    A text that is no action costs a step; the observation is then one line that says what would be
    one. ``info["parsed"]`` says whether the text was an action.

    Args:
        env: From ``gym.make``, with any settings.

    Raises:
        TypeError: It is not an environment of this package.
    """

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        gym.utils.RecordConstructorArgs.__init__(self)
        if not isinstance(env.unwrapped, TaskEnv):
            raise TypeError(f"TextEnv takes an environment of neuralprog_envs, got {env}")
        super().__init__(env)
        self.task_env: TaskEnv = env.unwrapped
        self.task_env.watched = True
        self.language = language_of(self.task_env.task.machine)
        self.observation_space = AnyText()
        self.action_space = AnyText(self._drawn)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Pose the next instance; return the rules and the state as text."""
        _, info = self.env.reset(seed=seed, options=options)
        return f"{self.rules()}\n\n{self.task_env.text()}", {**info, "parsed": True}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Do what a text says; return the state as text, or what is wrong with the text.

        Raises:
            ResetNeeded: There is no episode under way.
            TypeError: It is no text.
        """
        if not isinstance(action, str):
            raise TypeError(f"an action here is a text, got {type(action).__name__}")
        try:
            numbers = self.language.read(action)
        except ValueError as error:
            _, reward, terminated, truncated, info = self.task_env.skip()
            return str(error), reward, terminated, truncated, {**info, "parsed": False}
        _, earned, terminated, truncated, info = self.env.step(numbers)  # type: ignore[arg-type]
        return self.task_env.text(), float(earned), terminated, truncated, {**info, "parsed": True}

    def rules(self) -> str:
        """Return task, instructions and reward of the episode under way."""
        env = self.task_env
        parts = (find(env.env_id).description, self.language.manual)
        reward = f"The reward is {_REWARDS[env.setting.reward]}."
        limit = (
            f"The episode ends after {env.limit:,} steps at the latest. A text that is no action "
            "costs a step and changes nothing."
        )
        return "\n\n".join(filter(None, [*parts, f"{reward}\n{limit}"]))

    def _drawn(self, space: AnyText) -> str:
        choices = self.task_env.task.machine.actions
        return self.language.write([space.np_random.integers(count) for count in choices])

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.task_env.text())}</pre>"
