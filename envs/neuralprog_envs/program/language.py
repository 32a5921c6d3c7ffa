"""The calls of a program machine as text: ``PUSH_LEFT 1``, ``RETURN``."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuralprog_envs.core.language import unknown
from neuralprog_envs.program.library import ACT
from neuralprog_envs.program.machine import ProgramMachine

_WIDTH = 100


@dataclass(frozen=True)
class ProgramLanguage:
    """The actions of a program machine; see ``neuralprog_envs.core.language.Language``."""

    machine: ProgramMachine

    @property
    def manual(self) -> str:
        """What the machine does, and what each program may call."""
        names, main = self.machine.library.names, self.machine.library.main
        return "\n".join(
            [
                f"Programs call programs, and {names[main]} is running at first. The program that "
                "was called last and has not returned",
                "is running; the stack below the pad shows it last. Type one action a step: a call "
                "of a program, an effect on the pad,",
                f"or RETURN, which ends the running program. When {names[main]} returns, the "
                "episode ends. What the running",
                "program may not call, or not now, changes nothing and costs a step.",
                *_wrapped("Effects, for every program", self._effects()),
                *(line for number in range(ACT + 1, len(names)) for line in self._callees(number)),
            ]
        )

    def write(self, action: Any) -> str:
        """Return a call in words; one that does nothing because it has no meaning, in numbers."""
        return self.machine.words(np.ravel(action)).removesuffix(" (unknown)")

    def read(self, text: str) -> tuple[int, ...]:
        """Return the action of a call in words."""
        words, actions = " ".join(text.split()), self.machine.library.actions
        if words not in actions:
            raise unknown("action", words, actions)
        return actions[words]

    def _effects(self) -> list[str]:
        return [effect.words for effect in self.machine.library.effects]

    def _callees(self, caller: int) -> Iterator[str]:
        """Yield what a program may call, besides effects and RETURN."""
        library = self.machine.library
        calls = [w for w, a in library.actions.items() if a[0] > ACT]
        legal = [w for w in calls if library.permits(caller, library.actions[w][0])]
        yield from _wrapped(f"{library.names[caller]} may call", legal or ["no program"])


def _wrapped(heading: str, words: list[str]) -> list[str]:
    text = f"{heading}: {', '.join(words)}"
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")
