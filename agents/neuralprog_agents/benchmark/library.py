"""What library learning costs, task by task, beside the same search without a library.

A run learns a sequence of ``configs/library_learning`` with one seed. Beside it a flat search
learns each of its tasks alone, from the fourteen modules, within the same CPU-seconds in all.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from io import BytesIO
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

from neuralprog_agents.agents.library_learning import agent
from neuralprog_agents.agents.library_learning.config import Config
from neuralprog_agents.benchmark.log import Log
from neuralprog_agents.benchmark.machine import commit, machine
from neuralprog_agents.benchmark.seeds import check as check_seeds
from neuralprog_agents.training import loop, shipped
from neuralprog_agents.training.config import changed_settings, load
from neuralprog_agents.training.files import locked, write_atomically
from neuralprog_agents.training.runs import task_name

LOG, REPORT, PICTURE = "library.jsonl", "library.md", "library.png"
SEQUENCES = ("power", "primality", "factorial", "lcm")
"""The config files of the sequences."""
SEEDS = 3
_FOLDER = "cells"
_MOST_ATTEMPTS = 1_000_000
"""A flat search ends with its time."""
_NEVER = 1000.0
"""Where a failure is drawn, in CPU-seconds."""
_KINDS = ((-0.15, "#1f6fb4", "with a library"), (0.15, "#c9252d", "flat, the same time in all"))
Panel = dict[str, tuple[list[float], list[float]]]
"""The costs of each task, with a library and flat."""
_HEAD = """\
# Library learning, task by task

Written by `neuralprog benchmark library`; `{log}` has every task of every run, with its commit
and machine. With a library, a sequence of tasks is learned in its order, and each function that was
learned is a module for the tasks after it (`configs/library_learning/SEQUENCE.yaml`). Flat: the
same search learns each task alone, from the fourteen modules. It gets the CPU-seconds that the
sequence took in all with the same seed; each task may use an equal part of what is left. A task
of a function counts as found if its program is right on all a and b modulo every M up to {largest}.

- **found**: in how many runs, each with a seed of its own.
- **CPU-seconds**: the median of all runs, where a failure counts as more than any success; in
  brackets the lowest and the highest. What a task with a library cost includes failed searches and
  those for other programs to begin at.

| sequence | task | with a library: found | CPU-seconds | flat: found | CPU-seconds |
|---|---|---|---|---|---|"""


@dataclass(frozen=True)
class SequenceRun:
    """A sequence with a seed."""

    sequence: str
    seed: int

    @cached_property
    def config(self) -> Config:
        """The settings."""
        path = shipped.folder() / "library_learning" / f"{self.sequence}.yaml"
        return replace(load(path)[1], seed=self.seed)

    @cached_property
    def key(self) -> str:
        """A name of the run with its settings: records with other settings count no more."""
        tasks = [changed_settings(task) for task in self.config.tasks]
        own = {**changed_settings(self.config), "tasks": tasks}
        return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class TaskCost:
    """What one task of a run cost: ``flat`` without a library; ``key`` is ``SequenceRun.key``."""

    sequence: str
    seed: int
    key: str
    flat: bool
    task: str
    found: bool
    cpu_seconds: float
    machine: str
    commit: str

    @property
    def cost(self) -> float:
        """The CPU-seconds; infinite if it was not found."""
        return self.cpu_seconds if self.found else inf


class Meter:
    """Records a run's tasks, in their order."""

    def __init__(self, log: Log[TaskCost], run: SequenceRun, flat: bool) -> None:
        self._log, self._run, self._flat = log, run, flat
        self.envs = [task.env for task in run.config.tasks]

    @property
    def recorded(self) -> list[TaskCost]:
        """What is recorded of the run so far."""
        return of(self._log, self._run, self._flat)

    @property
    def seconds(self) -> float:
        """What these tasks cost."""
        return sum(record.cpu_seconds for record in self.recorded)

    def report(self, status: Mapping[str, float]) -> None:
        """Record the tasks that have had their turn; see ``neuralprog_agents.agent.Report``."""
        while len(self.recorded) < round(status["progress"] * len(self.envs)):
            self.reach(status)

    def reach(self, status: Mapping[str, float]) -> None:
        """Record the next task: what the run has spent, less what the tasks before it cost."""
        learned = sum(record.found for record in self.recorded)
        self.add(status["learned"] > learned, status["cpu_seconds"] - self.seconds)

    def add(self, found: bool, seconds: float) -> None:
        """Record the next task."""
        run, task = self._run, self.envs[len(self.recorded)]
        where = (machine()["machine"], commit())
        spent = round(seconds, 1)
        record = TaskCost(run.sequence, run.seed, run.key, self._flat, task, found, spent, *where)
        self._log.add(record)
        print(f"{'flat' if self._flat else 'library'}: {record}", file=sys.stderr, flush=True)


def main(
    output: Path,
    seeds: int = SEEDS,
    sequences: Sequence[str] = SEQUENCES,
    measure: bool = True,
) -> None:
    """Measure what is missing in ``output``'s log, then write the report and its picture.

    Args:
        output: The folder to write to, made if it is missing.
        seeds: How many runs each sequence has.
        sequences: Names of config files.
        measure: Whether to measure, or only to report what is measured.

    Raises:
        ValueError: The number of seeds is out of its range, or the log is no log or has nothing to
            report.
        BusyError: Another process is at work in the folder.
    """
    check_seeds(seeds)
    runs = [SequenceRun(sequence, seed) for sequence in sequences for seed in range(seeds)]
    output.mkdir(parents=True, exist_ok=True)
    with locked(output / ".lock"):
        log = Log(output / LOG, TaskCost)
        for run in runs if measure else ():
            _measure(run, log, output / _FOLDER / run.key)
        write_atomically(output / REPORT, report(log, runs).encode())
        write_atomically(output / PICTURE, picture(log, runs))


