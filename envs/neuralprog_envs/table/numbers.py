"""Numbers, dates and times as people and spreadsheets write them; nothing else reads them.

=====================================  =========================================================
``1200  -3.5  +7  .5  -.5  5.  007``   signs, also as − and –; a mark without a digit before it
``1,200  12,34,567``                   groups of three, or as in India
``1 200  1'200  10 000``               groups by a hard or narrow space or an apostrophe; by any
                                       space in front of 0, or if the cell holds nothing else
``1.234,56  0,5``                      where the table has decimal commas: see ``decimal_comma``
``1e-05  2.5E+06  1.5×10⁶``            powers of ten
``1½  ¾  1 3/4``                       fractions
``$5  -$5  €-5  5 €  USD 5``           money, without its sign or code
``$1.5B  £20m  1.5bn  5K  3 million``  thousands, millions (mn, mln, Mio), billions (bn, mld, Mrd),
                                       trillions; lakh and crore. Without money M and B are capitals
                                       without a space
``(1,500)  ($5)``                      negative, if the cell holds nothing else
``2.5kg  5,000 km/h  12%  20 °C``      a unit is left out, and a percentage is not divided
``2021-05-12  2021/5/12  12.05.2021``  dates, as the number yyyymmdd (20210512); with dots the
``12 May 2021  May 12, 2021  5 May``   day comes first; missing parts are 0
``2021-05-12T18:00Z``                  the time as the day's fraction; with a zone, in UTC
``12th of May 2021  12-May-21``        likewise; a year of two digits is one of 1950 to 2049
``3:45  3:45 pm  1:02:30  2:03.5``     times, in seconds: hours and minutes, with hours, minutes
                                       and seconds, or, with a decimal, minutes and seconds
``5 pm  11 a.m.``                      likewise
=====================================  =========================================================

All else is text, never a number: ``12/05/2021`` and ``12-05-2021`` (the month is ambiguous),
``2021-02-30``, ``1.2.3``, ``12,5`` and ``1,23,4`` in a table with decimal points, ``10²``,
``1_000``, ``abc7``, and what is beyond ±1e15.

No library does this that needs NumPy alone. Those that read numbers or dates in texts need a locale
or guess the order of a date, and none reads units, fractions and groups.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

LARGEST = 1e15
"""Numbers beyond plus and minus this are not read as numbers."""

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_MONTH = "|".join([*_MONTHS, *(f"{month[:3]}\\.?" for month in _MONTHS), r"sept\.?"])
_NAMED_DATE = re.compile(
    rf"\b(?:(?P<before>\d{{1,2}})(?:st|nd|rd|th)?(?:(?P<dash>-)|\s+of\s+|\s))?(?P<month>{_MONTH})(?!\w)"
    r"(?(before)|(?:\s+(?P<behind>\d{1,2})(?:st|nd|rd|th)?(?!\w))?)"
    r"(?:(?:\s*,\s*|[\s-])(?P<year>\d{4})(?!\w)|(?(dash)-(?P<short>\d\d)(?![\w-])|(?!)))?",
    re.IGNORECASE,
)
_DATE = (
    r"(?<![\w.,/-])(?:\d{4}(?P<mark>[-/])\d{1,2}(?P=mark)\d{1,2}"
    r"(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[-+]\d\d:?\d\d)?)?"
    r"|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2}-\d{1,2}-\d{4}|\d{1,2}/\d{1,2}/(?:\d{4}|\d\d))(?![\w/-])"
)
_HALF = r"(?ai:\s?[ap]\.?m\b\.?)"
_CLOCK = (
    rf"(?<![\w.,:])(?:\d{{1,3}}:[0-5]\d(?::[0-5]\d)?(?:[.,]\d+)?{_HALF}?"
    rf"|(?:1[0-2]|0?[1-9]){_HALF})(?![\w:])"
)
_MONEY = "[$¢£¤¥֏؋৳฿៛₠-⃀]"
_RUN = r"(?:\d+(?:[.,_]\d+|'\d{3}(?!\d))*|(?<![\w.,'])[.,]\d+)"
_SCALES = {
    "dozen": 12, "hundred": 1e2, "thousand": 1e3, "lakh": 1e5, "million": 1e6, "crore": 1e7,
    "billion": 1e9, "trillion": 1e12, "k": 1e3, "l": 1e5, "m": 1e6, "mn": 1e6, "mm": 1e6,
    "mln": 1e6, "mio": 1e6, "cr": 1e7, "b": 1e9, "bn": 1e9, "mld": 1e9, "mrd": 1e9, "t": 1e12,
    "tn": 1e12,
}  # fmt: skip
_NUMBER = (
    rf"(?P<sign>(?<![\w.])[-+](?=[\d.,]|{_MONEY}))?(?:(?P<money>{_MONEY})\s?(?P<minus>[-+])?)?"
    r"(?:(?P<whole>\d+\s)?(?P<over>\d+)⁄(?P<under>\d+)"
    r"|(?P<mixed>\d+\s)(?P<part>\d{1,2})/(?P<of>2|3|4|5|6|8|10|16|32|64)(?![\d/])"
    rf"|(?P<run>{_RUN})(?:[eE](?P<e>[-+]?\d{{1,3}})(?!\d)|\s?[×x·*]\s?10\^(?P<ten>-?\d{{1,3}}))?"
    r"(?P<power>\^-?\d+)?)"
    r"(?P<scale>\s?(?:(?ai:(?:dozen|hundred|thousand|lakh|million|crore|billion|trillion)s?)"
    r"|[bB]n|[mM](?:n|ln|io|ld|rd))\b|[kKMB]\b|(?(money)\s?(?ai:k|l|m|mm|cr|b|t|tn)\b|(?!)))?"
)
_TOKEN = re.compile(
    rf"(?P<date>{_DATE})|(?P<clock>{_CLOCK})|(?P<number>{_NUMBER})"
    r"|[^\W\d_][^\W_]*(?:(?<=\d)\.\d+)*(?:'[^\W\d_]+)*|[^\w\s]|_"
)
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:([,'])\d{3})(?:\1\d{3})*|[1-9]\d?(?:,\d\d)+,\d{3}|\d*")
_CODE = re.compile(
    rf"^(?:usd|eur|gbp|chf|jpy|cny|inr|aud|cad|nzd|sek|nok|dkk|pln|brl|rs|kr|fr"
    rf"|us\s?(?=\$)|[a-z]{{1,2}}(?=\$))\.?\s?(?:{_MONEY}\s?)?(?=[-+(\d.])",
    re.IGNORECASE,
)
_BRACKETS = re.compile(rf"({_MONEY}?)\s?\((.+)\)\s?({_MONEY}?)")
_UNIT = re.compile(rf"\.?\s?(?:[%‰°]|{_MONEY})?(?:\s?[^\W\d_]+\.?(?:[/·][^\W\d_]+)?(?:\^?[23])?)?")


def plain(text: str) -> str:
    """Return a text without accents, with plain quotes, dashes and digits.

    Spaces between groups of digits become apostrophes, ½ becomes 1⁄2, and ² after a digit
    becomes ^2.
    """
    text = re.sub(r"(?<=\d) (?=0\d\d(?!\d))", "'", text)
    if text.isascii():
        return text.replace("`", "'")
    kept = re.sub(r"(?<=\d)[\u00a0\u2007\u2009\u202f'’](?=\d{3}(?!\d))", "'", text)
    kept = re.sub(r"(?<=\d)(?=[\u00bc-\u00be\u2150-\u215e])", " ", kept)
    kept = re.sub(r"(?<=\d)(?=[⁻²³¹⁰⁴-⁹])", "^", kept)
    decomposed = unicodedata.normalize("NFKD", kept)
    kept = "".join(c for c in decomposed if not unicodedata.combining(c))
    for marks, mark in (("‘’´`", "'"), ("“”", '"'), ("‐‑‒–—−", "-")):
        kept = re.sub(f"[{marks}]", mark, kept)
    return kept


def scan(
    text: str, comma: bool = False, named_dates: bool = False
) -> Iterator[tuple[str, float | None]]:
    """Yield the words, numbers, dates, times and marks of a ``plain`` text, each with its value.

    ``comma`` says whether the decimal mark is a comma. With ``named_dates`` "12 May 2021" is one
    date, after its month as a word, and not two numbers and a word.
    """
    end = 0
    for found, value in _named_dates(text) if named_dates else ():
        yield from _scan(text, end, found.start(), comma)
        yield found["month"], None
        yield found[0], value
        end = found.end()
    yield from _scan(text, end, len(text), comma)


def _scan(text: str, start: int, end: int, comma: bool) -> Iterator[tuple[str, float | None]]:
    for found in _TOKEN.finditer(text, start, end):
        yield found[0], _value(found, comma)


def number(text: str, comma: bool = False) -> float | None:
    """Return what a text is as a whole: a number, perhaps with a unit, a date or a time; or None.

    ``comma`` says whether the decimal mark is a comma.
    """
    bare = plain(text).strip()
    for found, day in _named_dates(bare):
        if found[0] == bare:
            return day
    brackets = _BRACKETS.fullmatch(bare)
    token = _whole("".join(brackets.groups()) if brackets else bare)
    if token is None or (brackets and (token["sign"] or token["minus"] or not token["number"])):
        return None
    value = _value(token, comma)
    return 0.0 - value if brackets and value is not None else value


def _whole(text: str) -> re.Match[str] | None:
    """Return the token that a text is but for a currency's code in front or a unit behind it."""
    grouped = re.sub(r"(?<=\d) (?=\d{3}(?!\d))", "'", _CODE.sub("$", text.strip(), count=1))
    found = _TOKEN.match(grouped)
    return found if found and _UNIT.fullmatch(grouped, found.end()) else None


