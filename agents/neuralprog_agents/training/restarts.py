"""Restarts side by side, recorded as they finish, resumable, and the same for any timing.

With ``stop_at_first`` the answer is the success with the lowest index: once restart i has
succeeded, those above it are asked to stop and those below it are finished first. So neither
the number of workers nor their speed can change what comes out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from math import isfinite, isnan, nan
from pathlib import Path
from types import MappingProxyType
from typing import Any

from neuralprog_agents import registry
from neuralprog_agents.agent import Outcome
from neuralprog_agents.training import checkpoint
from neuralprog_agents.training.files import read_json, write_json
from neuralprog_agents.training.interrupts import InterruptError, interruptible
from neuralprog_agents.training.intervals import wilson
from neuralprog_agents.training.metrics import MetricsLog, write_rows
from neuralprog_agents.training.pool import (
    NO_LIMIT,
    Event,
    Failed,
    Finished,
    Pool,
    Reported,
    attempt,
    attempt_elsewhere,
    open_pool,
    restart_folder,
)
from neuralprog_agents.training.schema import structured

_TICK = 0.2
_GRACE = 10.0


class RestartError(RuntimeError):
    """A restart raised an exception: a bug; the message has its traceback."""


class MachineError(RuntimeError):
    """The disk is full, or a process was killed; the message is one line."""


class RecordError(ValueError):
    """A file of an earlier restart is damaged or foreign; the message says which."""


@dataclass(frozen=True)
class RestartResult:
    """How a finished restart went; its weights are in ``result.safetensors``.

    ``pruned`` says whether it was given up early; ``seconds`` is its time from its start to its
    end, kills included.
    """

    index: int
    success: bool
    pruned: bool
    seconds: float
    metrics: dict[str, float]


@dataclass(frozen=True)
class TrainingSummary:
    """What a run of restarts came to.

    ``results`` are the finished ones by index; with ``stop_at_first`` none above the winner, which
    is the lowest index that succeeded.
    """

    results: tuple[RestartResult, ...]
    winner: int | None

    @property
    def tried(self) -> int:
        """How many restarts count."""
        return len(self.results)

    @property
    def succeeded(self) -> int:
        """How many of them succeeded."""
        return sum(result.success for result in self.results)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the success rate."""
        return wilson(self.succeeded, self.tried)

    @property
    def seconds_per_restart(self) -> float:
        """The mean time of a restart."""
        return sum(result.seconds for result in self.results) / max(1, self.tried)

    @property
    def cpu_seconds_per_success(self) -> tuple[float, ...]:
        """For each success, the processor time of it and of the failures since the one before.

        Failures after the last success count nowhere. Empty if the agent does not report
        "cpu_seconds" among a restart's final numbers.
        """
        costs, spent = [], 0.0
        for result in self.results:
            spent += result.metrics.get("cpu_seconds", nan)
            if result.success:
                costs.append(spent)
                spent = 0.0
        return tuple(cost for cost in costs if not isnan(cost))


@dataclass
class Board:
    """What a display shows: how far the restarts are.

    Attributes:
        total: How many are asked for.
        workers: How many run at once.
        running: The latest metrics of those that run, by index.
        started: ``time.monotonic()`` at the beginning.
        resumed: How many had finished before the beginning.
        at_most: Whether the first success ends the work, so that ``total`` is a bound.
        compiling: Whether the first restart still loads or compiles its agent's code: until it
            reports, no other begins, so that it is compiled once.
    """

    total: int
    workers: int
    results: dict[int, RestartResult] = field(default_factory=dict)
    running: dict[int, dict[str, float]] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    resumed: int = 0
    at_most: bool = False
    compiling: bool = False

    @property
    def remaining_seconds(self) -> float | None:
        """An estimate of the time until all are done; None where there is nothing to go by.

        When a success will end the work nobody knows.
        """
        times = [result.seconds for result in self.results.values()]
        if not times or self.at_most:
            return None
        begun = sum(metrics.get("progress", 0.0) for metrics in self.running.values())
        left = self.total - len(times) - begun
        return max(0.0, left) * sum(times) / len(times) / self.workers


