"""Two kinds of work measured side by side: what one run says of their speed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from neuralprog_agents.benchmark.elsewhere import Elsewhere
from neuralprog_agents.benchmark.work import Work, rate


@dataclass(frozen=True)
class Pair:
    """What is to be compared: our work, and another's here or elsewhere, or a rate a second.

    ``shape`` has the sizes in words, ``unit`` what is counted, and ``target`` the ratio that should
    be reached. ``column`` names the row in the history of releases, where it stands.
    """

    name: str
    shape: str
    unit: str
    ours: Work
    theirs: Work | Elsewhere | float
    target: float | None = None
    column: str = ""
    clock: Callable[[], float] = time.process_time

    def measure(self, seconds: float, rounds: int) -> Ratio:
        """Measure both in turn, in each round for ``seconds`` at least.

        One call of each warms up and does not count.
        """
        for work in filter(callable, (self.ours, self.theirs)):
            work()
        found = [
            (self._rate(self.ours, seconds), self._rate(self.theirs, seconds))
            for _ in range(rounds)
        ]
        ours, theirs = map(statistics.median, zip(*found, strict=True))
        ratios = [a / b for a, b in found]
        ratio, spread = statistics.median(ratios), (min(ratios), max(ratios))
        sizes = self.name, self.shape, self.unit
        return Ratio(*sizes, ours, theirs, ratio, spread, self.target, self.column)

    def _rate(self, work: Work | Elsewhere | float, seconds: float) -> float:
        """Return operations a second."""
        if isinstance(work, Elsewhere):
            return work.rate(seconds)
        return rate(work, seconds, self.clock) if callable(work) else work


@dataclass(frozen=True)
class Ratio:
    """A measured ``Pair``: the median rates, in operations a second, and the rounds' median ratio.

    ``spread`` has the smallest and the largest ratio of a round.
    """

    name: str
    shape: str
    unit: str
    ours: float
    theirs: float
    ratio: float
    spread: tuple[float, float]
    target: float | None
    column: str

    @property
    def verdict(self) -> str:
        """Whether the target was reached, in a word; empty where there is none."""
        if self.target is None:
            return ""
        return "reached" if self.ratio >= self.target else "missed"

    def __str__(self) -> str:
        """A line of a table in Markdown."""
        low, high = self.spread
        target = "" if self.target is None else f"≥ {self.target:g}: {self.verdict}"
        return (
            f"| {self.name} | {self.shape} | {self.unit} | {self.ours:,.0f} | {self.theirs:,.0f} "
            f"| {short(self.ratio)} ({short(low)} to {short(high)}) | {target} |"
        )


def short(ratio: float) -> str:
    """Return a ratio with three digits, or all of an integer's."""
    return f"{ratio:,.0f}" if ratio >= 1000 else f"{ratio:.3g}"
