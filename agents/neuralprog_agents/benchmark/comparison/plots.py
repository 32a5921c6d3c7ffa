"""The plots of the comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from io import BytesIO
from itertools import product
from math import inf
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from neuralprog_agents.benchmark.comparison import panels, statistics, tasks
from neuralprog_agents.benchmark.comparison.panels import Line
from neuralprog_agents.benchmark.comparison.plan import FACTORS, GROWING
from neuralprog_agents.benchmark.comparison.summary import (
    ComparisonSummary,
    EntrantSummary,
    Result,
)
from neuralprog_agents.training.files import write_atomically
from neuralprog_envs.registry import find

_PARTIAL = (
    "Behind a name: how many of a panel's tasks are measured and drawn, if not all, and whether "
    "there was one seed. Agents that face less than half of a panel's tasks are left out."
)

CAPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "supervision": "Mean success within a training time, of the agent of each kind of "
        "supervision that solves most in a family. Some had more than a minute. "
        f"A band is the 95 % interval over seeds. {_PARTIAL}",
        "time": "Share of runs that are solved within a training time (Kaplan and Meier). A line "
        "ends with the first run that was stopped and is not solved, or with the last one. "
        f"{_PARTIAL}",
        "profile": "Performance profiles: share of runs whose success reaches a threshold. A line "
        f"ends with the share that is right on 99 % of test instances. {_PARTIAL}",
        "memory": "Question 1: CPU-seconds to solve a task against the size of its memory, in "
        "multiples of the default one. A ring: with more memory most runs did not solve it. "
        "No line: most do not solve it at the default size.",
        "operations": "Question 2: tasks solved of tasks measured, by the hardest kind of "
        "operation that a task needs, by any agent of each kind of supervision. In brackets: "
        "how many tasks. A dot: none of them was measured.",
        "programs": "Question 3: tasks by the length of the expert's program; full where any agent "
        "of a kind of supervision solves it. Max is left out: its expert sorts.",
        "length": "Question 4: mean success against length, in multiples of the longest default "
        "one, over the tasks that can be played at ten times that length. A training that has not "
        "solved its task in time counts as 0. A ring: some tasks are too long to play beyond. "
        f"{_PARTIAL}",
    }
)
_FIRST = 0.05
"""CPU-seconds with which axes of time begin."""
_GRID = 60
"""Times at which the success under a budget is read."""
_HALF = 0.5
"""The share of its runs above which a task counts as solved."""
_FIXED = 10
"""The multiple of the longest default length at which a task must be playable."""


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
    figure.savefig(content, format="png", dpi=panels.DPI, metadata={"Software": None})
    write_atomically(path, content.getvalue())
    plt.close(figure)


def _by_family(
    s: ComparisonSummary, line: Callable[[EntrantSummary, str], Line | None]
) -> dict[str, list[Line]]:
    """Return the lines of entrants that have one, by the titles of their panels.

    Who faces less than half of a panel's tasks has none: its share would be one of other tasks.
    """

    def shared(each: EntrantSummary, family: str) -> Line | None:
        return line(each, family) if _faces_half(s, each, family) else None

    return {_title(s, family): list(_lines(s, family, shared)) for family in s.families}


def _faces_half(s: ComparisonSummary, each: EntrantSummary, family: str) -> bool:
    return 2 * len(each.of(family)) >= s.size(family)


def _lines(
    s: ComparisonSummary, family: str, line: Callable[[EntrantSummary, str], Line | None]
) -> Iterator[Line]:
    for each in s.entrants:
        found = line(each, family) if each.who.agent and each.of(family) else None
        if found is not None:
            yield found


def _title(s: ComparisonSummary, family: str) -> str:
    count = s.size(family)
    return f"{family}: {count} {'task' if count == 1 else 'tasks'}"


def _measured(each: EntrantSummary, family: str) -> list[Result]:
    return [result for result in each.of(family) if result.runs]


def _name(s: ComparisonSummary, each: EntrantSummary, family: str, count: int) -> str:
    """Return an entrant's name, how many tasks it has unless it is all, and that it is one seed."""
    counts = [str(count)] if count < s.size(family) else []
    counts += ["1 seed"] if each.seeds == 1 else []
    return each.who.name + (f" ({', '.join(counts)})" if counts else "")


