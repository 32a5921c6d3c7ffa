"""How many trainings of each kind a measurement may have."""

from __future__ import annotations

MOST = 1_000


def check(seeds: int, fewest: int = 1) -> None:
    """Raise ValueError unless ``seeds`` is from ``fewest`` to ``MOST``."""
    if not fewest <= seeds <= MOST:
        raise ValueError(f"seeds must be from {fewest} to {MOST:,}, got {seeds}")
