"""Draws what a Neural Programmer chooses over training, stuck and solved.

``python -m docs.operations``, from the root of the repository, rewrites
``docs/pictures/np-operations.png``; it takes a CPU-minute. Both runs are one restart of
``configs/neural_programmer/singlecolumn-gradient.yaml``, once without its last stage.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from neuralprog_agents.agents.neural_programmer import model, tensors
from neuralprog_agents.agents.neural_programmer.machine import OPERATIONS
from neuralprog_agents.agents.neural_programmer.train import CHUNK, ProgrammerLearner
from neuralprog_agents.training.config import load
from neuralprog_envs.core import batch

TARGET = Path(__file__).parent / "pictures" / "np-operations.png"
_CONFIG = Path("configs/neural_programmer/singlecolumn-gradient.yaml")
_RESTART, _LAST = 0, 2400
_PROGRAM = ("greater", "lesser", "or", "count")
"""The program whose question is looked at; "all rows" answers it on half of the tables."""
_COLOURS = {
    "greater": "#1f6fb4", "lesser": "#8fc1e8", "or": "#2a9d5c", "count": "#e8a33d",
    "reset": "#c9252d",
}  # fmt: skip


@dataclass
class History:
    """One run, chunk by chunk: α_op of each step for the question, (T, O), and the accuracy."""

    operations: list[Any] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)


def history(learner: ProgrammerLearner, until: int, curve: History) -> History:
    """Return a copy of a curve, and what follows up to a gradient step or the end of training."""
    longer, asked = History([*curve.operations], [*curve.accuracy]), _question(learner)
    while not learner.finished and learner.adam.step < until:
        learner.advance(lambda: None)
        longer.operations.append(_operations(learner, asked))
        longer.accuracy.append(learner.progress.accuracy)
    return longer


def _question(learner: ProgrammerLearner) -> tensors.Questions:
    """Return the first validation question that the program answers."""
    wanted = [OPERATIONS.index(name) for name in _PROGRAM]
    row = (learner.held_out.program[:, :, 0] == wanted).all(axis=1).argmax()
    return tensors.questions_of(batch.take(learner.held_out, np.array([row])))


def _operations(learner: ProgrammerLearner, asked: tensors.Questions) -> Any:
    with torch.no_grad():
        parameters = model.unflatten(learner.adam.theta, learner.shape)
        choices = model.choose(parameters, learner.shape, asked, hard=False)
    return np.array([choice.operation[0].numpy() for choice in choices])


def draw(curves: dict[str, History]) -> None:
    """Write the picture: the probabilities in each step, and the accuracy below."""
    figure, axes = plt.subplots(
        len(_PROGRAM) + 1, 2, figsize=(6.4, 5.6), sharex=True, sharey=True, layout="constrained"
    )
    for column, (title, curve) in zip(axes.T, curves.items(), strict=True):
        column[0].set_title(title, fontsize=9, loc="left", weight="bold")
        steps = np.arange(1, len(curve.accuracy) + 1) * CHUNK
        for t, axis in enumerate(column[:-1]):
            _stack(axis, steps, np.array(curve.operations)[:, t])
        column[-1].plot(steps, curve.accuracy, color="#333333", linewidth=1.4)
        column[-1].set_xlabel("gradient steps", fontsize=9)
    axes[0, 0].set(xlim=(0, _LAST), ylim=(0, 1), yticks=[0, 1])
    names = [f"step {t + 1}\n({name})" for t, name in enumerate(_PROGRAM)] + ["accuracy"]
    for axis, name in zip(axes[:, 0], names, strict=True):
        axis.set_ylabel(name, fontsize=8)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=8)
    figure.savefig(TARGET, dpi=200)
    print(f"wrote {TARGET}, {TARGET.stat().st_size:,} bytes")


def _stack(axis: Any, steps: Any, probabilities: Any) -> None:
    """Draw the probabilities of operations, (n, O), one above the other."""
    each = {name: probabilities[:, OPERATIONS.index(name)] for name in _COLOURS}
    each["others"] = 1.0 - sum(each.values())
    axis.stackplot(
        steps,
        *each.values(),
        labels=list(each),
        colors=[*_COLOURS.values(), "#dddddd"],
        linewidth=0,
    )
    axis.tick_params(labelsize=8)


def main() -> None:
    """Train the restart up to the last stage; go on without it, and with it."""
    config = load(_CONFIG)[1]
    stages = config.stages[:-1]
    solved = ProgrammerLearner(config, _RESTART)
    stuck = ProgrammerLearner(replace(config, stages=stages), _RESTART)
    both = history(solved, sum(stage.steps for stage in stages), History())
    stuck.restore(*solved.state())
    curves = {
        "without the last stage: stuck": history(stuck, _LAST, both),
        "with it: solved": history(solved, _LAST, both),
    }
    draw(curves)


if __name__ == "__main__":
    main()
