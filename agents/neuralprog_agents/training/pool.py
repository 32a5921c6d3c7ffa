"""Where restarts run: worker processes here, each one thread wide, or a Ray cluster."""

from __future__ import annotations

import ctypes
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from neuralprog_agents import registry
from neuralprog_agents.agent import Outcome, Report
from neuralprog_agents.training.checkpoint import CheckpointError
from neuralprog_agents.training.files import locked
from neuralprog_agents.training.loop import restart
from neuralprog_agents.training.metrics import MetricsLog
from neuralprog_envs.registry import Row, add, own_rows

NO_LIMIT = 2**31 - 1
_REPORT_EVERY = 0.2
_THREADS = ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "NUMBA", "VECLIB")
_SLOW_TO_LEAVE = 30.0


@dataclass(frozen=True)
class Reported:
    """A restart's latest metrics."""

    index: int
    metrics: dict[str, float]


@dataclass(frozen=True)
class Finished:
    """A restart came to its end, ``seconds`` of work after its start."""

    index: int
    outcome: Outcome
    seconds: float


@dataclass(frozen=True)
class Stopped:
    """A restart left early because it was told to; it can go on from its checkpoint."""

    index: int


@dataclass(frozen=True)
class Failed:
    """A restart raised an exception, or its process died.

    Attributes:
        index: Which.
        text: What happened, in full.
        refused: Whether it refused its checkpoint, rather than break.
    """

    index: int
    text: str
    refused: bool = False


Event = Reported | Finished | Stopped | Failed


@dataclass(frozen=True)
class Job:
    """What every restart of a run has in common, with the tasks that this process has imported."""

    agent: str
    config: Any
    folder: Path
    tasks: tuple[Row, ...] = field(default_factory=own_rows)


class RayError(ValueError):
    """Ray is not installed, or there is no cluster at the address."""


class Pool(Protocol):
    """Runs restarts at the same time."""

    capacity: int
    """How many run at once."""

    def start(self, index: int) -> None:
        """Begin a restart; fewer than ``capacity`` are running."""

    def poll(self, seconds: float) -> list[Event]:
        """Return what has happened, after ``seconds`` at most."""

    def limit(self, highest: int) -> None:
        """Tell the restarts above ``highest`` to stop; -1 stops all."""

    def close(self) -> None:
        """End every worker, now."""


def restart_folder(run: Path, index: int) -> Path:
    """Return the folder of one restart."""
    return run / "restarts" / f"{index:04d}"


def work(
    job: Job, index: int, allowed: Callable[[], bool], tell: Callable[[Event], None]
) -> Finished | Stopped:
    """Do one restart in this process.

    Args:
        job: Agent, config and the run's folder.
        index: Which restart.
        allowed: Asked by the agent now and then; False ends the restart early.
        tell: Takes the reports.
    """
    for row in job.tasks:
        add(row)
    folder = restart_folder(job.folder, index)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / ".lock", patience=_SLOW_TO_LEAVE):
        log = MetricsLog(folder)
        told_to_stop = False

        def stop() -> bool:
            nonlocal told_to_stop
            told_to_stop = told_to_stop or not allowed()
            return told_to_stop

        report = _both(log.write, _throttled(index, tell))
        try:
            agent = registry.find(job.agent)
            outcome = restart(agent, job.config, index, folder, report, stop)
            seconds = log.seconds()
        finally:
            log.close()
    return Stopped(index) if told_to_stop else Finished(index, outcome, seconds)


def _both(first: Report, second: Report) -> Report:
    def report(metrics: Mapping[str, float]) -> None:
        first(metrics)
        second(metrics)

    return report


def _throttled(index: int, tell: Callable[[Event], None]) -> Report:
    last = -_REPORT_EVERY

    def report(metrics: Mapping[str, float]) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _REPORT_EVERY:
            last = now
            tell(Reported(index, {name: float(value) for name, value in metrics.items()}))

    return report


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    index: int | None = None


