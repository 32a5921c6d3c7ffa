"""The plots of the comparison: 600 pixels wide, lines labelled where they end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from neuralprog_agents.benchmark.comparison import statistics, tasks
from neuralprog_agents.benchmark.comparison.plan import FACTORS, GROWING
from neuralprog_agents.benchmark.comparison.summary import ComparisonSummary, EntrantSummary
from neuralprog_agents.training.files import write_atomically
from neuralprog_envs.registry import find

CAPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "time": "Share of runs that are solved within a training time (Kaplan and Meier).",
        "profile": "Performance profiles: share of runs whose success is above a threshold.",
        "memory": "Question 1: samples to solve a task against the size of its memory, in "
        "multiples of the default one.",
        "operations": "Question 2: share of runs solved, by the hardest kind of operation that a "
        "task needs, of the best agent of each kind of supervision.",
        "programs": "Question 3: tasks by the length of the expert's program; full where the best "
        "agent of a kind of supervision solves it.",
        "length": "Question 4: mean success against length, in multiples of the longest default "
        "one, over all tasks that the agent was measured on and that can be played so long.",
    }
)
_COLOURS = {
    "rewards": "#d62728", "pairs": "#1f77b4", "traces": "#2ca02c", "demonstrations": "#e08214",
    "specifications": "#7b3294", "answers": "#8c564b", "other": "#444444",
}  # fmt: skip
"""A colour for each kind of supervision, in every plot."""
_GREY, _MOST_LABELS, _DPI = "0.82", 6, 100

Line = tuple[Any, Any]
"""Abscissas and ordinates."""
Lines = Callable[[ComparisonSummary, EntrantSummary, str], Line | None]


def draw(summary: ComparisonSummary, folder: Path) -> list[str]:
    """Write ``compare-NAME.png`` for each plot that has anything to show; return their names."""
    import matplotlib as mpl

    mpl.use("Agg")
    drawn = []
    for name, plot in _PLOTS.items():
        figure = plot(summary)
        if figure is not None:
            _save(figure, folder / f"compare-{name}.png")
            drawn.append(name)
    return drawn


def _save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot as plt

    content = BytesIO()
    figure.savefig(content, format="png", dpi=_DPI, metadata={"Software": None})
    write_atomically(path, content.getvalue())
    plt.close(figure)


def _mean(_: Any, y: Any) -> Any:
    return float(np.mean(y))


def _panels(
    s: ComparisonSummary,
    lines: Lines,
    finish: Callable[[Any], None],
    best: Callable[[Any, Any], Any] = _mean,
) -> Any:
    """Return a figure with a panel a family, one above the other; None without a line.

    Args:
        s: What to draw.
        lines: Returns the line of an entrant in a family, if it has one.
        finish: Names and scales a panel's axes.
        best: Ranks a line: the highest ones have names.
    """
    from matplotlib import pyplot as plt

    found = {family: _lines(s, lines, family) for family in s.families}
    families = [family for family, those in found.items() if those]
    if not families:
        return None
    height = 2.2 * len(families) + 0.5
    figure, axes = plt.subplots(len(families), 1, figsize=(6.0, height), squeeze=False, sharex=True)
    figure.subplots_adjust(0.11, 0.47 / height, 0.78, 1 - 0.25 / height, hspace=0.22)
    for axis, family in zip(axes[:, 0], families, strict=True):
        ends = _draw(axis, found[family], best)
        finish(axis)
        _label(axis, ends)
        axis.set_title(family, loc="left", fontsize=9)
        axis.grid(alpha=0.3)
    for axis in axes[:-1, 0]:
        axis.set_xlabel("")
    return figure


def _lines(s: ComparisonSummary, lines: Lines, family: str) -> list[tuple[EntrantSummary, Line]]:
    trained = [each for each in s.entrants if each.who.agent and each.of(family)]
    found = [(each, lines(s, each, family)) for each in trained]
    return [(each, line) for each, line in found if line is not None]


def _draw(
    axis: Any, lines: list[tuple[EntrantSummary, Line]], best: Callable[[Any, Any], Any]
) -> list[tuple[float, str, str]]:
    """Draw the lines, the best six in colour; return their ends, names and colours, ascending."""
    ranked = sorted(lines, key=lambda pair: best(*pair[1]), reverse=True)
    for _, (x, y) in ranked[_MOST_LABELS:]:
        axis.plot(x, y, color=_GREY, linewidth=1, zorder=1)
    ends = []
    for each, (x, y) in ranked[:_MOST_LABELS]:
        colour, mark = _COLOURS[each.group], "o" if len(x) < 8 else None
        axis.plot(x, y, color=colour, linewidth=1.6, marker=mark, markersize=3, zorder=2)
        ends.append((float(y[-1]), each.who.name, colour))
    return sorted(ends)


def _label(axis: Any, ends: list[tuple[float, str, str]]) -> None:
    """Write each name right of the panel at the height of its line's end, none over another."""
    axis.get_ylim()  # scales the axis, which the heights depend on
    to_axis = axis.transData + axis.transAxes.inverted()
    heights = [float(to_axis.transform((1.0, y))[1]) for y, _, _ in ends]
    for at, (_, name, colour) in zip(_apart(heights), ends, strict=True):
        style: Any = {"color": colour, "fontsize": 8, "va": "center", "annotation_clip": False}
        axis.annotate(name, (1.02, at), xycoords="axes fraction", **style)


