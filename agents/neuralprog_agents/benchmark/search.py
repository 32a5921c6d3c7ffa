"""Speed of the search: proposals made, scored and judged, against the NumPy machine's scoring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from neuralprog_agents.benchmark.elsewhere import Elsewhere
from neuralprog_agents.benchmark.ratio import Pair
from neuralprog_agents.benchmark.work import Work
from neuralprog_agents.circuits import examples, tables
from neuralprog_agents.circuits import pairs as scoring
from neuralprog_agents.circuits.proposals import propose, randomise
from neuralprog_agents.circuits.search import SearchLearner
from neuralprog_agents.circuits.search_config import SearchConfig as Config
from neuralprog_envs.core.instances import draw

CONFIG = Config("NRAMCopy-v0", registers=3, length=(1, 5), steps=(1, 2), groups=1)
_CHUNK = 20_000
_MARK = 300_000.0
"""Circuits a second that the search should try."""


def pairs(baseline: Path | None = None) -> Iterator[Pair]:
    """Yield the search against others, and against a mark: programs from random ones on.

    ``baseline`` is an earlier checkout, whose search runs beside this one.
    """
    shape = f"{CONFIG.env}, R=3, 64 pairs of lengths 1 to 5, T=n+2"
    for name, theirs, target, column in (
        ("program search, compiled against the NumPy machine", on_numpy(), None, "search"),
        (f"program search against {_MARK:,.0f} circuits a second", _MARK, 1.0, ""),
    ):
        yield Pair(name, shape, "circuits", compiled(), theirs, target, column)
    if baseline is not None:
        before = Elsewhere(baseline, __name__, compiled.__name__)
        name = "program search against an earlier checkout"
        yield Pair(name, shape, "circuits", compiled(), before, 3.0)


def compiled() -> Work:
    """Return a workload: a new random table, annealed for a while or until it fits."""
    learner = SearchLearner(CONFIG, 0)

    def work() -> int:
        randomise(learner.search.stream, learner.search.program, learner.moves)
        return learner.anneal(_CHUNK)[1]

    return work


def on_numpy() -> Work:
    """Return a workload: eight proposals, each scored by running it on the NumPy machine."""
    learner = SearchLearner(CONFIG, 0)
    task = examples.task_of(CONFIG, CONFIG.length[1])
    posed = draw(task, CONFIG.seed, np.arange(64), CONFIG.length)
    limits, points = examples.limits(CONFIG, posed.length), scoring.weights(posed, CONFIG.changed)
    program, stream = learner.search.program, learner.search.stream
    table = program.table

    def work() -> int:
        for _ in range(8):
            propose(stream, program, (1 << len(table)) - 1, learner.moves)
            right = tables.run(task.machine, table, posed, limits).tape == posed.answer
            cells = (points * right).sum(axis=1)
            _ = 0.5 * cells.mean() / 200 + 0.5 * (cells == 200).mean()
        return 8

    return work
