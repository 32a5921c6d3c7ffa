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
    """Write the picture: a row for each choice, a column for each chunk, the error below."""
    figure, axes = plt.subplots(
        2, 2, figsize=(11, 8), sharex="col", height_ratios=[4, 1], layout="constrained"
    )
    for column, (curve, how) in enumerate(((stuck, "stuck"), (solved, "solved"))):
        above, below = axes[:, column]
        steps = np.arange(len(curve.error)) * _CHUNK
        image = above.pcolormesh(
            steps, np.arange(len(curve.names)), np.transpose(curve.sure), vmin=0, vmax=1
        )
        above.set_title(f"Swap, restart {curve.index}: {how}")
        above.set_yticks(range(len(curve.names)), curve.names, fontsize=6)
        above.invert_yaxis()
        below.plot(steps, curve.error, label="share of wrong cells")
        below.plot(steps, np.array(curve.level) / 10, label="level / 10", linestyle="--")
        below.set_xlabel("gradient steps")
        below.set_ylim(0, 1)
        below.legend(fontsize=7)
    figure.colorbar(image, ax=axes[0], label="largest probability of the choice")
    figure.savefig(TARGET, dpi=110)
    print(f"wrote {TARGET}, {TARGET.stat().st_size:,} bytes")


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
