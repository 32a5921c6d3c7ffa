"""The protocol of a language: how a person types the actions of a machine and reads its rules."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol


class Instruction(NamedTuple):
    """One value of an action's first number: the number, how it is typed, what it means."""

    number: int
    form: str
    meaning: str


class Language(Protocol):
    """The actions of one machine as texts; each text has one meaning."""

    @property
    def manual(self) -> str:
        """What the machine does, and every action with its meaning."""

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """What the first number of an action chooses; of a circuit, the modules, in order."""

    def write(self, action: Any) -> str:
        """Return an action, K integers, as text: ``read`` turns it into one of the same effect."""

    def read(self, text: str) -> tuple[int, ...]:
        """Return the action of a text, K integers in range.

        Raises:
            ValueError: It is no action; the message is one line and says what would be.
        """


def unknown(kind: str, word: str, known: Iterable[str]) -> ValueError:
    """Return the error for a word that is none of the known ones: it names the nearest."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=3) or names[:6]
    return ValueError(f"there is no {kind} {word[:40]!r}: did you mean {', '.join(near)}?")
