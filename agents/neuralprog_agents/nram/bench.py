"""Speed of training: naive torch, closed-form torch and the compiled kernel, in one run.

One thread. Times are CPU seconds of the process; the best of a few repetitions counts, for
each contestant alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from neuralprog_agents.nram import kernel, naive, torch_steps
from neuralprog_agents.nram.records import Batch, Hyper, Schedule, TrainState
from neuralprog_agents.nram.shape import Shape, initial


@dataclass(frozen=True)
class Case:
    """A shape of machine, a batch size and a time limit."""

    shape: Shape
    batch: int
    steps: int = 10

    def __str__(self) -> str:
        s = self.shape
        layers = f" x{s.layers}" if s.controller == "mlp" else ""
        return (
            f"{s.controller} {s.hidden}{layers}, B={self.batch} R={s.registers} "
            f"M={s.memory} T={self.steps}"
        )


CASES = tuple(
    Case(replace(controller, registers=R, memory=M), B)
    for controller in (Shape(1, 3, layers=1), Shape(1, 3), Shape(1, 3, controller="lstm"))
    for B, R, M in ((32, 3, 10), (128, 3, 10), (32, 4, 16))
)


def random_batches(case: Case, count: int, seed: int = 0) -> Batch:
    """Random pairs (count, B, ...), half of the cells scored, all with the full time."""
    rng, M = np.random.default_rng(seed), case.shape.memory
    cells = (count, case.batch, M)
    tape, target = rng.integers(0, M, cells), rng.integers(0, M, cells)
    steps = np.full(cells[:2], case.steps, np.int32)
    return Batch(tape.astype(np.int32), target.astype(np.int32), rng.random(cells) < 0.5, steps)


def _rate(run: Callable[[], Any], steps: int, repetitions: int) -> float:
    """Steps per CPU-second, the best of some repetitions after a warm-up."""
    run()
    best = np.inf
    for _ in range(repetitions):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return steps / best


def _schedule(count: int) -> Schedule:
    return Schedule(np.full(count, 1e-3), np.full(count, 1e-3), np.full(count, 1e-3))


def kernel_rate(case: Case, steps: int = 200, repetitions: int = 3) -> float:
    """Training steps per CPU-second of the compiled kernel."""
    batches, hyper = random_batches(case, steps), Hyper(1.0, 1.0)
    state = TrainState(initial(case.shape, np.random.default_rng(0)))
    schedule = _schedule(steps)
    return _rate(
        lambda: kernel.train_steps(case.shape, state, batches, schedule, hyper, 0),
        steps,
        repetitions,
    )


def torch_rate(case: Case, steps: int = 4, repetitions: int = 3) -> float:
    """Training steps per CPU-second of the closed forms in torch."""
    batches, hyper = random_batches(case, steps), Hyper(1.0, 1.0)
    state = TrainState(initial(case.shape, np.random.default_rng(0)))
    schedule = _schedule(steps)
    return _rate(
        lambda: torch_steps.train_steps(case.shape, state, batches, schedule, hyper, 0),
        steps,
        repetitions,
    )


def naive_rate(case: Case, steps: int = 4, repetitions: int = 3) -> float:
    """Training steps per CPU-second of module-at-a-time torch."""
    data = torch_steps.to_tensors(random_batches(case, steps), "cpu")
    batches = [Batch(*(part[k] for part in data)) for k in range(steps)]
    theta = torch.as_tensor(initial(case.shape, np.random.default_rng(0)))
    model = naive.NaiveNRAM(case.shape, theta)
    return _rate(lambda: naive.train(model, batches), steps, repetitions)


def measure(cases: Sequence[Case] = CASES, repetitions: int = 3) -> list[dict[str, Any]]:
    """One row for each case: rates in training steps per CPU-second, and ratios to naive."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [_row(case, repetitions) for case in cases]
    finally:
        torch.set_num_threads(threads)


def _row(case: Case, repetitions: int) -> dict[str, Any]:
    slow = naive_rate(case, repetitions=repetitions)
    closed = torch_rate(case, repetitions=repetitions)
    fast = kernel_rate(case, repetitions=repetitions)
    return {
        "case": str(case), **asdict(case.shape), "batch": case.batch, "steps": case.steps,
        "naive": slow, "closed_forms": closed, "kernel": fast,
        "closed_forms_ratio": closed / slow, "kernel_ratio": fast / slow,
    }  # fmt: skip


def measure_threads(
    case: Case = CASES[0], restarts: int = 8, steps: int = 400, threads: int = 2
) -> dict[str, Any]:
    """Restarts on one and on several threads: restart-steps per second of wall clock."""
    batches, schedule = random_batches(case, steps), _schedule(steps)

    def restart(seed: int) -> None:
        state = TrainState(initial(case.shape, np.random.default_rng(seed)))
        kernel.train_steps(case.shape, state, batches, schedule, Hyper(1.0, 1.0), seed)

    def rate(workers: int) -> float:
        with ThreadPoolExecutor(workers) as pool:
            start = time.perf_counter()
            list(pool.map(restart, range(restarts)))
            return restarts * steps / (time.perf_counter() - start)

    restart(0)
    one, several = rate(1), rate(threads)
    return {
        "case": str(case), "threads": threads, "restarts": restarts, "one_thread": one,
        "threads_rate": several, "speedup": several / one,
    }  # fmt: skip


if __name__ == "__main__":
    for row in measure():
        print(
            f"{row['case']:36} naive {row['naive']:7.1f}  closed forms "
            f"{row['closed_forms']:7.1f} ({row['closed_forms_ratio']:.1f}x)  kernel "
            f"{row['kernel']:7.0f} ({row['kernel_ratio']:.0f}x)",
            flush=True,
        )
    print(measure_threads())
