"""How fast an NRAM trains: the compiled kernel against naive torch."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch.nn.utils import clip_grad_norm_

from neuralprog_agents.agents.nram import kernel
from neuralprog_agents.agents.nram.records import Batch, Hyper, Schedule, TrainState
from neuralprog_agents.agents.nram.shape import Shape, initial
from neuralprog_agents.benchmark.naive_nram import NaiveNRAM
from neuralprog_agents.benchmark.ratio import Pair
from neuralprog_agents.benchmark.work import Work

_HYPER = Hyper(clip_activations=1.0, clip_norm=1.0)
_RATE = 1e-3


@dataclass(frozen=True)
class Case:
    """A shape of machine and controller, a batch size, and the target of its ratio."""

    shape: Shape
    batch: int
    target: float | None = None
    steps: int = 10

    def __str__(self) -> str:
        s = self.shape
        layers = f" x {s.layers}" if s.controller == "mlp" else ""
        sizes = f"B={self.batch} R={s.registers} M={s.memory} T={self.steps}"
        return f"{s.controller} {s.hidden}{layers}, {sizes}"


_MLP, _LSTM = Shape(3, 10, layers=1), Shape(3, 10, controller="lstm")
CASES = (
    Case(_MLP, 32, 100.0),
    Case(replace(_MLP, layers=2), 32, 100.0),
    Case(_LSTM, 32, 70.0),
    Case(replace(_MLP, layers=2), 128),
    Case(replace(_MLP, layers=2, registers=4, memory=16), 32),
)


def pairs() -> Iterator[Pair]:
    """Yield every case on one thread; then restarts on two threads, in wall-clock time."""
    for case in CASES:
        yield Pair(
            "NRAM training step, kernel against naive torch",
            str(case),
            "gradient steps",
            compiled(case, steps=50),
            naive(case),
            case.target,
        )
    yield Pair(
        "restarts on two threads against one",
        f"{CASES[1]}; 8 restarts",
        "gradient steps",
        compiled(CASES[1], restarts=8, threads=2),
        compiled(CASES[1], restarts=8),
        target=1.8,
        clock=time.perf_counter,
    )


def compiled(case: Case, steps: int = 200, restarts: int = 1, threads: int = 1) -> Work:
    """Return a workload of restarts of the compiled kernel that share a number of threads."""
    batches, pool = random_batches(case, steps), ThreadPoolExecutor(threads)
    rate: Any = np.full(steps, _RATE, np.float32)

    def restart(seed: int) -> None:
        state = TrainState(initial(case.shape, np.random.default_rng(seed)))
        kernel.train_steps(case.shape, state, batches, Schedule(rate, rate, rate), _HYPER, seed)

    def work() -> int:
        list(pool.map(restart, range(restarts)))
        return restarts * steps

    return work


def naive(case: Case, steps: int = 2) -> Work:
    """Return a workload of training steps as one would first write them: a module at a time."""
    data = [torch.as_tensor(part, dtype=torch.int64) for part in random_batches(case, steps)]
    torch.manual_seed(0)
    model = NaiveNRAM(case.shape)
    optimizer = torch.optim.Adam(model.parameters(), lr=_RATE)

    def work() -> int:
        for k in range(steps):
            optimizer.zero_grad()
            model(Batch(*(part[k] for part in data))).backward()
            clip_grad_norm_(model.parameters(), _HYPER.clip_norm)
            optimizer.step()
        return steps

    return work


def random_batches(case: Case, count: int) -> Batch:
    """Return random pairs, arrays (count, B, M): half of the cells scored, all with the full T."""
    random, M = np.random.default_rng(0), case.shape.memory
    cells = (count, case.batch, M)
    tape, target = random.integers(0, M, (2, *cells), dtype=np.int32)
    steps = np.full(cells[:2], case.steps, np.int32)
    return Batch(tape, target, random.random(cells) < 0.5, steps)
