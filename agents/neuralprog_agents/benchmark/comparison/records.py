"""Records of measured cells: what one says under a budget, and the kinds of supervision."""

from __future__ import annotations

import re
from typing import Any

Record = dict[str, Any]
MEASURED, REFUSED, FAILED = "measured", "not applicable", "failed"
"""A record's status."""

GROUPS = ("rewards", "pairs", "traces", "demonstrations", "specifications", "answers")
"""The kinds of supervision."""
_WORDS = re.compile(rf"\b({'|'.join(name.removesuffix('s') for name in GROUPS)})s?\b")


def group(supervision: str) -> str:
    """Return the kind of an agent's supervision: the first of ``GROUPS`` that it names, or "other".

    So "rewards on input/output pairs" are rewards.
    """
    named = _WORDS.search(supervision)
    return f"{named[1]}s" if named else "other"


def went_on(record: Record, seconds: float) -> bool:
    """Return whether a training went on beyond a time: what it was like then is not known."""
    return bool(record["budget"] > seconds) and not solved_within(record, seconds)


def success_at(record: Record, seconds: float) -> float:
    """Return the success on test instances of the best weights that were reached by a time."""
    points = [point["success"] for point in record["curve"] if point["seconds"] <= seconds]
    return float(points[-1]) if points else 0.0


def solved_within(record: Record, seconds: float) -> bool:
    """Return whether a task was solved by a time."""
    return record["solved"] is not None and bool(record["solved"] <= seconds)
