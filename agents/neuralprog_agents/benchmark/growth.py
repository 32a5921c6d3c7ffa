"""How the time of a step grows with what it depends on, from 1 to 250 or 1,000 times as much.

In theory it is a + b · x: each slot, cell, register, row and step is touched a constant number of
times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.benchmark.environments import vector
from neuralprog_agents.benchmark.search import CONFIG
from neuralprog_agents.benchmark.work import Work, rate
from neuralprog_agents.circuits.search import SearchLearner
from neuralprog_envs.core.instances import draw as draw_instances
from neuralprog_envs.interfaces.vector_env import TaskVectorEnv
from neuralprog_envs.registry import make_task

_TIMES = (1, 3, 10, 30, 100, 300, 1000)
_LIMITS = (1, 3, 10, 30, 100, 250)
"""Time limits of the search, whose interpreter has at most 255."""


@dataclass(frozen=True)
class Curve:
    """CPU-seconds of one unit of work at several sizes.

    Attributes:
        title: What is done.
        symbol: What grows.
        sizes: Its sizes, ascending.
        seconds: The time at each.
    """

    title: str
    symbol: str
    sizes: list[int]
    seconds: list[float]

    @property
    def theory(self) -> NDArray[np.float64]:
        """The line a + b · x with the least squared relative errors."""
        x, y = np.array(self.sizes, dtype=float), np.array(self.seconds)
        parts = np.stack([np.ones_like(x), x], axis=1)
        return np.asarray(
            parts @ np.linalg.lstsq(parts / y[:, None], np.ones_like(y), rcond=None)[0]
        )


def measure(seconds: float) -> list[Curve]:
    """Measure every curve; each point takes at least so many CPU-seconds."""
    return [
        Curve(title, symbol, [size for size, _ in works], [_time(*w, seconds) for _, w in works])
        for title, symbol, works in _works()
    ]


def _works() -> Iterator[tuple[str, str, list[tuple[int, tuple[Work, int]]]]]:
    """Yield titles, symbols, and for each size a work and what its count is divided by."""
    yield "a step of NRAMCopy, n episodes", "n", [(4 * k, (_steps(4 * k), 4 * k)) for k in _TIMES]
    cells = [(11 * k, (_steps(64, memory_size=11 * k), 64)) for k in _TIMES]
    yield "a step of 64 NRAMCopy, M cells", "M", cells
    registers = [(k, (_steps(64, registers=k), 64)) for k in _TIMES]
    yield "a step of 64 NRAMCopy, R registers", "R", registers
    rows = [(4 * k, (_steps(16, "NPTableQA-v0", length=4 * k), 16)) for k in _TIMES[:-1]]
    yield "a step of 16 NPTableQA", "rows", rows
    words = [(62 * k, (_asked(62 * k), 1)) for k in _TIMES]
    yield "a step of 16 NPWikiTableQuestions", "words", words
    yield "a program of the search, T steps", "T", [(T, (_search(T), 1)) for T in _LIMITS]


def _steps(n: int, env_id: str = "NRAMCopy-v0", **settings: Any) -> Work:
    env: Any = TaskVectorEnv(env_id, n, **settings)
    return vector(env, steps=1)


def _asked(words: int) -> Work:
    """Return a workload of one step of questions of so many words, without resets."""
    task: Any = make_task("NPWikiTableQuestions-v0", question_words=words)
    state = task.machine.initial(draw_instances(task, 0, np.arange(16), task.lengths, "all"))
    first = np.zeros((16, 3), dtype=np.int64)

    def work() -> int:
        task.machine.observe(task.machine.step(state, first))
        return 1

    return work


def _search(T: int) -> Work:
    """Return a workload of proposals on pairs that run for T steps."""
    learner = SearchLearner(replace(CONFIG, steps=(0, T)), 0)
    return lambda: max(1, learner.anneal(100)[1])


def _time(work: Work, unit: int, seconds: float) -> float:
    """Return the CPU time of one unit."""
    work()
    return unit / rate(work, seconds)


def draw(curves: Sequence[Curve], file: Path) -> None:
    """Write one picture of all curves, on logarithmic axes, with the theory's lines."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 7), layout="constrained")
    for axes, curve in zip(figure.subplots(2, 3).flat, curves, strict=False):
        axes.loglog(curve.sizes, curve.seconds, "o", label="measured")
        axes.loglog(curve.sizes, curve.theory, "-", label=f"a + b · {curve.symbol}")
        axes.set(title=curve.title, xlabel=curve.symbol, ylabel="CPU-seconds")
        axes.legend()
    for axes in figure.axes[len(curves) :]:
        axes.set_visible(False)
    figure.savefig(file)
