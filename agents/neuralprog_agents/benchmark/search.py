"""Speed of the search: proposals made, scored and judged, against the NumPy machine's scoring."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from neuralprog_agents.agents.search import data
from neuralprog_agents.agents.search.config import Config
from neuralprog_agents.agents.search.search import SearchLearner
from neuralprog_agents.benchmark.rows import Ratio, compare
from neuralprog_agents.circuits import pairs, tables
from neuralprog_agents.circuits.proposals import propose, randomise
from neuralprog_envs.core.instances import draw

CONFIG = Config("NRAMCopy-v0", registers=3, length=(1, 5), steps=(1, 2), groups=1)
_CHUNK = 20_000
_MARK = 300_000.0


def measure(seconds: float, rounds: int) -> Iterator[Ratio]:
    """Yield the rows of the search: one thread, programs from random ones on."""
    row = compare(
        "program search, compiled against the NumPy machine",
        f"{CONFIG.env}, R=3, 64 pairs of lengths 1 to 5, T=n+2",
        "circuits",
        compiled(),
        on_numpy(),
        seconds=seconds,
        rounds=rounds,
    )
    yield row
    share = row.ours / _MARK
    yield replace(
        row,
        name=f"program search against {_MARK:,.0f} circuits a second",
        theirs=_MARK,
        ratio=share,
        spread=(share, share),
        target=1.0,
    )


def compiled() -> Callable[[], int]:
    """Return a workload: a new random table, annealed for a while or until it fits."""
    learner = SearchLearner(CONFIG, 0)

    def work() -> int:
        randomise(learner.search.stream, learner.search.table, CONFIG.registers, learner.moves)
        return learner.anneal(_CHUNK)[1]

    return work


def on_numpy() -> Callable[[], int]:
    """Return a workload: eight proposals, each scored by running it on the NumPy machine."""
    learner = SearchLearner(CONFIG, 0)
    task = data.task_of(CONFIG, CONFIG.length[1])
    posed = draw(task, CONFIG.seed, np.arange(64), CONFIG.length)
    limits, points = data.limits(CONFIG, posed.length), pairs.weights(posed, CONFIG.changed)
    table, stream = learner.search.table, learner.search.stream

    def work() -> int:
        for _ in range(8):
            propose(stream, table, (1 << len(table)) - 1, CONFIG.registers, learner.moves)
            right = tables.run(task.machine, table, posed, limits).tape == posed.answer
            cells = (points * right).sum(axis=1)
            _ = 0.5 * cells.mean() / 200 + 0.5 * (cells == 200).mean()
        return 8

    return work
