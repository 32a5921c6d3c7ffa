"""Cells side by side: worker processes here, each one thread wide, or a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from neuralprog_agents.benchmark.comparison.cells import ConfiguredCell, Record, failed, measure
from neuralprog_agents.training.pool import Event, Failed, Finished, open_pool

_TICK = 0.2


def measured(
    cells: Sequence[ConfiguredCell], workers: int | None, ray: str | None, stop: Callable[[], bool]
) -> Iterator[Record]:
    """Yield the record of each cell as it is done.

    Args:
        cells: What to measure.
        workers: Cells at once; None takes every core (or CPU of the cluster).
        ray: The address of a cluster to use instead.
        stop: Asked now and then; once it is true, no further cell begins.

    Raises:
        RayError: There is no cluster at the address.
    """
    pool = open_pool(partial(_attempt, cells), workers, ray)
    waiting, running = list(reversed(range(len(cells)))), 0
    try:
        while running or (waiting and not stop()):
            while waiting and running < pool.capacity and not stop():
                pool.start(waiting.pop())
                running += 1
            for event in pool.poll(_TICK):
                running -= 1
                yield _record(cells, event)
    finally:
        pool.close()


def _attempt(cells: Sequence[ConfiguredCell], index: int, _limit: Any, _notify: Any) -> Event:
    return Finished(index, measure(cells[index]), 0.0)


def _record(cells: Sequence[ConfiguredCell], event: Event) -> Record:
    if isinstance(event, Failed):
        return failed(cells[event.index], event.text)
    record: Record = event.outcome  # type: ignore[union-attr]
    return record