def first_number(text: str, comma: bool = False) -> float | None:
    """Return the value of a cell of texts: its date, or what it is, or its first number, or None.

    It is None too where what looks like a number in front of that is none, as in 12/05/2021 3:45.
    ``comma`` says whether the decimal mark is a comma.
    """
    bare = plain(text)
    value = next((day for _, day in _named_dates(bare)), number(text, comma))
    if value is not None:
        return value
    return next((value for token, value in scan(bare, comma) if re.match(r"\W*\d", token)), None)


def decimal_comma(rows: Iterable[Iterable[str]], usual: bool) -> bool:
    """Return whether the decimal mark of a table is a comma; ``usual`` if its cells do not decide.

    It is if some cell is a number only with a decimal comma, and none only with a point.
    """
    marked = [cell for row in rows for cell in row if re.search(r"\d[.,]|[.,]\d", cell)]
    read = [(number(cell, True) is not None, number(cell) is not None) for cell in marked]
    by_comma, by_point = (True, False) in read, (False, True) in read
    return by_comma if by_comma != by_point else usual


def _value(found: re.Match[str], comma: bool) -> float | None:
    if found["date"]:
        return _date(found["date"])
    if found["clock"]:
        return _clock(found["clock"].lower().replace(",", "."))
    if not found["number"]:
        return None
    size = _size(found, comma)
    if size is None:
        return None
    size *= _SCALES[found["scale"].strip().lower().rstrip("s")] if found["scale"] else 1.0
    negative = "-" in ((found["sign"] or "") + (found["minus"] or ""))
    return None if size > LARGEST else 0.0 - size if negative else size


