"""How fast a Neural Programmer learns: many questions at once against one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from neuralprog_agents.agents.neural_programmer import data, optimiser, train
from neuralprog_agents.agents.neural_programmer.config import Config
from neuralprog_agents.agents.neural_programmer.model import initial_theta
from neuralprog_agents.benchmark.ratio import Pair
from neuralprog_agents.benchmark.work import Work

_CONFIG = Config("NPTableQA", columns=(1, 3), examples=2000)
_STEPS = 4


def pairs() -> Iterator[Pair]:
    """Yield both ways of learning, each in batches and a question at a time."""
    soft = replace(_CONFIG, learner="gradient", attention=False)
    for config, what in ((_CONFIG, "programs"), (soft, "the soft machine")):
        yield Pair(
            f"training through {what}, batches of {config.batch} against one question at a time",
            f"{config.env}, 1 to 3 columns, 30 to 100 rows, d={config.hidden}",
            "questions",
            training(config),
            training(replace(config, batch=1)),
            target=20.0,
        )


def training(config: Config) -> Work:
    """Return a workload: four gradient steps, the drawing of what they need included."""
    task = data.task_of(config)
    shape = train.shape_of(config, task)
    state = optimiser.State.begin(initial_theta(shape, config.seed))
    objective = train.OBJECTIVES[config.learner](config, 0, task, shape)

    def work() -> int:
        for _, gradient in objective.gradients(state, _STEPS, lambda: None):
            clipped = optimiser.clipped(gradient, config.clip_norm)
            optimiser.update(state, clipped, config.learning_rate)
        return _STEPS * config.batch

    return work
