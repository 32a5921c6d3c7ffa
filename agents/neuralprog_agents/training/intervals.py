"""The interval of a rate of successes."""

from __future__ import annotations

from math import sqrt


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a rate; (0, 1) without trials.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", JASA 1927.
    """
    if trials == 0:
        return 0.0, 1.0
    z, p = 1.959963984540054, successes / trials
    centre = p + z * z / (2 * trials)
    spread = z * sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    low = (centre - spread) / scale if successes > 0 else 0.0  # rounding would miss the ends
    high = (centre + spread) / scale if successes < trials else 1.0
    return low, high