def _size(found: re.Match[str], comma: bool) -> float | None:
    """Return a number without its sign and scale, or None."""
    for whole, over, under in (("whole", "over", "under"), ("mixed", "part", "of")):
        if found[over]:
            part, parts = float(found[over]), float(found[under])
            return float(found[whole] or 0) + part / parts if 0 < part < parts else None
    run = found["run"].translate(_SWAPPED) if comma else found["run"]
    whole, _, decimals = run.partition(".")
    if found["power"] or not _GROUPED.fullmatch(whole) or not (decimals or "0").isdigit():
        return None
    digits = re.sub("[,']", "", whole)
    return float(f"{digits}.{decimals}e{found['e'] or found['ten'] or 0}")


_SWAPPED = str.maketrans(".,", ",.")


def _date(text: str) -> float | None:
    """Return a date in digits as yyyymmdd, its time as a fraction; None if it is not a date."""
    day, *time = re.split("[T ]", text, maxsplit=1)
    parts = re.split(r"[-/.]", day)
    if "." in day:
        parts.reverse()
    if len(parts[0]) != 4:
        return None
    written = "-".join(part.zfill(2) for part in parts)
    try:
        when = datetime.fromisoformat("T".join([written, *time]))
        moment = when.astimezone(UTC) if when.tzinfo else when
    except (ValueError, OverflowError):
        return None
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6
    return moment.year * 10000 + moment.month * 100 + moment.day + seconds / 86400


def _clock(text: str) -> float | None:
    """Return a time in seconds."""
    digits, *half = re.split(r"\s?([ap])", text, maxsplit=1)
    fields = [float(part) for part in digits.split(":")]
    short = "." in digits and len(fields) == 2
    hours, minutes, seconds = [0.0, *fields] if short else [*fields, 0.0, 0.0][:3]
    if half and not 1 <= hours <= 12:
        return None
    if half:
        hours = hours % 12 + 12 * (half[0] == "p")
    return hours * 3600 + minutes * 60 + seconds


def _named_dates(text: str) -> Iterator[tuple[re.Match[str], float]]:
    """Yield the dates in which the month has a name, each with its yyyymmdd."""
    for found in _NAMED_DATE.finditer(text):
        year = int(found["year"] or 0) or _century(found["short"])
        month, day = _month(found["month"]), int(found["before"] or found["behind"] or 0)
        if (year or day) and day <= monthrange(year or 2000, month)[1]:
            yield found, float(year * 10000 + month * 100 + day)


def _century(short: str | None) -> int:
    """Return the year of two digits, from 1950 to 2049; 0 for none."""
    return 0 if short is None else 1950 + (int(short) - 50) % 100


def _month(name: str) -> int:
    return next(i for i, month in enumerate(_MONTHS, 1) if month.startswith(name[:3].lower()))