Show = Callable[[Board], None]


def run_restarts(
    agent: str,
    config: Any,
    indices: Iterable[int],
    folder: Path,
    workers: int | None = None,
    stop_at_first: bool = False,
    ray: str | None = None,
    show: Show | None = None,
) -> TrainingSummary:
    """Run the restarts of an agent's config that are not finished yet.

    Restart i works in ``restarts/`` of the run's folder and is recorded there. ``workers`` run at
    once; None takes every core, or every CPU of the Ray cluster at the address ``ray``. With
    ``stop_at_first`` it ends with the lowest index that succeeds. ``show`` is called about five
    times a second.

    Raises:
        RestartError: A restart raised an exception; the others were asked to stop.
        MachineError: The disk is full, or a worker was killed; likewise.
        InterruptError: Ctrl-C or SIGTERM came; the workers have ended.
        RecordError: A record or a checkpoint in the folder is damaged.
        RayError: Ray or its cluster is not there.
    """
    wanted = sorted(set(indices))
    board = Board(
        len(wanted),
        workers or 1,
        _recorded(folder, wanted),
        at_most=stop_at_first,
        compiling=getattr(registry.find(agent), "COMPILED", False),
    )
    board.resumed = len(board.results)
    run = _Run(folder, board, [i for i in wanted if i not in board.results], stop_at_first)
    if run.unfinished():
        here = partial(attempt, agent, config, folder)
        work = here if ray is None else partial(attempt_elsewhere, agent, config)
        pool = open_pool(work, workers, ray)
        board.workers = pool.capacity
        _drive(run, pool, show)
    _write_table(folder, board.results)
    return _summary(board.results, stop_at_first)


_ERRORS: Mapping[str, type[Exception]] = MappingProxyType(
    {"bug": RestartError, "checkpoint": RecordError, "machine": MachineError}
)


@dataclass
class _Run:
    """The schedule: what waits, and what of it still matters."""

    folder: Path
    board: Board
    waiting: list[int]
    stop_at_first: bool

    @property
    def highest(self) -> int:
        """The restarts above this one no longer matter."""
        good = [result.index for result in self.board.results.values() if result.success]
        return min(good) if good and self.stop_at_first else NO_LIMIT

    def next(self) -> int | None:
        """Return the next restart to start, None if none is left that matters."""
        return self.waiting[0] if self.waiting and self.waiting[0] < self.highest else None

    def unfinished(self) -> bool:
        """Return whether anything runs or waits that matters."""
        runs = any(index < self.highest for index in self.board.running)
        return runs or self.next() is not None

    def handle(self, event: Event) -> None:
        """Take note of an event; raise RestartError if a restart failed."""
        self.board.compiling = False
        if isinstance(event, Reported):
            self.board.running[event.index] = event.metrics
            return
        self.board.running.pop(event.index, None)
        if isinstance(event, Finished):
            self.board.results[event.index] = record(self.folder, event)
        if isinstance(event, Failed) and event.index < self.highest:
            raise _ERRORS[event.kind](f"restart {event.index} failed: {event.text}")


def _drive(run: _Run, pool: Pool, show: Show | None) -> None:
    """Keep the pool busy until the schedule is through."""
    with interruptible("the restarts under way save their state") as interrupted:
        try:
            while run.unfinished():
                if interrupted.is_set():
                    raise InterruptError
                _advance(run, pool, show)
        except BaseException:
            _wind_up(run, pool)
            raise
        finally:
            pool.close()


