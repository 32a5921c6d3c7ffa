"""Records of measured cells: what one says under a budget, and the kinds of supervision."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

Record = dict[str, Any]
MEASURED, REFUSED, FAILED = "measured", "not applicable", "failed"
"""A record's status."""

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "rewards": "a number for what was done, in most forms more for what is right in part",
        "pairs": "inputs, each with its right output",
        "traces": "the calls of the expert's programs, each with its arguments and what it saw",
        "demonstrations": "the expert's steps",
        "specifications": "of each program to be learned, the exact state that it must leave, and "
        "when it may be called",
        "answers": "questions, each with its right answer, and no program",
    }
)
"""The kinds of supervision, and what is given."""
_WORDS = re.compile(
    rf"\b({'|'.join(name.removesuffix('s') for name in GROUPS)})s?\b", re.IGNORECASE
)


def group(supervision: str) -> str:
    """Return the kind of an agent's supervision: the one that its text names first, or "other".

    So "rewards on input/output pairs" are rewards.
    """
    named = _WORDS.search(supervision)
    return f"{named[1].lower()}s" if named else "other"


def went_beyond(record: Record, seconds: float) -> bool:
    """Return whether a training was given more time than this, as it had not solved its task."""
    return bool(record["budget"] > seconds) and not solved_within(record, seconds)


def success_at(record: Record, seconds: float) -> float:
    """Return the success on test instances of the best weights that were reached by a time."""
    points = [point["success"] for point in record["curve"] if point["seconds"] <= seconds]
    return float(points[-1]) if points else 0.0


def solved_within(record: Record, seconds: float) -> bool:
    """Return whether a task was solved by a time."""
    return record["solved"] is not None and bool(record["solved"] <= seconds)
