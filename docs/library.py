"""Measures library learning beside the same search without a library, and draws what tasks cost.

``python -m docs.library powers 0 1 2``, from the root of the repository, learns the sequence of
``configs/library_learning/powers.yaml`` with these seeds, each beside a flat search: every task
alone, from the fourteen modules, within the same CPU-seconds in all. It adds what each task cost to
``results/library.jsonl``; stopped and called again, it goes on. Without arguments it draws the
record: ``docs/pictures/library.png``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from neuralprog_agents.agents.library_learning import agent
from neuralprog_agents.training import loop
from neuralprog_agents.training.config import load
from neuralprog_agents.training.files import append_json, whole_lines

RECORD, TARGET = Path("results/library.jsonl"), Path("docs/pictures/library.png")
CONFIGS, _RUNS = Path("configs/library_learning"), Path("runs/library")
_FLAT_ATTEMPTS = 100
"""Enough for each task of a flat search to use a fair part of the time."""

Row = dict[str, Any]


@dataclass
class Meter:
    """Takes a restart's reports; records what each task cost once it has had its turn."""

    head: Row
    envs: list[str]
    recorded: list[Row]

    def report(self, status: Mapping[str, float]) -> None:
        """See ``neuralprog_agents.agent.Report``."""
        while len(self.recorded) < round(status["progress"] * len(self.envs)):
            self.add(status)

    def add(self, status: Mapping[str, float]) -> None:
        """Record the next task: what is spent, less what those before it cost."""
        learned = sum(row["found"] for row in self.recorded)
        seconds = status["cpu_seconds"] - sum(row["cpu_seconds"] for row in self.recorded)
        own = {
            "task": self.envs[len(self.recorded)],
            "found": status["learned"] > learned,
            "cpu_seconds": round(seconds, 1),
        }
        self.recorded.append(self.head | own)
        append_json(RECORD, self.head | own)


def measure(name: str, seed: int, flat: bool, budget: float = inf) -> float:
    """Learn a sequence unless the record has it; return the CPU-seconds that it took in all."""
    config = replace(load(CONFIGS / f"{name}.yaml")[1], seed=seed)
    if flat:
        config = replace(config, keep=False, attempts=_FLAT_ATTEMPTS)
    head = {"sequence": name, "seed": seed, "flat": flat}
    known = [row for row in rows() if row.items() >= head.items()]
    meter = Meter(head, [task.env for task in config.tasks], known)
    if len(known) < len(meter.envs):
        folder = _RUNS / "-".join([name, str(seed), *["flat"] * flat])
        outcome = loop.restart(agent, config, 0, folder, meter.report, budget=budget)
        while len(meter.recorded) < len(meter.envs):
            meter.add(outcome.metrics)
    return sum(row["cpu_seconds"] for row in meter.recorded)


def rows() -> list[Row]:
    """Return the record."""
    return [json.loads(line) for line in whole_lines(RECORD)]


def costs(sequence: str, flat: bool) -> dict[str, list[float]]:
    """Return the CPU-seconds of each task in each run; infinite where it was not found."""
    found: dict[str, list[float]] = {}
    for row in rows():
        if (row["sequence"], row["flat"]) == (sequence, flat):
            cost = row["cpu_seconds"] if row["found"] else inf
            found.setdefault(row["task"], []).append(cost)
    return found


def draw() -> None:
    """Draw a panel for each sequence: a line for each task, a dot for each run."""
    sequences = list(dict.fromkeys(row["sequence"] for row in rows()))
    heights = [len(costs(name, flat=False)) for name in sequences]
    figure, axes = plt.subplots(
        len(sequences), figsize=(6.0, 1.2 + 0.36 * sum(heights)), sharex=True, squeeze=False,
        height_ratios=heights, layout="constrained",
    )  # fmt: skip
    for axis, name in zip(axes[:, 0], sequences, strict=True):
        _panel(axis, name)
    axes[-1, 0].set_xlabel("CPU-seconds", fontsize=9)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, ncols=2, loc="outside upper center")
    figure.savefig(TARGET, dpi=200)
    print(f"wrote {TARGET}, {TARGET.stat().st_size:,} bytes")


def _panel(axis: Any, name: str) -> None:
    tasks = list(costs(name, flat=False))
    finite = [
        cost for flat in (False, True) for part in costs(name, flat).values() for cost in part
    ]
    never = 3 * max(cost for cost in finite if cost < inf)
    for flat, shift, colour, label in (
        (False, -0.15, "#1f6fb4", "with a library"),
        (True, 0.15, "#c9252d", "flat, the same time in all"),
    ):
        of = costs(name, flat)
        points = [(min(c, never), i + shift) for i, t in enumerate(tasks) for c in of.get(t, [])]
        x, y = np.array(points).reshape(-1, 2).T
        axis.scatter(x, y, color=colour, s=16, label=label, alpha=0.7)
    axis.axvline(never / 1.7, color="#999999", linewidth=0.8)
    axis.text(never, -0.9, "not found", fontsize=8, ha="center")
    ticks = [t for t in (0.1, 1, 2, 5, 10, 20, 50, 100, 200, 500) if t < never / 1.7]
    axis.set(xscale="log", ylim=(len(tasks) - 0.5, -0.6))
    axis.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axis.minorticks_off()
    axis.set_xlim(min(finite) / 1.3, never * 1.5)
    axis.set_yticks(range(len(tasks)), [t.removeprefix("NRAM").partition("-")[0] for t in tasks])
    axis.set_title(name, fontsize=9, loc="left", weight="bold")
    axis.spines[["top", "right"]].set_visible(False)


def main(name: str = "", *seeds: str) -> None:
    """Measure a sequence with seeds, or draw what is recorded."""
    for seed in map(int, seeds):
        spent = measure(name, seed, flat=False)
        measure(name, seed, flat=True, budget=spent)
    if not name:
        draw()


if __name__ == "__main__":
    main(*sys.argv[1:])