def _supervision(s: ComparisonSummary) -> Any:
    """Draw the best agent of each kind: its mean success under each budget."""
    best = {
        (family, group): max(known, key=lambda each: each.rank(s.reached, family))
        for family, (group, members) in product(s.families, s.groups.items())
        if (known := [each for each in members if _is_drawn(s, each, family)])
    }
    ends = {key: each.end(key[0]) for key, each in best.items()}
    last = max(filter(None, ends.values()), default=s.reached)
    found: dict[str, list[Line]] = {}
    for (family, group), each in best.items():
        line = _success(s, each, family, ends[family, group] or last)
        found.setdefault(_title(s, family), []).append(line)
    return panels.figure(found, partial(_finish_times, "success", last), height=1.15)


def _is_drawn(s: ComparisonSummary, each: EntrantSummary, family: str) -> bool:
    return bool(_measured(each, family)) and _faces_half(s, each, family)


def _success(s: ComparisonSummary, each: EntrantSummary, family: str, end: float) -> Line:
    """Return the mean success of an entrant under budgets up to one."""
    own = _measured(each, family)
    times = np.geomspace(_FIRST, end, _GRID).tolist()
    rates = [[result.at(time) for result in own] for time in times]
    means = [float(np.mean(np.concatenate(each))) for each in rates]
    several = any(len(result.runs) > 1 for result in own)
    name = f"{each.group}: {_name(s, each, family, len(own))}"
    band = _interval(rates) if several else None
    return Line(name, each.group, times, means, band, is_step=True)


def _interval(rates: list[list[list[float]]]) -> tuple[list[float], list[float]]:
    """Return the bounds of the mean at each time."""
    estimates = [statistics.estimate(each, statistics.mean) for each in rates]
    return [e.low for e in estimates], [e.high for e in estimates]


def _finish_times(height: str, last: float, axis: Any) -> None:
    panels.percent_axis(axis, height)
    panels.time_axis(axis, _FIRST, last, "CPU-seconds of training")


def _time(s: ComparisonSummary) -> Any:
    def line(each: EntrantSummary, family: str) -> Line | None:
        times, solved = each.times(inf, family)
        if not times:
            return None
        rises, share = statistics.solved_by(times, solved)
        x, y = [_FIRST, *rises, max(times)], [0.0, *share, (share[-1] if len(share) else 0.0)]
        name = _name(s, each, family, len(_measured(each, family)))
        return Line(name, each.group, x, y, is_step=True)

    found = _by_family(s, line)

    last = max((line.x[-1] for lines in found.values() for line in lines), default=s.reached)
    finish = partial(_finish_times, "runs solved", last)
    return panels.figure(found, finish, rank=lambda line: (line.y[-1], panels.mean(line)))


def _profile(s: ComparisonSummary) -> Any:
    thresholds = np.arange(1, 100) / 100

    def line(each: EntrantSummary, family: str) -> Line | None:
        if not each.reached(s.reached, family):
            return None
        rates = [result.at(s.reached) for result in each.of(family)]
        y = statistics.profile(rates, thresholds).tolist()
        name = _name(s, each, family, len(rates))
        return Line(name, each.group, thresholds.tolist(), y)

    def finish(axis: Any) -> None:
        panels.percent_axis(axis, "runs")
        axis.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"])
        axis.set_xlabel(f"success within {s.reached:g} CPU-seconds is at least …")

    return panels.figure(_by_family(s, line), finish)


