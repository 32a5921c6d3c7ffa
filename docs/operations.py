"""Draws what a Neural Programmer chooses in a restart that gets stuck and in one that succeeds.

``python -m docs.operations``, from the root of the repository, rewrites
``docs/pictures/np-operations.png``; it takes minutes. Both restarts are those of
``configs/neural_programmer/singlecolumn-gradient.yaml``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
_PROGRAM = ("greater", "lesser", "or", "count")
"""The program whose question is looked at; "all rows" answers it on half of the tables."""
_COLOURS = {
    "greater": "#1f6fb4", "lesser": "#8fc1e8", "or": "#2a9d5c", "count": "#e8a33d",
    "reset": "#c9252d",
}  # fmt: skip


@dataclass
class History:
    """One restart, chunk by chunk: α_op of each step for the question, (T, O), and the accuracy."""

    index: int
    success: bool = False
    operations: list[Any] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)


def history(config: Any, index: int) -> History:
    """Train one restart, and look at the soft choices for the question."""
    learner, curve = ProgrammerLearner(config, index), History(index)
    asked = _question(learner)
    while not learner.finished:
        curve.operations.append(_operations(learner, asked))
        curve.accuracy.append(learner.progress.accuracy)
        learner.advance(lambda: None)
    curve.success = learner.success
    return curve


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


def draw(stuck: History, solved: History) -> None:
    """Write the picture: the probabilities in each step, and the accuracy below."""
    figure, axes = plt.subplots(
        len(_PROGRAM) + 1, 2, figsize=(6.4, 5.6), sharex="col", sharey=True, layout="constrained"
    )
    for column, how, curve in zip(
        axes.T, ("gets stuck", "is solved"), (stuck, solved), strict=True
    ):
        column[0].set_title(f"restart {curve.index} {how}", fontsize=9, loc="left", weight="bold")
        steps = np.arange(len(curve.accuracy)) * CHUNK
        for t, axis in enumerate(column[:-1]):
            _stack(axis, steps, np.array(curve.operations)[:, t])
        column[-1].plot(steps, curve.accuracy, color="#333333", linewidth=1.4)
        column[-1].set_xlabel("gradient steps", fontsize=9)
        column[-1].set(xlim=(0, steps[-1]), ylim=(0, 1))
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
    axis.set_yticks([0, 1])
    axis.tick_params(labelsize=8)


def main() -> None:
    """Take the first restart that gets stuck and the first that succeeds."""
    config = load(_CONFIG)[1]
    curves: dict[bool, History] = {}
    index = 0
    while len(curves) < 2:
        curve = history(config, index)
        curves.setdefault(curve.success, curve)
        index += 1
    draw(curves[False], curves[True])


if __name__ == "__main__":
    main()
