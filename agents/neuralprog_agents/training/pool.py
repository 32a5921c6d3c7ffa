"""Where work runs side by side: worker processes here, one thread each, or a Ray cluster."""

from __future__ import annotations

import ctypes
import errno
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, Protocol

from neuralprog_agents import registry
from neuralprog_agents.training.checkpoint import CheckpointError
from neuralprog_agents.training.files import locked, naming
from neuralprog_agents.training.loop import restart
from neuralprog_agents.training.metrics import MetricsLog
from neuralprog_envs.registry import Row, add, own_rows

NO_LIMIT = 2**31 - 1
_REPORT_EVERY = 0.2
_THREADS = ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "NUMBA", "VECLIB")
_SLOW_TO_LEAVE = 30.0
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
"""Errors of a disk that is full or broken."""


@dataclass(frozen=True)
class Reported:
    """A restart's latest metrics."""

    index: int
    metrics: dict[str, float]


@dataclass(frozen=True)
class Finished:
    """A restart came to its end, after ``seconds`` of work.

    ``outcome`` is an ``Outcome`` (of a cell of the comparison, its record); ``rows`` are its
    metrics, where they are not written here already.
    """

    index: int
    outcome: Any
    seconds: float
    rows: Sequence[dict[str, float]] = ()


@dataclass(frozen=True)
class Stopped:
    """A restart stopped early on request; it can go on from its checkpoint."""

    index: int


@dataclass(frozen=True)
class Failed:
    """A restart raised an exception, or its process died.

    ``text`` says what happened, in one line, but for a bug it is the traceback. ``kind`` is what is
    to blame: a bug, a damaged checkpoint, or the machine.
    """

    index: int
    text: str
    kind: Literal["bug", "checkpoint", "machine"] = "bug"


Event = Reported | Finished | Stopped | Failed
Notify = Callable[[Event], None]
Attempt = Callable[[int, Callable[[], int], Notify], Event]
"""Does one piece of work, given its index, a look at the pool's ``limit``, and a function to call
with the events meanwhile; picklable, for it runs in other processes."""


class RayError(ValueError):
    """There is no cluster at the address."""


class Pool(Protocol):
    """Does pieces of work at the same time, each known by its index."""

    capacity: int
    """How many run at once."""

    def start(self, index: int) -> None:
        """Begin a piece of work; fewer than ``capacity`` are running."""

    def poll(self, seconds: float) -> list[Event]:
        """Return what has happened, after ``seconds`` at most."""

    def limit(self, highest: int) -> None:
        """Ask the work above ``highest`` to stop; -1 stops all."""

    def close(self) -> None:
        """End every worker, now."""


def open_pool(work: Attempt, workers: int | None, ray: str | None) -> Pool:
    """Return a pool: of this machine's processes, or of the Ray cluster at an address.

    Without a number of workers, every core works, or every CPU of the cluster.

    Raises:
        RayError: There is no cluster at the address.
    """
    return LocalPool(work, workers or _cores()) if ray is None else RayPool(work, ray, workers)


def _cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def restart_folder(run: Path, index: int) -> Path:
    """Return the folder of one restart."""
    return run / "restarts" / f"{index:04d}"


def attempt(
    agent: str, config: Any, folder: Path, index: int, limit: Callable[[], int], notify: Notify
) -> Event:
    """Do one restart of the run in a folder, in this process; errors become events.

    ``limit`` is asked now and then: below ``index`` it ends the restart early. ``notify`` takes the
    reports.
    """
    try:
        return _work(agent, config, folder, index, limit, notify)
    except CheckpointError as error:
        return Failed(index, str(error), "checkpoint")
    except MemoryError as error:
        return Failed(index, f"out of memory ({error}): take fewer --workers", "machine")
    except OSError as error:
        if error.errno not in _FULL:
            return Failed(index, traceback.format_exc())
        return Failed(index, f"{error.filename}: {error.strerror}", "machine")
    except Exception:
        return Failed(index, traceback.format_exc())


def _work(
    agent: str, config: Any, run: Path, index: int, limit: Callable[[], int], notify: Notify
) -> Finished | Stopped:
    folder = restart_folder(run, index)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / ".lock", patience=_SLOW_TO_LEAVE), closing(MetricsLog(folder)) as log:
        stopped, reported_at = False, -_REPORT_EVERY

        def stop() -> bool:
            nonlocal stopped
            stopped = stopped or index > limit()
            return stopped

        def report(metrics: Mapping[str, float]) -> None:
            nonlocal reported_at
            log.write(metrics)
            if time.monotonic() - reported_at >= _REPORT_EVERY:
                reported_at = time.monotonic()
                notify(Reported(index, {name: float(value) for name, value in metrics.items()}))

        outcome = restart(registry.find(agent), config, index, folder, report, stop)
        seconds = log.seconds()
    return Stopped(index) if stopped else Finished(index, outcome, seconds)


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    index: int | None = None


