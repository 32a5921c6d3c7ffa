"""The official rules of WikiTableQuestions: when is a list of strings the right answer?

Written from the rules of the release's evaluator (version 1.0.2). An answer is a set of values;
it is right when target and prediction have equally many and each of the target's matches one of
the prediction's. Two values match when their normalised strings are equal, or both are numbers
within 1e-6, or both are dates with all three parts equal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

_QUOTES = ((re.compile("[‘’´`]"), "'"), (re.compile("[“”]"), '"'), (re.compile("[‐‑‒–—−]"), "-"))
_REMARKS = re.compile(
    r"(?:\][^\]]*\[(?!\Z)|\]\d+\[|[•♣♦†‡*#+]"  # citations
    r"|\)[^)]*\( (?!\Z)|\s)*"  # details
)
"""What ends a text read backwards; forwards, each place where it may begin would be tried."""
_QUOTED = re.compile(r'^"([^"]*)"$')
_CLOSE = 1e-6

Date = tuple[int | None, int | None, int | None]
Value = str | float | Date


def normalise(text: str) -> str:
    """Return a text as the rules compare it: plain marks, no citations, no details, lower case."""
    decomposed = unicodedata.normalize("NFKD", text)
    kept = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
    for pattern, mark in _QUOTES:
        kept = pattern.sub(mark, kept)
    before = None
    while kept != before:
        before = kept
        backwards = kept.strip()[::-1]
        kept = backwards[_REMARKS.match(backwards).end() :][::-1]  # type: ignore[union-attr]
        kept = _QUOTED.sub(r"\1", kept)
    kept = kept[:-1] if kept.endswith(".") else kept
    return " ".join(kept.split()).lower()


def value(text: str) -> Value:
    """Return the number or the date that a text strictly is, or its normalised form."""
    number = _number(text)
    if number is not None:
        return number
    day = _date(text)
    if day is None:
        return normalise(text)
    year, month, date = day
    return float(year) if year is not None and month is None and date is None else day


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if number != number or abs(number) == float("inf") or "_" in text:
        return None
    rounded = round(number)
    return float(rounded) if abs(number - rounded) < _CLOSE else number


def _date(text: str) -> Date | None:
    parts = text.strip().lower().split("-")
    if len(parts) != 3:
        return None
    fields = [None if set(part) == {"x"} else part for part in parts]
    if not all(part is None or (part.isascii() and part.isdigit()) for part in fields):
        return None
    year, month, day = (None if part is None else int(part) for part in fields)
    if (parts[0] not in ("xx", "xxxx") and year is None) or year == month == day is None:
        return None
    in_range = (month is None or 1 <= month <= 12) and (day is None or 1 <= day <= 31)
    return (year, month, day) if in_range else None


def _match(target: str, canon: Value, predicted: str) -> bool:
    return normalise(target) == normalise(predicted) or same(canon, value(predicted))


def same(wanted: Value, given: Value) -> bool:
    """Return whether both are numbers within 1e-6, or both are the same date."""
    if isinstance(wanted, float) and isinstance(given, float):
        return abs(wanted - given) < _CLOSE
    return isinstance(wanted, tuple) and wanted == given


def lenient(text: str) -> str:
    """Return the canonical form that the release's tags give most targets: commas left out.

    The tags are not part of every copy of the release. On the questions that have them this
    finds 94 of 100 numeric targets and no false one.
    """
    bare = text.replace(",", "").strip()
    return bare if _number(bare) is not None else text


def correct(
    predicted: Sequence[str], target: Sequence[str], canon: Sequence[str] | None = None
) -> bool:
    """Return whether the predicted items, as the predictions file has them, are the right answer.

    ``canon`` are the canonical forms of the target's items, from the release's tags; by default
    ``lenient`` of each.
    """
    forms = [lenient(item) for item in target] if canon is None else list(canon)
    if len(forms) != len(target):
        raise ValueError(f"{len(target)} target items have {len(forms)} canonical forms")
    targets = {value(form): text for text, form in zip(target, forms, strict=True)}
    guesses = {value(text): text for text in written(predicted)}
    if len(targets) != len(guesses):
        return False
    return all(
        any(_match(text, canonical, guess) for guess in guesses.values())
        for canonical, text in targets.items()
    )


def escape(text: str) -> str:
    """Return a text as the release's files write it: no newline, no list separator."""
    return text.replace("\\", "\\\\").replace("|", "\\p").replace("\n", "\\n")


def unescape(text: str) -> str:
    """Return the text that ``escape`` wrote."""
    marks = {"n": "\n", "p": "|", "\\": "\\"}
    return re.sub(r"\\(.)", lambda found: marks.get(found[1], found[0]), text)


def join(target: Sequence[str], canon: Sequence[str] | None = None) -> str:
    """Return target items, and their canonical forms if known, as one string."""
    parts = [target] if canon is None else [target, canon]
    return "\t".join("|".join(escape(item) for item in part) for part in parts)


def parse(joined: str) -> tuple[list[str], list[str] | None]:
    """Return what ``join`` joined: the target's items, and their canonical forms or None."""
    parts = [[unescape(item) for item in part.split("|")] for part in joined.split("\t")]
    return parts[0], parts[1] if len(parts) > 1 else None


def written(items: Iterable[str]) -> list[str]:
    """Return an answer's items as a predictions file says them: all on one line, without tabs."""
    return [" ".join(item.split()) for item in items]


def predictions(answers: Mapping[str, Iterable[str]]) -> str:
    """Return a predictions file's text: for each question its id and its items, with tabs between.

    It needs every question, those without an answer too: the evaluator counts only what it sees.
    """
    return "".join("\t".join([name, *written(items)]) + "\n" for name, items in answers.items())
