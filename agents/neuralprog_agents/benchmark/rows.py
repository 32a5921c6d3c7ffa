"""Ratios measured side by side in one run, as a table, as Markdown and as JSON."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Ratio:
    """Ours against theirs, in operations a second; medians over rounds that alternate.

    Attributes:
        name: What is compared with what.
        shape: The sizes, in words.
        unit: What is counted.
        ours: Median rate of ours.
        theirs: Median rate of theirs.
        ratio: Median of the rounds' ratios.
        spread: Smallest and largest ratio of the rounds.
        target: The ratio that should be reached, or None.
    """

    name: str
    shape: str
    unit: str
    ours: float
    theirs: float
    ratio: float
    spread: tuple[float, float]
    target: float | None = None

    @property
    def verdict(self) -> str:
        """Whether the target was reached, in a word; nothing where there is none."""
        if self.target is None:
            return ""
        return "reached" if self.ratio >= self.target else "missed"


def rate(work: Callable[[], int], seconds: float, clock: Callable[[], float]) -> float:
    """Return operations a second; ``work`` does some and returns how many, again and again."""
    done, start = 0, clock()
    while clock() - start < seconds:
        done += work()
    return done / (clock() - start)


def compare(
    name: str,
    shape: str,
    unit: str,
    ours: Callable[[], int],
    theirs: Callable[[], int],
    *,
    target: float | None = None,
    rounds: int = 5,
    seconds: float = 1.0,
    clock: Callable[[], float] = time.process_time,
) -> Ratio:
    """Measure two workloads in turn; one round of each warms up and does not count.

    ``clock`` is the CPU time of this process by default: the machine may be shared.
    """
    ours(), theirs()
    pairs = [(rate(ours, seconds, clock), rate(theirs, seconds, clock)) for _ in range(rounds)]
    ratios = [a / b for a, b in pairs]
    return Ratio(
        name=name,
        shape=shape,
        unit=unit,
        ours=statistics.median(a for a, _ in pairs),
        theirs=statistics.median(b for _, b in pairs),
        ratio=statistics.median(ratios),
        spread=(min(ratios), max(ratios)),
        target=target,
    )


def as_json(rows: Sequence[Ratio]) -> list[dict[str, Any]]:
    """Return the rows as plain JSON objects."""
    return [{**asdict(row), "verdict": row.verdict} for row in rows]


def as_markdown(rows: Sequence[Ratio]) -> str:
    """Return the rows as a Markdown table."""
    lines = [
        "| what | shape | unit | ours | theirs | ratio (min to max) | target |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        target = "" if row.target is None else f"≥ {row.target:g}: {row.verdict}"
        low, high = row.spread
        lines.append(
            f"| {row.name} | {row.shape} | {row.unit} | {row.ours:,.0f} | {row.theirs:,.0f} "
            f"| {row.ratio:.3g} ({low:.3g} to {high:.3g}) | {target} |"
        )
    return "\n".join(lines)


def show(title: str, rows: list[Ratio]) -> None:
    """Print the rows as a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, show_lines=True)
    table.add_column("what, shape, unit")
    for heading in ("ours", "theirs", "ratio", "min to max", "target"):
        table.add_column(heading, justify="right")
    for row in rows:
        what = f"{row.name}\n[dim]{row.shape}; {row.unit} a second"
        target = "" if row.target is None else f"{row.target:g}\n{row.verdict}"
        low, high = (_short(value) for value in row.spread)
        rates = (_short(row.ours), _short(row.theirs))
        table.add_row(what, *rates, _short(row.ratio), f"{low} to {high}", target)
    Console().print(table)


def _short(value: float) -> str:
    """Return a number in a few characters: 17.6M, 244k, 1.72."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"
