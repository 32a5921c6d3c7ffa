"""The 2017 system's features of a question and a table: numbers, matches, frequent entries.

Source: Neelakantan et al. 2017, section 2, and its published code; words, numbers and dates are
read by ``numbers`` and ``tokenizer`` and not by CoreNLP.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.task import Bools, Floats
from neuralprog_envs.table import tokenizer
from neuralprog_envs.table.numbers import first_number, plain, scan
from neuralprog_envs.table.tables import Table


@dataclass(frozen=True)
class ParsedTable:
    """A table and the words and numbers of its cells; r rows, c columns, no padding."""

    table: Table

    @cached_property
    def names(self) -> list[list[str]]:
        """The words of each column's name."""
        return [tokenizer.tokens(name) for name in self.table.names]

    @cached_property
    def words(self) -> list[list[list[str]]]:
        """The words of each cell."""
        return [[tokenizer.tokens(cell) for cell in row] for row in self.table.cells]

    @cached_property
    def stems(self) -> list[list[frozenset[str]]]:
        """The stems of each cell's content words."""
        return [[content_stems(words) for words in row] for row in self.words]

    @cached_property
    def values(self) -> tuple[Floats, Bools]:
        """The number of each cell, 0 for none, and which cells have one, (r, c) each."""
        comma = self.table.decimal_comma
        found = [[first_number(cell, comma) for cell in row] for row in self.table.cells]
        numbers = np.array([[0.0 if v is None else v for v in row] for row in found])
        valid = np.array([[v is not None for v in row] for row in found])
        return numbers.reshape(self.shape), valid.reshape(self.shape)

    @property
    def shape(self) -> tuple[int, int]:
        """(r, c)."""
        return self.table.rows, len(self.table.names)

    @cached_property
    def is_number(self) -> Bools:
        """Which cells are exactly one number, (r, c)."""
        comma = self.table.decimal_comma
        rows = [[tokenizer.is_number(cell, comma) for cell in row] for row in self.table.cells]
        return np.array(rows, dtype=bool).reshape(self.shape)

    @cached_property
    def frequent(self) -> Bools:
        """Which cells hold their column's most frequent entry, if it is repeated, (r, c)."""
        marked = np.zeros(self.shape, dtype=bool)
        for c in range(self.shape[1]):
            column = [" ".join(row[c]) for row in self.words]
            entry, times = Counter(column).most_common(1)[0] if column else ("", 0)
            if times > 1:
                marked[:, c] = [other == entry for other in column]
        return marked

    @cached_property
    def entries(self) -> NDArray[np.int32]:
        """The number of each cell's entry, see ``PosedTables.entries``, (r, c)."""
        numbered = np.zeros(self.shape, dtype=np.int32)
        for c in range(self.shape[1]):
            first: dict[str, int] = {}
            for r, row in enumerate(self.words):
                text = " ".join(row[c])
                numbered[r, c] = first.setdefault(text, r + 1) if text else 0
        return numbered

    @cached_property
    def spans(self) -> Floats:
        """The second number of each cell less its first, 0 where there are none, (r, c)."""
        comma = self.table.decimal_comma
        rows = [[span(cell, comma) for cell in row] for row in self.table.cells]
        return np.array(rows, dtype=np.float64).reshape(self.shape)

    def asked(self, question: str) -> ParsedQuestion:
        """Return a question on the table, with its decimal mark."""
        return ParsedQuestion(question, self.table.decimal_comma)

    def not_in(self, question: ParsedQuestion) -> list[str]:
        """Return the question's words, no numbers or marks, that do not occur in the table."""
        there = {stem(word) for row in (self.names, *self.words) for words in row for word in words}
        return [w for w in question.parts[0] if w[0].isalnum() and stem(w) not in there]

    @cached_property
    def key(self) -> str:
        """The table's content as one text."""
        return "\n".join("\t".join(row) for row in (self.table.names, *self.table.cells))


@dataclass(frozen=True)
class ParsedQuestion:
    """A question and its words and numbers.

    Attributes:
        text: The question.
        comma: Whether the decimal mark is a comma.
    """

    text: str
    comma: bool = False

    @cached_property
    def tokens(self) -> list[str]:
        """Its words, numbers and marks."""
        return tokenizer.tokens(self.text)

    @cached_property
    def parts(self) -> tuple[list[str], list[float], list[int]]:
        """Its words without numbers, its numbers, and the places of the words to their left."""
        return tokenizer.words_and_numbers(self.text, spelled=True, comma=self.comma)

    def mentions(self, words: Sequence[str]) -> bool:
        """Return whether the words occur in the question, one after the other."""
        n = len(words)
        if not n or words[0] not in self.tokens:
            return False
        wanted = list(words)
        return any(self.tokens[i : i + n] == wanted for i in range(len(self.tokens) - n + 1))

    def shares(self, words: Sequence[str]) -> bool:
        """Return whether any of the words occurs in the question."""
        return any(word in self.tokens for word in words)


_DATES = 1e7
"""From here on numbers may be dates, yyyymmdd."""

_COMMON_WORDS = """
a an the of in on at to for from by with and or is was are were be been did do does has have had
how many much what which who whom when where why that this these there it its as than more most
less least not no s one total number first last before after other each all any same only between
their his her name list listed
"""
_COMMON = frozenset(_COMMON_WORDS.split())
"""Function words: they do not identify a cell or a column."""


