"""Cells side by side: worker processes here, each one thread wide, or a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from neuralprog_agents.benchmark.comparison.cells import ConfiguredCell
from neuralprog_agents.benchmark.comparison.measure import failed, measure
from neuralprog_agents.benchmark.comparison.records import Record
from neuralprog_agents.training.pool import Event, Failed, Finished, Stopped, open_pool

_TICK = 0.2


def measured(
    cells: Sequence[ConfiguredCell],
    folder: Path,
    workers: int | None,
    ray: str | None,
    stop: Callable[[], bool],
) -> Iterator[Record]:
    """Yield the record of each cell as it is done.

    Args:
        cells: What to measure.
        folder: Of work folders, from which interrupted trainings go on.
        workers: Cells at once; None takes every core (or CPU of the cluster).
        ray: The address of a cluster to use instead.
        stop: Asked now and then; once it is true, the trainings under way are left, to go on later.

    Raises:
        RayError: There is no cluster at the address.
    """
    pool = open_pool(partial(_attempt, cells, folder), workers, ray)
    waiting, running = list(reversed(range(len(cells)))), 0
    try:
        while running or (waiting and not stop()):
            while waiting and running < pool.capacity and not stop():
                pool.start(waiting.pop())
                running += 1
            if stop():
                pool.limit(-1)
            for event in pool.poll(_TICK):
                running -= 1
                if isinstance(event, Finished) or not stop():
                    yield _record(cells, event)
    finally:
        pool.close()


def _attempt(
    cells: Sequence[ConfiguredCell],
    folder: Path,
    index: int,
    limit: Callable[[], int],
    _notify: Any,
) -> Event:
    record = measure(cells[index], folder, lambda: limit() < index)
    return Stopped(index) if record is None else Finished(index, record, 0.0)


def _record(cells: Sequence[ConfiguredCell], event: Event) -> Record:
    if isinstance(event, Failed):
        return failed(cells[event.index], event.text)
    record: Record = event.outcome  # type: ignore[union-attr]
    return record
