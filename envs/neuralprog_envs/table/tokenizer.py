"""Words and numbers in questions and cells.

The published system reads these from Stanford CoreNLP's tags; the rules here are our own and
need the text alone. ``numbers`` defines what a number is.
"""

from __future__ import annotations

from neuralprog_envs.table import numbers

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


def tokens(text: str) -> list[str]:
    """Return the words, numbers and marks of a text, in lower case and without accents."""
    return [token.lower() for token, _ in numbers.scan(numbers.plain(text))]


def words_and_numbers(
    text: str, fold: bool = True, spelled: bool = False, comma: bool = False
) -> tuple[list[str], list[float], list[int]]:
    """Return a text's words, its numbers, and for each number the place of the word to its left.

    A number at the start has place 0. ``fold`` makes words lower case; ``spelled`` reads "two" to
    "twelve" as numbers too; ``comma`` says whether the decimal mark is a comma.
    """
    words: list[str] = []
    found: list[float] = []
    places: list[int] = []
    for token, read in numbers.scan(numbers.plain(text), comma, named_dates=True):
        word = token.lower() if fold else token
        value = _SPELLED.get(word) if spelled and read is None else read
        if value is None:
            words.append(word)
        else:
            found.append(float(value))
            places.append(max(len(words) - 1, 0))
    return words, found, places


def is_number(text: str, comma: bool = False) -> bool:
    """Return whether a text is exactly one number, without a unit."""
    found = list(numbers.scan(numbers.plain(text), comma))
    return len(found) == 1 and found[0][1] is not None
