"""How fast an NRAM trains: naive torch, closed forms in torch, the compiled kernel."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from neuralprog_agents.agents.nram import kernel, torch_steps
from neuralprog_agents.agents.nram.records import Batch, Hyper, Schedule, TrainState
from neuralprog_agents.agents.nram.shape import Shape, initial
from neuralprog_agents.benchmark import naive_nram as naive
from neuralprog_agents.benchmark.rows import Ratio, compare

_HYPER = Hyper(clip_activations=1.0, clip_norm=1.0)
_RESTARTS, _RESTART_STEPS = 8, 200


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


def measure(seconds: float, rounds: int) -> Iterator[Ratio]:
    """Yield the rows of the solver: one thread, CPU time; then two threads, wall-clock time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for case in CASES:
            yield _against_naive("kernel", kernel_work(case), case, seconds, rounds)
        torch_forms = replace(CASES[1], target=None)
        yield _against_naive(
            "closed forms in torch", torch_work(torch_forms), torch_forms, seconds, rounds
        )
        yield _threads(CASES[1], seconds, rounds)
    finally:
        torch.set_num_threads(threads)


def _against_naive(
    name: str, work: Callable[[], int], case: Case, seconds: float, rounds: int
) -> Ratio:
    return compare(
        f"NRAM training step, {name} against naive torch",
        str(case),
        "gradient steps",
        work,
        naive_work(case),
        target=case.target,
        seconds=seconds,
        rounds=rounds,
    )


def _threads(case: Case, seconds: float, rounds: int) -> Ratio:
    return compare(
        "restarts on two threads against one",
        f"{case}; {_RESTARTS} restarts",
        "gradient steps",
        restarts_work(case, 2),
        restarts_work(case, 1),
        target=1.8,
        seconds=seconds,
        rounds=rounds,
        clock=time.perf_counter,
    )


def kernel_work(case: Case, steps: int = 50) -> Callable[[], int]:
    """Return a workload of training steps of the compiled kernel."""
    batches, state = random_batches(case, steps), _state(case, 0)

    def work() -> int:
        kernel.train_steps(case.shape, state, batches, _schedule(steps), _HYPER, 0)
        return steps

    return work


def torch_work(case: Case, steps: int = 2) -> Callable[[], int]:
    """Return a workload of training steps of the readable model."""
    batches, state = random_batches(case, steps), _state(case, 0)

    def work() -> int:
        torch_steps.train_steps(case.shape, state, batches, _schedule(steps), _HYPER, 0)
        return steps

    return work


def naive_work(case: Case, steps: int = 2) -> Callable[[], int]:
    """Return a workload of training steps as one would first write them: a module at a time."""
    data = torch_steps.to_tensors(random_batches(case, steps))
    batches = [Batch(*(part[k] for part in data)) for k in range(steps)]
    model = naive.NaiveNRAM(case.shape, torch.as_tensor(_state(case, 0).theta))

    def work() -> int:
        naive.train(model, batches)
        return steps

    return work


def restarts_work(case: Case, threads: int) -> Callable[[], int]:
    """Return a workload of restarts that share a number of threads."""
    batches = random_batches(case, _RESTART_STEPS)
    pool = ThreadPoolExecutor(threads)

    def restart(seed: int) -> None:
        state = _state(case, seed)
        kernel.train_steps(case.shape, state, batches, _schedule(_RESTART_STEPS), _HYPER, seed)

    def work() -> int:
        list(pool.map(restart, range(_RESTARTS)))
        return _RESTARTS * _RESTART_STEPS

    return work


def random_batches(case: Case, count: int) -> Batch:
    """Return random pairs, arrays (count, B, M): half of the cells scored, all with the full T."""
    random, M = np.random.default_rng(0), case.shape.memory
    cells = (count, case.batch, M)
    tape, target = random.integers(0, M, (2, *cells), dtype=np.int32)
    steps = np.full(cells[:2], case.steps, np.int32)
    return Batch(tape, target, random.random(cells) < 0.5, steps)


def _state(case: Case, seed: int) -> TrainState:
    return TrainState(initial(case.shape, np.random.default_rng(seed)))


def _schedule(count: int) -> Schedule:
    rate: Any = np.full(count, 1e-3, np.float32)
    return Schedule(rate, rate, rate)
