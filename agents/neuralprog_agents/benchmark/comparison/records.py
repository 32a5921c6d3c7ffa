"""Records of measured cells: what one says under a budget, and the kinds of supervision."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]
MEASURED, REFUSED, FAILED = "measured", "not applicable", "failed"
"""A record's status."""

GROUPS = {
    "rewards": "reward",
    "pairs": "pairs",
    "traces": "trace",
    "demonstrations": "demonstration",
    "specifications": "specification",
    "answers": "answer",
}
"""The kinds of supervision, each with a word that tells it, the first that is found."""


def group(supervision: str) -> str:
    """Return the kind of an agent's supervision; "other" for one that is none of ``GROUPS``."""
    return next((name for name, word in GROUPS.items() if word in supervision), "other")


def success_at(record: Record, seconds: float) -> float:
    """Return the success on test instances of the best weights that were reached by a time."""
    points = [point["success"] for point in record["curve"] if point["seconds"] <= seconds]
    return float(points[-1]) if points else 0.0


def solved_within(record: Record, seconds: float) -> bool:
    """Return whether a task was solved by a time."""
    return record["solved"] is not None and bool(record["solved"] <= seconds)
