"""Draws how sure an NRAM's choices are in a restart that gets stuck and in one that succeeds.

``python -m docs.choices``, from the root of the repository, rewrites
``docs/pictures/nram-choices.png``; it takes some seconds. Both restarts are those of Swap without a
population, ``configs/nram/swap-gradient.yaml`` otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from neuralprog_agents.agents.nram.discretise import probability_table
from neuralprog_agents.agents.nram.train import NRAMLearner
from neuralprog_agents.training.config import load

TARGET = Path(__file__).parent / "pictures" / "nram-choices.png"
_CONFIG, _CHUNK = Path("configs/nram/swap-gradient.yaml"), 50


@dataclass
class History:
    """One restart, chunk by chunk: the largest probability of each choice, and the error."""

    index: int
    success: bool = False
    sure: list[Any] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    level: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def history(config: Any, index: int) -> History:
    """Train one restart and look at the circuit of the first step, where every register holds 0."""
    learner, curve = NRAMLearner(config, index), History(index)
    while not learner.finished:
        table = probability_table(learner.descent.state.theta, learner.shape)
        curve.names = list(table)[:-1]
        curve.sure.append([table[name][-1].max() for name in curve.names])
        curve.error.append(learner.descent.progress.error)
        curve.level.append(learner.descent.progress.level)
        learner.advance(lambda: None)
    curve.success = learner.success
    return curve


def draw(stuck: History, solved: History) -> None:
    """Write the picture: a row for each choice that is ever sure, the error below."""
    curves = {"gets stuck": stuck, "is solved": solved}
    rows = [
        i
        for i in range(len(stuck.names))
        if any(_sure(c)[1:, i].max() > 0.5 for c in curves.values())
    ]
    figure, axes = plt.subplots(
        2, 2, figsize=(6.0, 4.6), sharex="col", sharey="row", height_ratios=[3, 1],
        layout="constrained",
    )  # fmt: skip
    for (above, below), (how, curve) in zip(axes.T, curves.items(), strict=True):
        steps = np.arange(len(curve.error)) * _CHUNK
        edges = np.arange(len(curve.error) + 1) * _CHUNK - _CHUNK / 2
        image = above.pcolormesh(
            edges,
            np.arange(len(rows) + 1) - 0.5,
            _sure(curve).T[rows],
            vmin=0,
            vmax=1,
            cmap="Blues",
        )
        above.set_title(f"restart {curve.index} {how}", fontsize=9, loc="left", weight="bold")
        above.set_yticks(range(len(rows)), [curve.names[i] for i in rows], fontsize=8)
        _lines(below, steps, {"wrong cells": curve.error, "level / 10": np.array(curve.level) / 10})
    axes[0, 0].invert_yaxis()
    bar = figure.colorbar(image, ax=axes[0], label="largest probability", ticks=[0, 0.5, 1])
    bar.outline.set_visible(False)
    figure.savefig(TARGET, dpi=200)
    print(f"wrote {TARGET}, {TARGET.stat().st_size:,} bytes")


def _sure(curve: History) -> Any:
    return np.array(curve.sure)


def _lines(axis: Any, steps: Any, lines: dict[str, Any]) -> None:
    """Draw lines from 0 to 1, each with its name at its end."""
    for (name, values), colour in zip(lines.items(), ("#c9252d", "#1f6fb4"), strict=True):
        axis.plot(steps, values, color=colour, linewidth=1.6)
        at = (steps[-1], values[-1])
        axis.annotate(
            name, at, (0, 4), textcoords="offset points", color=colour, fontsize=8, ha="right"
        )
    axis.set_xlabel("gradient steps", fontsize=9)
    axis.set_ylim(-0.03, 1.1)
    axis.spines[["top", "right"]].set_visible(False)


def main() -> None:
    """Take the first restart that gets stuck and the first that succeeds."""
    config = replace(load(_CONFIG)[1], population=1)
    stuck = solved = None
    index = 0
    while stuck is None or solved is None:
        curve = history(config, index)
        stuck, solved = (stuck, solved or curve) if curve.success else (stuck or curve, solved)
        index += 1
    draw(stuck, solved)


if __name__ == "__main__":
    main()
