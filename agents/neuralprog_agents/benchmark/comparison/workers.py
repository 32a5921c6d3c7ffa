"""Cells side by side: worker processes here, each one thread wide, or a Ray cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from neuralprog_agents.benchmark.comparison.cells import Record, Settled, measure
from neuralprog_agents.training.pool import RayError, die_with_parent, import_ray, one_thread
from neuralprog_envs.registry import Row, add, own_rows


def measured(cells: Sequence[Settled], workers: int | None, ray: str | None) -> Iterator[Record]:
    """Yield the record of each cell as it is done.

    Args:
        cells: What to measure.
        workers: Processes at once; None takes every core.
        ray: The address of a cluster to use instead.

    Raises:
        RayError: Ray is not installed, or there is no cluster at the address.
    """
    return _on_ray(cells, ray) if ray else _here(cells, workers or os.cpu_count() or 1)


def _enter() -> None:
    """Begin as a worker, which ends with its parent; that decides what Ctrl-C means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent()


def _measure(cell: Settled, tasks: Sequence[Row]) -> Record:
    """Measure a cell in a process that does not know yet what tasks the parent has imported."""
    for row in tasks:
        add(row)
    return measure(cell)


def _here(cells: Sequence[Settled], workers: int) -> Iterator[Record]:
    context = multiprocessing.get_context("spawn")
    made = ProcessPoolExecutor(workers, mp_context=context, initializer=_enter)
    with one_thread(), made as pool:
        futures = [pool.submit(_measure, cell, own_rows()) for cell in cells]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool:
            raise ValueError(
                "a worker process died, perhaps for lack of memory: the same command goes on"
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _on_ray(cells: Sequence[Settled], address: str) -> Iterator[Record]:
    ray: Any = import_ray()
    try:
        ray.init(address=address, ignore_reinit_error=True, log_to_driver=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise RayError(f"no Ray cluster at {address!r}: {error}") from None
    task = ray.remote(num_cpus=1)(_measure)
    waiting = [task.remote(cell, own_rows()) for cell in cells]
    try:
        while waiting:
            [done], waiting = ray.wait(waiting, num_returns=1)
            yield ray.get(done)
    finally:
        ray.shutdown()
