"""The synthetic questions of the Neural Programmer: forms, wordings, programs.

A **kind** is a question without columns and numbers, such as ``greater n1 and lesser n2 sum``. A
**pattern** is a kind in one of its wordings, as ``larger than n1 and under n2 total of``. A
**template** is a pattern with columns, as ``larger than n1 C and under n2 E total of H``. With C
columns there are 8C³ + 8C² + 6C + 1 templates of the 23 kinds (23, 307 and 1231 for 1, 3 and 5
columns, as in the paper's table), and 1,368 with the synonyms in one column.

Source: Neelakantan, Le and Sutskever 2016, section 3 and its tables; the synonyms' numbers fit
the paper's counts, the words themselves are from memory of its appendix. Questions with text
columns are ours in the paper's spirit: the paper's templates are not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.task import Bools, Ints
from neuralprog_envs.table.vocabulary import PADDING, Vocabulary

NONE, GREATER, LESSER, MATCH = 0, 1, 2, 3
"""Conditions."""
SUM, COUNT, PRINT, SUM_LESS_COUNT, COUNT_LESS_SUM = 0, 1, 2, 3, 4
"""What is asked of the rows that fulfil the conditions."""
STEPS = 4
"""Actions of an expert's program, resets at its start included."""

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "greater": ("greater", "greater than", "bigger", "bigger than", "larger", "larger than"),
    "lesser": ("lesser", "lesser than", "smaller", "smaller than", "under"),
    "sum": ("sum", "total", "total of", "sum of"),
    "count": ("count", "count of", "how many"),
    "print": ("print", "display", "show"),
    "diff": ("difference", "difference between"),
}
"""The wordings of the setting with synonyms."""

NAMES = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
"""The columns' names, by position."""

TEXTS: tuple[tuple[str, ...], ...] = (
    ("fox", "owl", "bear", "hare", "lynx", "crow", "toad", "wolf", "swan", "mole"),
    ("red", "blue", "green", "black", "white", "brown", "pink", "grey", "gold", "violet"),
    ("oslo", "lima", "cairo", "delhi", "paris", "quito", "dakar", "seoul", "turin", "perth"),
    ("apple", "plum", "fig", "grape", "lemon", "mango", "olive", "peach", "pear", "date"),
    ("iron", "zinc", "lead", "tin", "nickel", "copper", "cobalt", "silver", "neon", "argon"),
)
"""The entries of the first, the second, … text column: none occurs in two of them, so an entry
that a question mentions belongs to one column."""

_NUMBER, _COLUMN, _ENTRY = "#", "@", "$"
_FINISHES = ((SUM, ("sum",)), (COUNT, ("count",)), (PRINT, ("print",)))
_DIFFERENCES = ((SUM_LESS_COUNT, ("sum", "count")), (COUNT_LESS_SUM, ("count", "sum")))
_WORDS = {GREATER: "greater", LESSER: "lesser", MATCH: "text"}


@dataclass(frozen=True)
class Kind:
    """A question without columns and numbers.

    Attributes:
        conditions: GREATER, LESSER or MATCH; none, one or two.
        joint: "and", "or", or "" with fewer than two conditions.
        finish: SUM, COUNT, PRINT, SUM_LESS_COUNT or COUNT_LESS_SUM.
        asked: The finish's operations, in the question's order.
    """

    conditions: tuple[int, ...]
    joint: str
    finish: int
    asked: tuple[str, ...]

    def pieces(self) -> Iterator[str]:
        """Yield the question: words, "#" for a number, "@k" and "$k" for slot k's column, entry."""
        for slot, condition in enumerate(self.conditions):
            if slot:
                yield self.joint
            yield _WORDS[condition]
            yield f"{_ENTRY}{slot}" if condition == MATCH else _NUMBER
            yield f"{_COLUMN}{slot}"
        for place, word in enumerate(self.asked):
            if place:
                yield "diff"
            yield word
            if word != "count":
                yield f"{_COLUMN}{len(self.conditions)}"

    def program(self) -> list[tuple[str, int, int]]:
        """Return (operation, slot of its column, pivot) for each step, resets in front."""
        steps, pivot = [], 0
        for slot, condition in enumerate(self.conditions):
            name = {GREATER: "greater", LESSER: "lesser", MATCH: "match"}[condition]
            steps.append((name, slot, pivot))
            pivot += condition != MATCH
        if self.joint:
            steps.append((self.joint, -1, 0))
        slot = len(self.conditions)
        for place, word in enumerate(self.asked):
            steps += [("reset", -1, 0)] * place
            steps.append((word, slot if word != "count" else -1, 0))
        if len(self.asked) > 1:
            steps.append(("difference", -1, 0))
        return [("reset", -1, 0)] * (STEPS - len(steps)) + steps


def numeric_kinds() -> tuple[Kind, ...]:
    """Return the paper's 23 kinds."""
    alone = [Kind((), "", *finish) for finish in (*_FINISHES, *_DIFFERENCES)]
    single = [Kind((c,), "", *finish) for c in (GREATER, LESSER) for finish in _FINISHES]
    pairs = [
        Kind(conditions, joint, *finish)
        for conditions in ((GREATER, LESSER), (LESSER, GREATER))
        for joint in ("and", "or")
        for finish in _FINISHES
    ]
    return (*alone, *single, *pairs)


