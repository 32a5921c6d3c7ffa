"""Words and their numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

PADDING, UNKNOWN = 0, 1


@dataclass(frozen=True)
class Vocabulary:
    """A list of words; token 0 is padding and token 1 any word that is not in the list.

    Attributes:
        words: Every token's word, the two special ones included.
    """

    words: tuple[str, ...]

    @classmethod
    def of(cls, words: Iterable[str]) -> Vocabulary:
        """Return the vocabulary of some words, in their order, each once."""
        return cls(tuple(dict.fromkeys(("", "<unk>", *words))))

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The token of each word."""
        return {word: number for number, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, words: Iterable[str]) -> list[int]:
        """Return the tokens of some words."""
        return [self.numbers.get(word, UNKNOWN) for word in words]

    def decode(self, tokens: Iterable[int]) -> list[str]:
        """Return the words of some tokens, padding left out."""
        return [self.words[token] for token in tokens if token != PADDING]
