"""Words, numbers and dates in questions and cells.

The published system reads these from Stanford CoreNLP's tags; the rules here are our own and
need the text alone.
"""

from __future__ import annotations

import re
import unicodedata

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_MONTH = "|".join([*_MONTHS, *(f"{month[:3]}\\.?" for month in _MONTHS), r"sept\.?"])
_TOKEN = re.compile(
    r"(?<![\w.])[-+−–]?\$?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w])"
    r"|\d+(?:,\d{3})*(?:\.\d+)?"
    r"|[^\W\d_]+(?:['’][^\W\d_]+)*|[^\w\s]|_"
)
_NUMBER = re.compile(r"[-+−–]?\$?\d[\d,]*(?:\.\d+)?")
_SPELLED = dict(
    zip(
        (
            "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
            "twelve",
        ),
        range(2, 13),
        strict=True,
    )
)  # fmt: skip
"""Numbers in words; "one" is left out: in questions it is seldom a number."""
_DATES = (
    re.compile(
        rf"\b(?P<m>{_MONTH})\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:\s*,?\s+(?P<y>\d{{4}}))?\b"
    ),
    re.compile(
        rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<m>{_MONTH})(?:,?\s+(?P<y>\d{{4}}))?(?!\w)"
    ),
    re.compile(rf"\b(?P<m>{_MONTH}),?\s+(?P<y>\d{{4}})\b"),
    re.compile(r"\b(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})\b"),
)
LARGEST = 1e15
"""Numbers beyond plus and minus this are not read as numbers."""


def folded(text: str) -> str:
    """Return a text in lower case, without accents, with plain quotes and dashes."""
    if text.isascii():
        return text.replace("`", "'").lower()
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    for marks, mark in (("‘’´`", "'"), ("“”", '"'), ("‐‑‒–—−", "-")):
        plain = re.sub(f"[{marks}]", mark, plain)
    return plain.lower()


def tokens(text: str, fold: bool = True) -> list[str]:
    """Return the words, numbers and marks of a text."""
    return _TOKEN.findall(folded(text) if fold else text)


def number(token: str) -> float | None:
    """Return the value of a token that is a number in digits, or None."""
    if not _NUMBER.fullmatch(token):
        return None
    plain = re.sub(r"[,$+]", "", token).replace("−", "-").replace("–", "-")
    value = float(plain)
    return value if abs(value) <= LARGEST else None


def words_and_numbers(
    text: str, fold: bool = True, spelled: bool = False
) -> tuple[list[str], list[float], list[int]]:
    """Return a text's words, its numbers, and for each number the place of the word to its left.

    Args:
        text: The text; a number at its start has place 0.
        fold: Whether to fold it first, see ``folded``.
        spelled: Whether "two" to "twelve" are numbers too.
    """
    words: list[str] = []
    numbers: list[float] = []
    places: list[int] = []
    for token in tokens(text, fold):
        value = number(token)
        if value is None and spelled and token in _SPELLED:
            value = float(_SPELLED[token])
        if value is None:
            words.append(token)
        else:
            numbers.append(value)
            places.append(max(len(words) - 1, 0))
    return words, numbers, places


def date(text: str) -> int | None:
    """Return the first date of a text as the number yyyymmdd, unknown parts 0, or None."""
    plain = folded(text)
    for pattern in _DATES:
        found = pattern.search(plain)
        if found:
            parts = {**dict.fromkeys("ymd", "0"), **found.groupdict("0")}
            month = parts["m"]
            m = int(month) if month.isdigit() else _month(month)
            return int(parts["y"]) * 10000 + m * 100 + int(parts["d"])
    return None


def _month(name: str) -> int:
    return next(i for i, month in enumerate(_MONTHS, 1) if month.startswith(name[:3]))


def cell_value(text: str) -> float | None:
    """Return a cell's value: its date if it has one, else its first number, else None."""
    day = date(text)
    if day is not None:
        return float(day)
    found = (number(token) for token in tokens(text))
    return next((value for value in found if value is not None), None)


def is_number(text: str) -> bool:
    """Return whether a cell is exactly one number."""
    found = tokens(text)
    return len(found) == 1 and number(found[0]) is not None