def _advance(run: _Run, pool: Pool, show: Show | None) -> None:
    """Start what there is room for, and take in what has happened."""
    room = 1 if run.board.compiling else pool.capacity
    while len(run.board.running) < room and (index := run.next()) is not None:
        pool.start(index)
        run.waiting.pop(0)
        run.board.running[index] = {}
    for event in pool.poll(_TICK):
        run.handle(event)
    pool.limit(run.highest)
    if show:
        show(run.board)


def _wind_up(run: _Run, pool: Pool) -> None:
    """Let the running restarts save their checkpoints and leave, for a while."""
    pool.limit(-1)
    deadline = time.monotonic() + _GRACE
    while run.board.running and time.monotonic() < deadline:
        for event in pool.poll(_TICK):
            if not isinstance(event, Failed):
                run.handle(event)
            else:
                run.board.running.pop(event.index, None)


def record(folder: Path, event: Finished) -> RestartResult:
    """Write a finished restart down: its program, then ``result.json``, which makes it count."""
    place, outcome = restart_folder(folder, event.index), event.outcome
    place.mkdir(parents=True, exist_ok=True)
    if event.rows:
        with closing(MetricsLog(place)) as log:
            for row in event.rows:
                log.write(row)
    checkpoint.save(place / "result.safetensors", "outcome", outcome.tensors, outcome.card)
    result = {
        "index": event.index,
        "success": bool(outcome.success),
        "pruned": bool(outcome.pruned),
        "seconds": round(event.seconds, 3),
        "metrics": {k: float(v) if isfinite(v) else None for k, v in outcome.metrics.items()},
    }
    write_json(place / "result.json", result)
    return _as_result(result)


def _as_result(record: Any) -> RestartResult:
    plain = structured(dict[str, Any], record)
    found = structured(dict[str, float | None], plain.get("metrics"))
    metrics = {name: nan if value is None else value for name, value in found.items()}
    return structured(RestartResult, {**plain, "metrics": metrics})


def _recorded(folder: Path, indices: list[int]) -> dict[int, RestartResult]:
    """Return the restarts that have finished before."""
    found = {}
    for index in indices:
        path = restart_folder(folder, index) / "result.json"
        if path.exists():
            found[index] = _read_result(path, index)
    return found


def _read_result(path: Path, index: int) -> RestartResult:
    try:
        result = _as_result(read_json(path))
    except ValueError:
        raise RecordError(f"{path}: not a record of a restart; delete it to repeat it") from None
    if result.index != index:
        raise RecordError(
            f"{path}: is the record of restart {result.index}; delete it to repeat it"
        )
    return result


def read_outcome(folder: Path, result: RestartResult) -> Outcome:
    """Return a recorded restart's outcome.

    Raises:
        CheckpointError: Its file is missing or damaged.
    """
    path = restart_folder(folder, result.index) / "result.safetensors"
    tensors, card = checkpoint.load(path, "outcome")
    return Outcome(result.success, result.metrics, tensors, card, result.pruned)


def _write_table(folder: Path, results: dict[int, RestartResult]) -> None:
    """Write the run's ``metrics.csv``: one row a restart."""
    ordered = [results[index] for index in sorted(results)]
    names = list(dict.fromkeys(name for result in ordered for name in result.metrics))
    rows = [
        {
            "restart": str(result.index),
            "success": str(int(result.success)),
            "pruned": str(int(result.pruned)),
            "seconds": f"{result.seconds:.3f}",
            **{name: f"{value:.9g}" for name, value in result.metrics.items()},
        }
        for result in ordered
    ]
    write_rows(folder / "metrics.csv", ["restart", "success", "pruned", "seconds", *names], rows)


def _summary(results: dict[int, RestartResult], stop_at_first: bool) -> TrainingSummary:
    ordered = [results[index] for index in sorted(results)]
    good = [result.index for result in ordered if result.success]
    winner = good[0] if good else None
    if stop_at_first and winner is not None:
        ordered = [result for result in ordered if result.index <= winner]
    return TrainingSummary(tuple(ordered), winner)
