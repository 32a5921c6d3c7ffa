"""Texts as symbols: one alphabet for every task, so that any value can be read and written."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

PAD, BEGIN, END, OTHER = range(4)
_FIRST, _LAST = 32, 126
ALPHABET = 4 + _LAST - _FIRST + 1
"""The printable characters of ASCII, and padding, begin, end, and any other character."""


def encoded(texts: Sequence[str]) -> Tensor:
    """Return texts as symbols, each with END after it, shape (B, S), padded at the right."""
    longest = max(map(len, texts)) + 1
    rows = [[*map(_symbol, text), END] for text in texts]
    return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])


def stacked(rows: Sequence[Sequence[Sequence[int]]]) -> Tensor:
    """Return small numbers, 0 for nothing, as symbols, shape (B, S, channels); END after each.

    ``rows`` has the channels of each instance, which have one length.
    """
    longest = max(len(channels[0]) for channels in rows) + 1
    found = torch.zeros(len(rows), longest, len(rows[0]), dtype=torch.int64)
    for b, channels in enumerate(rows):
        found[b, : len(channels[0])] = torch.tensor(channels).T + _symbol("0")
        found[b, len(channels[0])] = END
    return found


def decoded(symbols: Tensor) -> list[str]:
    """Return the texts of symbols, shape (B, S), each up to its END."""
    return [_text(row) for row in symbols.tolist()]


def _symbol(character: str) -> int:
    code = ord(character)
    return code - _FIRST + 4 if _FIRST <= code <= _LAST else OTHER


def _text(row: list[int]) -> str:
    whole = row[: row.index(END)] if END in row else row
    return "".join(chr(symbol + _FIRST - 4) if symbol > OTHER else "?" for symbol in whole)