@dataclass
class LocalPool:
    """Worker processes on this machine, started when first needed.

    A worker does one piece of work after another. It ends with its parent, however that ends.
    """

    attempt: Attempt
    capacity: int
    _workers: list[_Worker] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._work = partial(_knowing, own_rows(), self.attempt)
        self._context = multiprocessing.get_context("spawn")
        with naming(Path(tempfile.gettempdir())):
            self._highest = self._context.Value("i", NO_LIMIT, lock=False)

    def start(self, index: int) -> None:
        """Give a piece of work to an idle worker, a new one if there is none."""
        idle = [worker for worker in self._workers if worker.index is None]
        worker = idle[0] if idle else self._hire()
        worker.index = index
        with suppress(OSError):  # a dead worker shows up in the next poll
            worker.pipe.send(index)

    def _hire(self) -> _Worker:
        here, there = self._context.Pipe()
        process = self._context.Process(
            target=_serve, args=(there, self._highest, self._work), daemon=True
        )
        with one_thread():
            process.start()
        there.close()
        worker = _Worker(process, here)
        self._workers.append(worker)
        return worker

    def poll(self, seconds: float) -> list[Event]:
        """Collect the workers' messages."""
        pipes = {worker.pipe: worker for worker in self._workers}
        if not pipes:
            return []
        ready = multiprocessing.connection.wait(list(pipes), seconds)
        return [event for pipe in ready for event in self._receive(pipes[pipe])]  # type: ignore[index]

    def _receive(self, worker: _Worker) -> list[Event]:
        try:
            event: Event = worker.pipe.recv()
        except (EOFError, OSError):
            return self._bury(worker)
        if not isinstance(event, Reported):
            worker.index = None
        return [event]

    def _bury(self, worker: _Worker) -> list[Event]:
        self._workers.remove(worker)
        worker.process.join(5)
        if worker.index is None:
            return []
        return [Failed(worker.index, _death(worker.process.exitcode), "machine")]

    def limit(self, highest: int) -> None:
        """Lower the shared mark that every worker's ``stop`` looks at."""
        self._highest.value = highest

    def close(self) -> None:
        """Kill the workers; their checkpoints stay."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()
        self._workers.clear()


def _knowing(
    rows: Sequence[Row], attempt: Attempt, index: int, limit: Callable[[], int], notify: Notify
) -> Event:
    """Do a piece of work in a process that is to know the tasks that its parent has imported."""
    for row in rows:
        add(row)
    return attempt(index, limit, notify)


def _death(status: int | None) -> str:
    if status is None or status >= 0:
        return f"its process ended with exit status {status}"
    name = signal.Signals(-status).name
    why = ", perhaps for lack of memory: take fewer --workers" if name == "SIGKILL" else ""
    return f"its process was killed ({name}{why})"


@contextmanager
def one_thread() -> Iterator[None]:
    """Let processes that start here use one thread each: restarts fill the cores, not threads."""
    wanted = {f"{library}_NUM_THREADS": "1" for library in _THREADS}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _serve(pipe: Connection, highest: Any, attempt: Attempt) -> None:
    """Be a worker: do the work that comes through the pipe until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with_parent()
    with suppress(EOFError, OSError):
        while True:
            pipe.send(attempt(int(pipe.recv()), lambda: int(highest.value), pipe.send))


def die_with_parent() -> None:
    """End this process when its parent is gone, so that a resumed run has the folder alone."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


@dataclass
class RayPool:
    """Tasks on a Ray cluster; what they find comes back by value."""

    attempt: Attempt
    address: str
    workers: int | None = None

    def __post_init__(self) -> None:
        self._ray = connect(self.address)
        work = partial(_knowing, own_rows(), self.attempt)

        def task(index: int) -> Event:
            return work(index, lambda: NO_LIMIT, lambda event: None)

        self._task = self._ray.remote(num_cpus=1, max_retries=3)(task)
        self._running: dict[Any, int] = {}
        self.capacity = self.workers or int(self._ray.cluster_resources().get("CPU", 1))

    def start(self, index: int) -> None:
        """Submit a piece of work."""
        self._running[self._task.remote(index)] = index

    def poll(self, seconds: float) -> list[Event]:
        """Fetch the tasks that are done."""
        if not self._running:
            return []
        ready, _ = self._ray.wait(list(self._running), num_returns=1, timeout=seconds)
        return [self._fetch(task) for task in ready]

    def _fetch(self, task: Any) -> Event:
        index = self._running.pop(task)
        try:
            event: Event = self._ray.get(task)
        except Exception as error:
            return Failed(index, str(error))
        return event

    def limit(self, highest: int) -> None:
        """Cancel the tasks above ``highest``."""
        for task, index in self._running.items():
            if index > highest:
                self._ray.cancel(task, force=True)

    def close(self) -> None:
        """Cancel what runs and leave the cluster."""
        self.limit(-1)
        self._running.clear()
        self._ray.shutdown()


def connect(address: str) -> Any:
    """Return the module ``ray``, connected to a cluster.

    Raises:
        RayError: There is no cluster at the address.
    """
    import ray

    try:
        ray.init(address=address, ignore_reinit_error=True, log_to_driver=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise RayError(f"no Ray cluster at {address!r}: {error}") from None
    return ray


def attempt_elsewhere(agent: str, config: Any, index: int, _limit: Any, _notify: Any) -> Event:
    """Do one restart on a machine of a cluster, in a folder of its own, from its beginning."""
    rows: list[dict[str, float]] = []

    def keep(event: Event) -> None:
        if isinstance(event, Reported):
            rows.append(event.metrics)

    with tempfile.TemporaryDirectory() as folder:
        event = attempt(agent, config, Path(folder), index, lambda: NO_LIMIT, keep)
    return replace(event, rows=rows) if isinstance(event, Finished) else event