def _measure(run: SequenceRun, log: Log[TaskCost], folder: Path) -> None:
    """Measure a run and the flat search beside it, or what is missing of them."""
    with_library, flat = Meter(log, run, flat=False), Meter(log, run, flat=True)
    if len(with_library.recorded) < len(with_library.envs):
        outcome = loop.restart(agent, run.config, 0, folder / "library", with_library.report)
        while len(with_library.recorded) < len(with_library.envs):
            with_library.reach(outcome.metrics)
    for task in run.config.tasks[len(flat.recorded) :]:
        left = (with_library.seconds - flat.seconds) / (len(flat.envs) - len(flat.recorded))
        alone = replace(
            run.config, env=task.env, tasks=(task,), keep=False, attempts=_MOST_ATTEMPTS
        )
        outcome = loop.restart(agent, alone, 0, folder / task_name(task.env), budget=left)
        flat.add(outcome.success, outcome.metrics["cpu_seconds"])
    shutil.rmtree(folder, ignore_errors=True)


def of(log: Log[TaskCost], run: SequenceRun, flat: bool) -> list[TaskCost]:
    """Return the records of a run, in the order of its tasks."""
    return [each for each in log.records if (each.key, each.flat) == (run.key, flat)]


def costs(
    log: Log[TaskCost], runs: Iterable[SequenceRun], flat: bool
) -> dict[tuple[str, str], list[float]]:
    """Return the cost of each sequence's tasks in each run; infinite where it was not found."""
    found: dict[tuple[str, str], list[float]] = {}
    for run in runs:
        for record in of(log, run, flat):
            found.setdefault((run.sequence, record.task), []).append(record.cost)
    return found


def report(log: Log[TaskCost], runs: Sequence[SequenceRun]) -> str:
    """Return the table as Markdown."""
    with_library, flat = (costs(log, runs, each) for each in (False, True))
    if not with_library:
        raise ValueError(f"{log.path}: nothing of these sequences is measured")
    rows = [
        f"| {sequence} | {_short(task)} | {_cells(own)} | {_cells(flat.get(key, []))} |"
        for key, own in with_library.items()
        for sequence, task in [key]
    ]
    picture = f"![CPU-seconds of each task with a library, and flat]({PICTURE})"
    head = _HEAD.format(log=LOG, largest=runs[0].config.largest)
    return "\n".join([head, *rows, "", picture, ""])


def _cells(own: Sequence[float]) -> str:
    """Return how many runs found a task, and the median of what it cost them."""
    if not own:
        return "– | –"
    low, high = _seconds(min(own)), _seconds(max(own))
    span = f" ({low} to {high})" if low != high else ""
    return f"{sum(cost < inf for cost in own)} of {len(own)} | {_seconds(median(own))}{span}"


def _seconds(cost: float) -> str:
    return f"{cost:.1f}" if cost < inf else "not found"


def _short(task: str) -> str:
    return task.removeprefix("NRAM").partition("-")[0]


def picture(log: Log[TaskCost], runs: Sequence[SequenceRun]) -> bytes:
    """Return a PNG: a panel for each sequence, a line for each task, a dot for each run."""
    from matplotlib.figure import Figure

    panels = _panels(log, runs)
    heights = [len(tasks) for tasks in panels.values()]
    figure = Figure(figsize=(6.0, 1.2 + 0.36 * sum(heights)), layout="constrained")
    axes = figure.subplots(len(panels), sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axis, (sequence, tasks) in zip(axes, panels.items(), strict=True):
        _draw(axis, sequence, tasks)
    drawn = [own for tasks in panels.values() for both in tasks.values() for own in both]
    _scale(axes[-1], [cost for own in drawn for cost in own if cost < inf])
    axes[-1].set_xlabel("CPU-seconds", fontsize=9)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, ncols=2, loc="outside upper center")
    content = BytesIO()
    figure.savefig(content, format="png", dpi=200, metadata={"Software": None})
    return content.getvalue()


def _panels(log: Log[TaskCost], runs: Sequence[SequenceRun]) -> dict[str, Panel]:
    with_library, flat = (costs(log, runs, each) for each in (False, True))
    panels: dict[str, Panel] = {}
    for (sequence, task), own in with_library.items():
        panels.setdefault(sequence, {})[task] = own, flat.get((sequence, task), [])
    return panels


def _draw(axis: Any, sequence: str, tasks: Panel) -> None:
    for index, (shift, colour, label) in enumerate(_KINDS):
        points = [
            (cost if cost < inf else _NEVER, line + shift)
            for line, both in enumerate(tasks.values())
            for cost in both[index]
        ]
        x, y = zip(*points, strict=True) if points else ((), ())
        axis.scatter(x, y, color=colour, s=16, label=label, alpha=0.7)
    axis.axvline(_NEVER / 2, color="#999999", linewidth=0.8)
    axis.text(_NEVER, -0.9, "not found", fontsize=8, ha="center")
    axis.set_ylim(len(tasks) - 0.5, -0.6)
    axis.set_yticks(range(len(tasks)), map(_short, tasks))
    axis.set_title(sequence, fontsize=9, loc="left", weight="bold")
    axis.spines[["top", "right"]].set_visible(False)


def _scale(axis: Any, costs: Sequence[float]) -> None:
    axis.set_xscale("log")
    ticks = [0.1, 1, 2, 5, 10, 20, 50, 100]
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    axis.set_xlim(min(costs, default=0.1) / 1.5, _NEVER * 1.7)