def _apart(heights: list[float], gap: float = 0.14) -> list[float]:
    """Return ascending heights from 0 to 1 that are a gap apart, and near the given ones."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + gap) if placed else max(height, 0.0))
    top = 1.0
    for i in reversed(range(len(placed))):
        placed[i] = min(placed[i], top)
        top = placed[i] - gap
    return placed


def _time(s: ComparisonSummary) -> Any:
    def lines(_: ComparisonSummary, each: EntrantSummary, family: str) -> Line | None:
        times, solved = each.times(family)
        if not times:
            return None
        rises, share = statistics.solved_by(times, solved)
        return np.repeat([0.01, *rises, max(times)], 2)[1:-1], np.repeat([0.0, *share], 2)

    def finish(axis: Any) -> None:
        axis.set_xscale("log")
        axis.set_ylim(-0.03, 1.03)
        axis.set_xlim(left=0.05)
        axis.set_xlabel("CPU-seconds of training", fontsize=9)
        axis.set_ylabel("runs solved", fontsize=9)

    return _panels(s, lines, finish, best=lambda x, y: (y[-1], _mean(x, y)))


def _profile(s: ComparisonSummary) -> Any:
    thresholds = np.linspace(0.0, 0.99, 100)

    def lines(s: ComparisonSummary, each: EntrantSummary, family: str) -> Line | None:
        if not each.reached(s.reached, family):
            return None
        scores = [result.at(s.reached) for result in each.of(family)]
        return thresholds, statistics.profile(scores, thresholds)

    def finish(axis: Any) -> None:
        axis.set_ylim(-0.03, 1.03)
        axis.set_xlabel(f"success within {s.reached:g} CPU-seconds, above", fontsize=9)
        axis.set_ylabel("runs", fontsize=9)

    return _panels(s, lines, finish)


def _memory(s: ComparisonSummary) -> Any:
    def lines(s: ComparisonSummary, each: EntrantSummary, family: str) -> Line | None:
        points = []
        for env in (env for env in GROWING if find(env).family == family):
            for factor in (1, *FACTORS):
                result = s.grown(each, env, factor)
                samples = result.samples(s.plan.seconds) if result else None
                if samples:
                    points.append((float(factor), samples))
        x, y = zip(*points, strict=True) if points else ((), ())
        return (x, y) if len(points) > 1 else None

    def finish(axis: Any) -> None:
        axis.set_xscale("log", base=2)
        axis.set_yscale("log")
        axis.set_xticks([1, *FACTORS], [f"× {factor}" for factor in (1, *FACTORS)])
        axis.set_xlabel("memory, in multiples of the default", fontsize=9)
        axis.set_ylabel("samples", fontsize=9)

    return _panels(s, lines, finish, best=lambda x, y: (len(x), -_mean(x, y)))


def _length(s: ComparisonSummary) -> Any:
    def lines(_: ComparisonSummary, each: EntrantSummary, family: str) -> Line | None:
        own = [result for result in each.of(family) if result.runs]
        played = [k for k in tasks.MULTIPLES if own and all(r.beyond(k) for r in own)]
        rates = [float(np.mean([x for r in own for x in r.beyond(k)])) for k in played]
        return (played, rates) if played else None

    def finish(axis: Any) -> None:
        axis.set_xscale("log")
        axis.set_xticks(tasks.MULTIPLES, [f"× {k}" for k in tasks.MULTIPLES])
        axis.set_ylim(-0.03, 1.03)
        axis.set_xlabel("length, in multiples of the longest default one", fontsize=9)
        axis.set_ylabel("success", fontsize=9)

    return _panels(s, lines, finish)


def _shares(s: ComparisonSummary, group: str) -> dict[str, float]:
    """Return, by task, the share of runs solved by the best agent of a kind of supervision."""
    found: dict[str, float] = {}
    for each in s.groups[group]:
        for result in (r for r in each.results if r.runs):
            share = len(result.solvers(s.budgets[-1])) / len(result.runs)
            found[result.env] = max(share, found.get(result.env, 0.0))
    return found


def _operations(s: ComparisonSummary) -> Any:
    """Draw a grid: a row a kind of operation, a column a kind of supervision."""
    from matplotlib import pyplot as plt

    shares = {group: _shares(s, group) for group in s.groups}
    kinds = [k for k in tasks.KINDS if any(tasks.kind(env) == k for env in s.plan.envs)]
    grid = np.full((len(kinds), len(shares)), np.nan)
    for (row, kind), (column, own) in product(enumerate(kinds), enumerate(shares.values())):
        rates = [share for env, share in own.items() if tasks.kind(env) == kind]
        grid[row, column] = np.mean(rates) if rates else np.nan
    if np.isnan(grid).all():
        return None
    figure, axis = plt.subplots(figsize=(6.0, 0.36 * len(kinds) + 0.8), layout="constrained")
    axis.imshow(grid, cmap="Greens", vmin=0, vmax=1.4, aspect="auto")
    axis.set_xticks(range(len(shares)), list(shares), fontsize=7.5)
    axis.set_yticks(range(len(kinds)), kinds, fontsize=9)
    axis.xaxis.tick_top()
    for (row, column), value in np.ndenumerate(grid):
        text = "–" if np.isnan(value) else f"{100 * value:.0f} %"
        axis.text(column, row, text, ha="center", va="center", fontsize=9)
    return figure


def _programs(s: ComparisonSummary) -> Any:
    """Draw a row of tasks a kind of supervision, full where the task is solved."""
    from matplotlib import pyplot as plt

    shares = {group: own for group in s.groups if (own := _shares(s, group))}
    if not shares:
        return None
    figure, axis = plt.subplots(figsize=(6.0, 0.4 * len(shares) + 0.8), layout="constrained")
    for row, (group, own) in enumerate(shares.items()):
        for full in (False, True):
            steps = [tasks.program_length(env) for env, x in own.items() if (x > 0.5) == full]
            face = _COLOURS[group] if full else "white"
            style: Any = {
                "s": 34,
                "facecolor": face,
                "edgecolor": _COLOURS[group],
                "zorder": 2 + full,
            }
            axis.scatter(steps, [row] * len(steps), **style)
    axis.set_yticks(range(len(shares)), list(shares), fontsize=9)
    axis.set_ylim(len(shares) - 0.5, -0.5)
    axis.set_xscale("log")
    axis.set_xlabel("length of the program, in steps of the expert", fontsize=9)
    axis.grid(alpha=0.3)
    return figure


_PLOTS: Mapping[str, Callable[[ComparisonSummary], Any]] = MappingProxyType(
    {
        "time": _time,
        "profile": _profile,
        "memory": _memory,
        "operations": _operations,
        "programs": _programs,
        "length": _length,
    }
)