@dataclass
class LocalPool:
    """Worker processes on this machine, started when first needed.

    A worker runs restarts one after another. It ends with its parent, however that ends.
    """

    job: Job
    capacity: int
    _workers: list[_Worker] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._highest = self._context.Value("i", NO_LIMIT, lock=False)

    def start(self, index: int) -> None:
        """Give a restart to an idle worker, a new one if there is none."""
        idle = [worker for worker in self._workers if worker.index is None]
        worker = idle[0] if idle else self._hire()
        worker.index = index
        with suppress(OSError):  # a dead worker shows up in the next poll
            worker.pipe.send(index)

    def _hire(self) -> _Worker:
        here, there = self._context.Pipe()
        process = self._context.Process(
            target=_serve, args=(there, self._highest, self.job), daemon=True
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
        return [Failed(worker.index, f"its process died ({_cause(worker.process.exitcode)})")]

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


def _cause(status: int | None) -> str:
    if status is None or status >= 0:
        return f"exit status {status}"
    name = signal.Signals(-status).name
    return f"{name}, perhaps for lack of memory" if name == "SIGKILL" else name


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


def _serve(pipe: Connection, highest: Any, job: Job) -> None:
    """Be a worker: do the restarts that come through the pipe until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with_parent()
    with suppress(EOFError, OSError):
        while True:
            pipe.send(_attempt(job, int(pipe.recv()), highest, pipe.send))


def _attempt(job: Job, index: int, highest: Any, tell: Callable[[Event], None]) -> Event:
    try:
        return work(job, index, lambda: index <= highest.value, tell)
    except CheckpointError as error:
        return Failed(index, str(error), refused=True)
    except Exception:
        return Failed(index, traceback.format_exc())


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
    """Tasks on a Ray cluster; what they find comes back by value and is written here.

    A task works in a folder of its own machine, so an interrupted one begins again.

    Args:
        job: Agent, config, run folder.
        address: "auto", or the head's address.
        workers: Tasks at once; None takes the cluster's CPUs.

    Raises:
        RayError: Ray is not installed, or there is no cluster at the address.
    """

    job: Job
    address: str
    workers: int | None = None

    def __post_init__(self) -> None:
        self._ray = import_ray()
        try:
            self._ray.init(address=self.address, ignore_reinit_error=True, log_to_driver=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise RayError(f"no Ray cluster at {self.address!r}: {error}") from None
        self._task = self._ray.remote(num_cpus=1, max_retries=3)(_remote_work)
        self._running: dict[Any, int] = {}
        self.capacity = self.workers or int(self._ray.cluster_resources().get("CPU", 1))

    def start(self, index: int) -> None:
        """Submit a restart."""
        self._running[self._task.remote(self.job, index)] = index

    def poll(self, seconds: float) -> list[Event]:
        """Fetch the tasks that are done."""
        if not self._running:
            return []
        ready, _ = self._ray.wait(list(self._running), num_returns=1, timeout=seconds)
        return [self._fetch(task) for task in ready]

    def _fetch(self, task: Any) -> Event:
        index = self._running.pop(task)
        try:
            event, rows = self._ray.get(task)
        except Exception as error:
            return Failed(index, str(error))
        folder = restart_folder(self.job.folder, index)
        folder.mkdir(parents=True, exist_ok=True)
        log = MetricsLog(folder)
        for row in rows:
            log.write(row)
        log.close()
        return event  # type: ignore[no-any-return]

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


def import_ray() -> Any:
    """Return the module ``ray``; raise RayError if it is not installed."""
    try:
        import ray
    except ImportError:
        raise RayError(
            "Ray is not installed: pip install 'neuralprog[sweep]', or leave out --ray"
        ) from None
    return ray


def _remote_work(job: Job, index: int) -> tuple[Event, Sequence[dict[str, float]]]:
    """Do one restart on a machine of the cluster; return its end and its metrics."""
    import tempfile

    rows: list[dict[str, float]] = []

    def tell(event: Event) -> None:
        if isinstance(event, Reported):
            rows.append(event.metrics)

    with tempfile.TemporaryDirectory() as folder:
        return work(replace(job, folder=Path(folder)), index, lambda: True, tell), rows
