"""The calls of a program machine as text: ``PUSH_LEFT 1``, ``RETURN``."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuralprog_envs.core.language import Instruction, unknown
from neuralprog_envs.program.library import ACT, RETURN
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
                *_wrapped("Effects, for every program", ", ".join(self._effects())),
                *(line for each in self.instructions[ACT + 1 :] for line in _wrapped(*each[1:])),
            ]
        )

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """The programs with what they may call, besides effects and RETURN."""
        library = self.machine.library
        programs = range(ACT + 1, len(library.names))
        return (
            Instruction(RETURN, "RETURN", "ends the running program"),
            Instruction(ACT, "ACT", "has an effect on the pad, which its arguments choose"),
            *(Instruction(n, library.names[n], self._callees(n)) for n in programs),
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

    def _callees(self, caller: int) -> str:
        library = self.machine.library
        calls = [w for w, a in library.actions.items() if a[0] > ACT]
        legal = [w for w in calls if library.permits(caller, library.actions[w][0])]
        return f"may call {', '.join(legal) or 'no program'}"


def _wrapped(heading: str, text: str) -> list[str]:
    whole = f"{heading}: {text}"
    return textwrap.wrap(whole, _WIDTH, initial_indent="  ", subsequent_indent="    ")