def text_kinds() -> tuple[Kind, ...]:
    """Return the kinds with a condition on text; those that need two text columns are last."""
    mixed = [(MATCH,), *((MATCH, c) for c in (GREATER, LESSER)), (GREATER, MATCH), (LESSER, MATCH)]
    kinds = [
        Kind(conditions, joint, *finish)
        for conditions in (*mixed, (MATCH, MATCH))
        for joint in (("and", "or") if len(conditions) > 1 else ("",))
        for finish in _FINISHES
    ]
    return tuple(kinds)


@dataclass(frozen=True)
class Grammar:
    """Kinds in all their wordings, as arrays over the P patterns.

    Attributes:
        kinds: What can be asked.
        synonyms: Whether operations have several wordings.
        named: Whether questions and tables name their columns.
    """

    kinds: tuple[Kind, ...]
    synonyms: bool
    named: bool

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words of all questions, columns and text cells."""
        words = [word for _, pieces in self.patterns for word in pieces if word[0].isalpha()]
        entries = [entry for column in TEXTS for entry in column] if self.text else []
        return Vocabulary.of([*dict.fromkeys(words), *NAMES, *entries])

    @cached_property
    def text(self) -> bool:
        """Whether some kind has a condition on text."""
        return any(MATCH in kind.conditions for kind in self.kinds)

    @cached_property
    def patterns(self) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """Each pattern: its kind's number and its pieces."""
        return tuple(
            (number, pieces)
            for number, kind in enumerate(self.kinds)
            for pieces in _wordings(tuple(kind.pieces()), self.synonyms, self.named)
        )

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """The first pattern of each kind, and P at the end, (kinds + 1,)."""
        counts = np.bincount([number for number, _ in self.patterns], minlength=len(self.kinds))
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    @cached_property
    def kind(self) -> NDArray[np.int64]:
        """Each pattern's kind, (P,)."""
        return np.array([number for number, _ in self.patterns])

    @cached_property
    def width(self) -> int:
        """The words of the longest question, numbers not counted."""
        return max(sum(piece != _NUMBER for piece in pieces) for _, pieces in self.patterns)

    @cached_property
    def codes(self) -> Ints:
        """Each pattern's tokens, (P, width); -1 - k is slot k's column, -11 - k its entry."""
        codes = np.full((len(self.patterns), self.width), PADDING, dtype=np.int32)
        for row, (_, pieces) in enumerate(self.patterns):
            words = [self._code(piece) for piece in pieces if piece != _NUMBER]
            codes[row, : len(words)] = words
        return codes

    def _code(self, piece: str) -> int:
        if piece[0] == _COLUMN:
            return -1 - int(piece[1:])
        return -11 - int(piece[1:]) if piece[0] == _ENTRY else self.vocabulary.numbers[piece]

    @cached_property
    def length(self) -> Ints:
        """The words of each pattern, (P,)."""
        return (self.codes != PADDING).sum(axis=1).astype(np.int32)

    @cached_property
    def positions(self) -> Ints:
        """The word to the left of each pattern's numbers, (P, 2); 0 where there is none."""
        left = np.zeros((len(self.patterns), 2), dtype=np.int32)
        for row, (_, pieces) in enumerate(self.patterns):
            places = [i for i, piece in enumerate(pieces) if piece == _NUMBER]
            left[row, : len(places)] = [place - 1 - i for i, place in enumerate(places)]
        return left

    @cached_property
    def conditions(self) -> Ints:
        """Each kind's conditions, (kinds, 2); NONE where there is none."""
        rows = [(*kind.conditions, NONE, NONE)[:2] for kind in self.kinds]
        return np.array(rows, dtype=np.int32)

    @cached_property
    def either(self) -> Bools:
        """Whether one condition is enough, (kinds,)."""
        return np.array([kind.joint == "or" for kind in self.kinds])

    @cached_property
    def finish(self) -> Ints:
        """What each kind asks, (kinds,)."""
        return np.array([kind.finish for kind in self.kinds], dtype=np.int32)

    @cached_property
    def slots(self) -> Ints:
        """How many columns each kind names, (kinds,)."""
        rows = [len(k.conditions) + (k.finish != COUNT) for k in self.kinds]
        return np.array(rows, dtype=np.int32)

    def programs(self, operations: Sequence[str]) -> Ints:
        """Return each kind's program, (kinds, 4, 3): operation, slot of its column or -1, pivot."""
        names = {name: number for number, name in enumerate(operations)}
        rows = [[(names[name], *rest) for name, *rest in kind.program()] for kind in self.kinds]
        return np.array(rows, dtype=np.int32)

    def missing(self, operations: Sequence[str]) -> set[str]:
        """Return the operations that the experts' programs need and the given set lacks."""
        needed = {name for kind in self.kinds for name, *_ in kind.program()}
        return needed - set(operations)


def _wordings(pieces: tuple[str, ...], synonyms: bool, named: bool) -> Iterator[tuple[str, ...]]:
    """Yield a kind's pieces in every wording; without names, columns are left out."""
    kept = [piece for piece in pieces if named or piece[0] != _COLUMN]
    choices = [SYNONYMS.get(piece, (piece,)) if synonyms else (piece,) for piece in kept]
    for wording in product(*choices):
        yield tuple(word for phrase in wording for word in phrase.split())


@lru_cache
def grammar(kinds: tuple[Kind, ...], synonyms: bool = False, named: bool = True) -> Grammar:
    """Return the grammar of some kinds, made once."""
    return Grammar(kinds, synonyms, named)