_IRREGULAR = {
    "won": "win",
    "winner": "win",
    "winning": "win",
    "lost": "loss",
    "lose": "loss",
    "losing": "loss",
    "scored": "score",
    "scoring": "score",
    "sold": "sale",
}


def stem(word: str) -> str:
    """Return a word without a usual ending, by rough rules."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and word[-2] != "s":
        word = word[:-1]
    for ending in ("ing", "ed"):
        if len(word) > len(ending) + 3 and word.endswith(ending):
            word = word[: -len(ending)]
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def content_stems(words: Sequence[str]) -> frozenset[str]:
    """Return the stems of the content words among some words."""
    return frozenset(stem(w) for w in words if w not in _COMMON and any(map(str.isalnum, w)))


def similar_cells(question: ParsedQuestion, table: ParsedTable) -> Bools:
    """Return which cells share the most words with the question, in their column, (r, c)."""
    asked = content_stems(question.tokens)
    rows = [[len(asked & words) for words in row] for row in table.stems]
    shared = np.array(rows).reshape(table.shape)
    return (shared > 0) & (shared == shared.max(axis=0, keepdims=True, initial=0))


def shared_cells(question: ParsedQuestion, table: ParsedTable) -> Bools:
    """Return which cells share a content word with the question, (r, c)."""
    asked = content_stems(question.tokens)
    shared = [[bool(asked & words) for words in row] for row in table.stems]
    return np.array(shared, dtype=bool).reshape(table.shape)


def span(cell: str, comma: bool = False) -> float:
    """Return the second number of a cell less its first, as 8 in 1950–1958; 0 if it has not two.

    A range of years may have its second one short, as 1998–99.
    """
    found = [value for _, value in scan(plain(cell), comma) if value is not None]
    if len(found) != 2 or max(found) >= _DATES:
        return 0.0
    first, second = found
    short = 1000 <= first < 3000 and 0 <= second < 100
    return second + first - first % 100 - first if short else second - first


def links(
    question: ParsedQuestion, table: ParsedTable, matches: Bools, similar: Bools
) -> NDArray[np.int8]:
    """Return where each word of the question occurs, (q, c); see ``TableInstances.links``.

    ``matches`` are the cells that the question mentions, ``similar`` those that share words with
    it, (r, c) each.
    """
    words = [frozenset() if w in _COMMON else content_stems([w]) for w in question.parts[0]]
    linked = np.zeros((len(words), table.shape[1]), dtype=np.int8)
    roots = [{_root(stem) for stem in own} for own in words]
    for c, name in enumerate(table.names):
        named = content_stems(name)
        linked[:, c] |= _marked(roots, {_root(stem) for stem in named}) << 4
        kinds = (named, _stems(table, matches, c), _stems(table, similar, c))
        for bit, known in enumerate(kinds):
            linked[:, c] |= _marked(words, known) << bit
        for place in _places_of_numbers(question, table, matches, c):
            linked[place, c] |= 8
    return linked


def _marked(words: Sequence[Set[str]], known: Set[str]) -> NDArray[np.int8]:
    """Return where something of each word is known, (q,)."""
    return np.array([not known.isdisjoint(word) for word in words], dtype=np.int8)


def _root(stem: str) -> str:
    """Return the first five letters of a word, which nation and nationality share."""
    return stem[:5]


def _places_of_numbers(
    question: ParsedQuestion, table: ParsedTable, matches: Bools, column: int
) -> list[int]:
    """Return the places of the words left of the numbers that a column's name or cells have."""
    words, numbers, places = question.parts
    name = tokenizer.words_and_numbers(table.table.names[column])[1]
    there = {*name, *table.values[0][matches[:, column], column].tolist()}
    found = zip(numbers, places, strict=True)
    return [place for number, place in found if number in there and place < len(words)]


def _stems(table: ParsedTable, marked: Bools, column: int) -> frozenset[str]:
    """Return the words of a column's marked cells."""
    cells = [table.stems[r][column] for r in np.flatnonzero(marked[:, column])]
    return frozenset().union(*cells)


def cell_matches(question: ParsedQuestion, table: ParsedTable) -> Bools:
    """Return which cells the question mentions, (r, c).

    A number matches if the question has it, a text if the question has all of it. If nothing in
    the whole table matches, a text matches if the question has any of its words.
    """
    numbers, values = set(question.parts[1]), table.values[0]
    exact = np.zeros(table.shape, dtype=bool)
    loose = np.zeros(table.shape, dtype=bool)
    for r, row in enumerate(table.words):
        for c, words in enumerate(row):
            if table.is_number[r, c]:
                exact[r, c] = values[r, c] in numbers
            else:
                exact[r, c] = question.mentions(words)
                loose[r, c] = question.shares(words)
    return exact if exact.any() else loose


def name_matches(question: ParsedQuestion, table: ParsedTable) -> Bools:
    """Return which columns' names the question mentions, or shares a word with if none, (c,)."""
    exact = np.array([question.mentions(words) for words in table.names], dtype=bool)
    if exact.any():
        return exact
    return np.array([question.shares(words) for words in table.names], dtype=bool)
