"""Panels of lines, one below another: 600 pixels wide, each line named where it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

COLOURS = {
    "rewards": "#c9252d", "pairs": "#1f6fb4", "traces": "#2a8a3e", "demonstrations": "#b8690b",
    "specifications": "#7b3294", "answers": "#80503f", "other": "#444444",
}  # fmt: skip
"""A colour for each kind of supervision, in every plot."""
GREY, SOFT = "0.8", "0.45"
MOST_LABELS = 6
LEAST_POINTS = 3
"""Fewer points are a table, not a plot."""
WIDTH, DPI = 6.0, 200
"""Inches; texts are readable when these are 600 pixels, and sharp when they are 1200."""

_STYLES = ("-", "--", ":", "-.")
_STYLE: Any = {
    "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.alpha": 0.25, "axes.edgecolor": SOFT, "axes.titlelocation": "left",
    "axes.titlesize": 9, "axes.titleweight": "bold", "xtick.color": SOFT, "ytick.color": SOFT,
}  # fmt: skip
_LEFT, _NAMES, _ABOVE, _BELOW, _BETWEEN = 0.54, 0.3, 0.26, 0.48, 0.34
"""Margins in inches; ``_NAMES`` is added to the width of the longest name."""
_NAME_SIZE = 8


@dataclass(frozen=True)
class Line:
    """A line of a panel.

    Attributes:
        name: What stands beside its end.
        group: A kind of supervision: its colour.
        x: Ascending.
        y: As many.
        interval: The low and the high bound at each point, if there are any.
        is_cut: Whether it ends before the axis does, for a reason that the caption tells.
        is_step: Whether a value holds until the next one.
    """

    name: str
    group: str
    x: Sequence[float]
    y: Sequence[float]
    interval: tuple[Sequence[float], Sequence[float]] | None = None
    is_cut: bool = False
    is_step: bool = False


Rank = Callable[[Line], Any]


def mean(line: Line) -> float:
    """Rank a line by its mean."""
    return float(np.mean(line.y))


def figure(
    panels: Mapping[str, Sequence[Line]],
    finish: Callable[[Any], None],
    rank: Rank = mean,
    height: float = 1.65,
) -> Any:
    """Return a figure with a panel for each title that has lines; None if none has.

    Args:
        panels: The lines of each panel, by its title.
        finish: Names and scales a panel's axes.
        rank: The highest lines have names; the others are grey.
        height: Of a panel, in inches.
    """
    from matplotlib import pyplot as plt

    filled = {title: lines for title, lines in panels.items() if lines}
    if not filled:
        return None
    total = _ABOVE + _BELOW + len(filled) * height + (len(filled) - 1) * _BETWEEN
    with plt.rc_context(_STYLE):
        chart, axes = plt.subplots(
            len(filled), 1, figsize=(WIDTH, total), squeeze=False, sharex=True
        )
        right = WIDTH - _NAMES - _longest_name(filled)
        chart.subplots_adjust(
            _LEFT / WIDTH,
            _BELOW / total,
            right / WIDTH,
            1 - _ABOVE / total,
            hspace=_BETWEEN / height,
        )
        for axis, (title, lines) in zip(axes[:, 0], filled.items(), strict=True):
            _panel(axis, title, sorted(lines, key=rank, reverse=True), finish)
        for axis in axes[:-1, 0]:
            axis.set_xlabel("")
    return chart


def _longest_name(panels: Mapping[str, Sequence[Line]]) -> float:
    """Return the width of the longest name in inches."""
    from matplotlib.textpath import TextPath

    names = {line.name for lines in panels.values() for line in lines}
    return (
        max(float(TextPath((0, 0), name, size=_NAME_SIZE).get_extents().x1) for name in names) / 72
    )


def _panel(axis: Any, title: str, ranked: list[Line], finish: Callable[[Any], None]) -> None:
    axis.set_title(title)
    used: dict[str, int] = {}
    for line in ranked[:MOST_LABELS]:
        used[line.group] = used.get(line.group, -1) + 1
        _draw(axis, line, COLOURS[line.group], _STYLES[used[line.group] % len(_STYLES)])
    others = ranked[MOST_LABELS:]
    for line in others:
        _draw(axis, line, GREY, "-", width=0.9)
    finish(axis)
    ends = [
        (line.x[-1], line.y[-1], line.name, COLOURS[line.group]) for line in ranked[:MOST_LABELS]
    ]
    ends += [(*_lowest(others), f"{len(others)} others", SOFT)] if others else []
    label(axis, sorted(ends, key=lambda end: end[1]))


def _lowest(lines: Sequence[Line]) -> tuple[float, float]:
    line = min(lines, key=lambda each: each.y[-1])
    return line.x[-1], line.y[-1]


def _draw(axis: Any, line: Line, colour: str, style: str, width: float = 1.7) -> None:
    mark = "o" if len(line.x) < 8 and not line.is_step else None
    look: Any = {"color": colour, "linewidth": width, "zorder": 1 + width}
    steps: Any = {"drawstyle": "steps-post"} if line.is_step else {}
    axis.plot(line.x, line.y, linestyle=style, marker=mark, markersize=3, **steps, **look)
    if line.interval is not None:
        step: Any = {"step": "post"} if line.is_step else {}
        axis.fill_between(line.x, *line.interval, color=colour, alpha=0.15, linewidth=0, **step)
    if line.is_cut:
        axis.plot(line.x[-1:], line.y[-1:], "o", markersize=5, markerfacecolor="white", **look)


def label(axis: Any, ends: list[tuple[float, float, str, str]]) -> None:
    """Write names right of a panel, led to from where their lines end, none over another.

    Args:
        axis: The panel's axes, scaled.
        ends: Abscissa, ordinate, name and colour of each, by ascending ordinate.
    """
    axis.get_ylim()  # scales the axis, which the heights depend on
    to_axis = axis.transData + axis.transAxes.inverted()
    points = [to_axis.transform((x, y)) for x, y, _, _ in ends]
    inches = axis.get_position().height * axis.figure.get_figheight()
    heights = apart([float(y) for _, y in points], min(0.14 / inches, 1 / max(1, len(ends) - 1)))
    for (x, y), at, (_, _, name, colour) in zip(points, heights, ends, strict=True):
        leader: Any = {"color": colour, "linewidth": 0.6, "alpha": 0.5, "clip_on": False}
        axis.plot([x, 1.015, 1.04], [y, y, at], transform=axis.transAxes, **leader)
        style: Any = {"color": colour, "fontsize": _NAME_SIZE, "va": "center"}
        axis.text(1.05, at, name, transform=axis.transAxes, **style)


def apart(heights: list[float], gap: float = 0.14) -> list[float]:
    """Return ascending heights from 0 to 1 that are a gap apart, and near the given ones."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + gap) if placed else max(height, 0.0))
    top = 1.0
    for i in reversed(range(len(placed))):
        placed[i] = min(placed[i], top)
        top = placed[i] - gap
    return placed


