"""What a library permits, as tables, for batches of actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.task import Bools, Ints
from neuralprog_envs.program.library import ACT, RETURN, Library

_MOST = 8
"""The most preconditions whose action masks are tabulated."""


@dataclass(frozen=True)
class Rules:
    """A library as tables; n programs, RETURN and ACT included, and A = Σ argument choices.

    Attributes:
        allowed: Whether a program (or none: row 0) may choose a program, shape (n, n).
        preconditions: The numbers of the programs that have one, each with it.
        conditional: Which programs have one, (n,).
        enters: Likewise, of ``Program.enter``.
        leaves: Likewise, of ``Program.leave``.
        takes: Whether a program takes each argument, shape (n, 3), int.
        words: The actions of ``library.words``, (w, 4).
        word: The number of the word that an action is, or -1; one axis for each of its integers.
        strides: How far apart the numbers of an axis are in ``word``, (4,).
        effect: The number of each word's effect, -1 where it is not of ACT, (w,).
        masks: The action masks, (n · 2**k, n + A): that of the running program p, while the i-th
            of the k preconditions holds where bit i of h is set, is in row p · 2**k + h. None if
            k is above ``_MOST``: the masks are then computed.
        uses: Which values of the arguments, concatenated, a program takes, (n, A), int.
    """

    allowed: Bools
    preconditions: tuple[tuple[int, Any], ...]
    conditional: Bools
    enters: tuple[tuple[int, Any], ...]
    leaves: tuple[tuple[int, Any], ...]
    takes: NDArray[np.int64]
    words: Ints
    word: NDArray[np.intp]
    strides: NDArray[np.int64]
    effect: NDArray[np.intp]
    masks: Bools | None
    uses: NDArray[np.int64]

    def find(self, action: NDArray[Any]) -> NDArray[np.intp]:
        """Return which of ``words`` each action, (B, 4), is, (B,), or -1."""
        return self.word.reshape(-1).take(action @ self.strides)

    def mask(self, running: NDArray[np.intp], view: Sequence[Any] | Ints) -> Bools:
        """Return the action masks of B running programs, (B,), and the components of their views.

        They are the legal programs, and the arguments that some legal program takes, (B, n + A).
        """
        if self.masks is None:
            legal = self.allowed[running]
            for number, holds in self.preconditions:
                legal[:, number] &= holds(view)
            return _complete(legal, self.uses)
        row = running << len(self.preconditions)
        for bit, (_, holds) in enumerate(self.preconditions):
            row += np.asarray(holds(view), dtype=np.intp) << bit
        return self.masks.take(row, axis=0)


def tabulate(library: Library) -> Rules:
    """Return a library's rules."""
    words = np.array(list(library.words))
    n, *choices = (words.max(axis=0) + 1).tolist()
    programs = range(2, n)
    allowed = np.zeros((n, n), dtype=bool)
    allowed[:, RETURN] = True
    allowed[2:] = [[library.permits(p, q) for q in range(n)] for p in programs]
    sizes = [[len(names) for names in library.program(p).arguments] for p in programs]
    values = np.array([[0] * 3, [0] * 3, *[(*size, 0, 0, 0)[:3] for size in sizes]])
    takes = (values > 0).astype(np.int64)
    takes[ACT] = 1
    word = np.full((n, *choices), -1, dtype=np.intp)
    for number, (p, *given) in enumerate(words.tolist()):
        taken = zip(given, takes[p], strict=True)
        word[p, *(a if takes_it else slice(None) for a, takes_it in taken)] = number
    preconditions = _with(library, "precondition")
    uses = _uses(n, words, choices)
    effects = {(ACT, *effect.arguments): e for e, effect in enumerate(library.effects)}
    return Rules(
        allowed=allowed,
        preconditions=preconditions,
        conditional=np.isin(np.arange(n), [p for p, _ in preconditions]),
        enters=_with(library, "enter"),
        leaves=_with(library, "leave"),
        takes=takes,
        words=words.astype(np.int32),
        word=word,
        strides=np.array(word.strides) // word.itemsize,
        effect=np.array([effects.get(action, -1) for action in library.words], dtype=np.intp),
        masks=_masks(allowed, uses, [p for p, _ in preconditions]),
        uses=uses,
    )


def _uses(n: int, words: NDArray[Any], choices: Sequence[int]) -> NDArray[np.int64]:
    """Return ``Rules.uses``."""
    of = [words[words[:, 0] == p] for p in range(n)]
    taken = [[np.isin(range(k), own[:, i + 1]) for i, k in enumerate(choices)] for own in of]
    return np.array([np.concatenate(each) for each in taken]).astype(np.int64)


def _masks(allowed: Bools, uses: NDArray[np.int64], conditional: Sequence[int]) -> Bools | None:
    """Return ``Rules.masks``; the programs that have a precondition are conditional."""
    if len(conditional) > _MOST:
        return None
    legal = np.repeat(allowed, 1 << len(conditional), axis=0)
    holds = np.arange(len(legal))[:, None] >> np.arange(len(conditional)) & 1
    legal[:, conditional] &= holds.astype(bool)
    return _complete(legal, uses)


def _complete(legal: Bools, uses: NDArray[np.int64]) -> Bools:
    """Return the action masks for legal programs, (B, n): with the arguments that they take."""
    return np.concatenate([legal, legal.astype(int) @ uses > 0], axis=1)


def _with(library: Library, attribute: str) -> tuple[tuple[int, Any], ...]:
    values = [getattr(program, attribute) for program in library.programs]
    return tuple((p, value) for p, value in enumerate(values, start=2) if value is not None)
