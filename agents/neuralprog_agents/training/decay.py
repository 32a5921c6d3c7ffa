"""What falls while training goes on: temperatures, learning rates, weights of entropy."""

from __future__ import annotations


def geometric(start: float, end: float, share: float) -> float:
    """Return what falls geometrically from ``start`` to ``end``, both above 0.

    Args:
        start: The value at first.
        end: The value when the time is over.
        share: The share of the time that has passed, 0 or more.
    """
    return float(start * (end / start) ** min(1.0, share))