def percent_axis(axis: Any, name: str) -> None:
    """Let a panel's heights be shares from 0 to 100 %."""
    axis.set_ylim(-0.03, 1.03)
    axis.set_yticks([0, 0.5, 1], ["0", "50", "100 %"])
    name_height(axis, name)


def name_height(axis: Any, name: str) -> None:
    """Say above a panel, at the right, what its heights are."""
    style: Any = {"color": SOFT, "fontsize": 8, "ha": "right", "va": "bottom"}
    axis.text(1.0, 1.03, name, transform=axis.transAxes, **style)


def seconds_axis(axis: Any) -> None:
    """Let a panel's heights be times, on a logarithmic scale."""
    from matplotlib import ticker

    axis.set_yscale("log")
    axis.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5), numticks=5))
    axis.yaxis.set_major_formatter(ticker.FuncFormatter(lambda y, _: f"{y:g}"))
    axis.yaxis.set_minor_formatter(ticker.NullFormatter())


def time_axis(axis: Any, least: float, most: float, name: str) -> None:
    """Let a panel's abscissas be times, on a logarithmic scale."""
    marks = {0.1: "0.1 s", 1: "1 s", 10: "10 s", 60: "1 min", 600: "10 min", 3600: "1 h"}
    axis.set_xscale("log")
    axis.set_xlim(least, 1.15 * most)
    shown = {x: text for x, text in marks.items() if least <= x <= most}
    axis.set_xticks(list(shown), list(shown.values()))
    axis.minorticks_off()
    axis.set_xlabel(name)


def grid(counts: Any, rows: Sequence[str], columns: Sequence[str], name: str) -> Any:
    """Return a figure of a table of "some/all", the larger the share the darker.

    Args:
        counts: Some and all, shape (2, rows, columns); a dot stands where all is 0.
        rows: The names of the rows.
        columns: The names of the columns.
        name: What is counted.
    """
    from matplotlib import pyplot as plt

    with plt.rc_context({**_STYLE, "axes.grid": False}):
        chart, axis = plt.subplots(figsize=(WIDTH, 0.3 * len(rows) + 0.75), layout="constrained")
        some, total = counts
        shares = np.where(total > 0, some / np.maximum(total, 1), np.nan)
        axis.imshow(shares, cmap="Greens", vmin=0, vmax=1.4, aspect="auto")
        axis.set_xticks(range(len(columns)), list(columns), fontsize=7)
        axis.set_yticks(range(len(rows)), list(rows))
        axis.xaxis.tick_top()
        axis.set_xlabel(name, fontsize=8, color=SOFT)
        axis.xaxis.set_label_position("bottom")
        axis.tick_params(length=0, labelcolor="black")
        axis.spines[:].set_visible(False)
        for (row, column), all_ in np.ndenumerate(total):
            text, colour = (f"{some[row, column]}/{all_}", "black") if all_ else ("·", SOFT)
            axis.text(column, row, text, ha="center", va="center", color=colour)
    return chart


def dots(rows: Mapping[str, Sequence[tuple[float, bool]]], name: str) -> Any:
    """Return a figure of a row of dots for each kind of supervision, none over another.

    Args:
        rows: The abscissa of each dot, and whether it is full.
        name: Of the abscissas.
    """
    from matplotlib import pyplot as plt

    with plt.rc_context(_STYLE):
        chart, axis = plt.subplots(figsize=(WIDTH, 0.5 * len(rows) + 0.75), layout="constrained")
        for row, (group, marks) in enumerate(rows.items()):
            marks, colour = sorted(marks), COLOURS[group]
            faces = [colour if is_full else "white" for _, is_full in marks]
            x = [at for at, _ in marks]
            y = [row - 0.16 * level for level in stacked(x)]
            axis.scatter(x, y, s=20, facecolor=faces, edgecolor=colour, zorder=2)
        axis.set_yticks(range(len(rows)), list(rows))
        for tick, group in zip(axis.get_yticklabels(), rows, strict=True):
            tick.set_color(COLOURS[group])
        axis.set_ylim(len(rows) - 0.4, -0.9)
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.set_xlabel(f"{name}  ● solved   ○ not")
    return chart


def stacked(x: Sequence[float], near: float = 1.08) -> list[int]:
    """Return a level for each of ascending abscissas, the lowest where no neighbour is near."""
    levels, ends = list[int](), list[float]()
    for at in x:
        level = next((i for i, end in enumerate(ends) if at > near * end), len(ends))
        ends[level : level + 1] = [at]
        levels.append(level)
    return levels