def _memory(s: ComparisonSummary) -> Any:
    def line(each: EntrantSummary, family: str) -> Line | None:
        (env,) = (env for env in GROWING if find(env).family == family)
        results = s.grown(each, env)
        found = {factor: result.time(s.plan.seconds) for factor, result in results.items()}
        x, y = [k for k, v in found.items() if v], [v for v in found.values() if v]
        failed = len(x) < len(results)
        if 1 not in x or len(results) < (2 if failed else panels.LEAST_POINTS):
            return None
        return Line(each.who.name, each.group, x, y, is_cut=x[-1] < max(results))

    def finish(axis: Any) -> None:
        axis.set_xscale("log", base=2)
        axis.set_xlim(0.9, 1.1 * FACTORS[-1])
        axis.set_xticks([1, *FACTORS], [f"× {factor}" for factor in (1, *FACTORS)])
        panels.seconds_axis(axis)
        axis.set_xlabel("memory, in multiples of the default")
        panels.name_height(axis, "CPU-seconds")

    found = {
        env.removesuffix("-v0"): list(_lines(s, find(env).family, line))
        for env in GROWING
        if find(env).family in s.families
    }
    return panels.figure(found, finish, rank=lambda line: (len(line.x), -panels.mean(line)))


def _length(s: ComparisonSummary) -> Any:
    def line(each: EntrantSummary, family: str) -> Line | None:
        own = [result for result in _measured(each, family) if result.beyond(_FIXED)]
        played = [k for k in tasks.MULTIPLES if own and all(r.beyond(k) for r in own)]
        if len(played) < panels.LEAST_POINTS:
            return None
        rates = [float(np.mean([x for r in own for x in r.kept(k, s.reached)])) for k in played]
        name = _name(s, each, family, len(own))
        return Line(name, each.group, played, rates, is_cut=played[-1] < tasks.MULTIPLES[-1])

    def finish(axis: Any) -> None:
        panels.percent_axis(axis, "success")
        axis.set_xscale("log")
        axis.set_xticks(tasks.MULTIPLES, [f"× {k}" for k in tasks.MULTIPLES])
        axis.minorticks_off()
        axis.set_xlabel(f"length, in multiples of the default; after {s.reached:g} CPU-seconds")

    return panels.figure(_by_family(s, line), finish)


def solved_shares(s: ComparisonSummary, group: str) -> dict[str, float]:
    """Return, by task, the share of runs solved by that agent of a kind which solves most.

    All have the same time, ``ComparisonSummary.reached``.
    """
    found: dict[str, float] = {}
    for each in s.groups[group]:
        for result in (r for r in each.results if r.runs):
            found[result.env] = max(_share(result, s.reached), found.get(result.env, 0.0))
    return found


def _share(result: Result, seconds: float) -> float:
    return len(result.solvers(seconds)) / len(result.runs)


def _operations(s: ComparisonSummary) -> Any:
    """Draw a grid: a row a kind of operation, a column a kind of supervision."""
    shares = {group: own for group in s.groups if (own := solved_shares(s, group))}
    kinds = [k for k in tasks.KINDS if any(tasks.kind(env) == k for env in s.plan.envs)]
    grid = np.zeros((2, len(kinds), len(shares)), dtype=int)
    for (row, kind), (column, own) in product(enumerate(kinds), enumerate(shares.values())):
        solved = [share > _HALF for env, share in own.items() if tasks.kind(env) == kind]
        grid[:, row, column] = sum(solved), len(solved)
    if not grid.any():
        return None
    counts = [sum(tasks.kind(env) == kind for env in s.plan.envs) for kind in kinds]
    rows = [f"{kind} ({n})" for kind, n in zip(kinds, counts, strict=True)]
    name = f"tasks solved / tasks measured, in {s.reached:g} CPU-seconds a training"
    return panels.grid(grid, rows, list(shares), name)


def _programs(s: ComparisonSummary) -> Any:
    """Draw a row of tasks a kind of supervision, full where the task is solved."""
    shares = {group: own for group in s.groups if (own := solved_shares(s, group))}
    rows = {
        group: [
            (steps, share > _HALF)
            for env, share in own.items()
            if (steps := tasks.program_length(env))
        ]
        for group, own in shares.items()
    }
    name = f"steps of the expert's program; in {s.reached:g} CPU-seconds"
    return panels.dots(rows, name) if rows else None


_PLOTS: Mapping[str, Callable[[ComparisonSummary], Any]] = MappingProxyType(
    {
        "supervision": _supervision,
        "time": _time,
        "profile": _profile,
        "memory": _memory,
        "operations": _operations,
        "programs": _programs,
        "length": _length,
    }
)
