"""How tables and numbers are written in the report."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from neuralprog_agents.benchmark.comparison import statistics
from neuralprog_agents.benchmark.comparison.statistics import Estimate
from neuralprog_agents.benchmark.comparison.summary import ComparisonSummary, EntrantSummary
from neuralprog_envs.registry import find

NOTHING, UNKNOWN = "–", "?"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def percent(value: float | None) -> str:
    """Return a share as a whole per cent."""
    return NOTHING if value is None else f"{100 * value:z.0f}"


def mean(values: Sequence[float]) -> str:
    """Return the mean of shares in per cent."""
    return percent(fmean(values)) if values else NOTHING


def interval(e: Estimate, seeds: int) -> str:
    """Return a rate with its interval, which one seed a task does not have."""
    value, low, high = (percent(x) for x in (e.value, e.low, e.high))
    if seeds < 2:
        return f"{value} % [?]"
    return f"{value} %" if low == high else f"{value} % [{low}, {high}]"


def brief(value: float | None) -> str:
    """Return a count in three digits: 512, 1.57k, 2.3M."""
    if value is None:
        return NOTHING
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def times(budgets: Sequence[float]) -> str:
    """Return seconds, with commas between them."""
    return ", ".join(f"{seconds:g}" for seconds in budgets)


def listed(names: Sequence[str]) -> str:
    """Return up to six names, or how many there are."""
    return ", ".join(names) if len(names) <= 6 else count_tasks(len(names))


def count_tasks(count: int) -> str:
    """Return how many tasks these are, in words."""
    return "1 task" if count == 1 else f"{count} tasks"


def of_tasks(s: ComparisonSummary, each: EntrantSummary, family: str | None = None) -> str:
    """Return "of 4 tasks", if these are not all of its families."""
    own = each.of(family)
    families = {find(result.env).family for result in own}
    return "" if len(own) == sum(map(s.size, families)) else f" of {count_tasks(len(own))}"


def median_time(each: EntrantSummary, seconds: float) -> str:
    """Return the median time to solve a task, or the budget if it lies beyond."""
    times, solved = each.times(seconds)
    time = statistics.median_time(times, solved)
    if time is not None:
        return f"{time:.2g}"
    return f"> {max(times):g}" if times and not all(solved) else NOTHING
