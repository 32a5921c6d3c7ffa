"""Processor time: what a restart has cost, on however busy a machine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class CpuClock:
    """Counts the CPU-seconds of this process, its threads and its children, from now on."""

    def __init__(self) -> None:
        self._start = cpu_seconds()

    def spent(self) -> float:
        """Return the CPU-seconds so far."""
        return cpu_seconds() - self._start

    def add(self, seconds: float) -> None:
        """Count CPU-seconds that were spent before, by a process that is gone."""
        self._start -= seconds

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Do not count what is spent within."""
        begun = cpu_seconds()
        try:
            yield
        finally:
            self._start += cpu_seconds() - begun


_excluded = 0.0


def exclude(seconds: float) -> None:
    """Keep processor time that this process has spent off all clocks: that of compiling."""
    global _excluded
    _excluded += seconds


def cpu_seconds() -> float:
    """Return the processor time of this process, its threads and its children, less ``exclude``.

    Where there is no ``/proc``, a child counts when it has ended and was waited for.
    """
    times = os.times()
    children = times.children_user + times.children_system + _children("self")
    return time.process_time() + children - _excluded


def _children(process: str) -> float:
    """Return the processor time of the children that have not been waited for yet."""
    return sum(
        _ticks(child) / os.sysconf("SC_CLK_TCK") + _children(child)
        for thread in Path(f"/proc/{process}/task").glob("*/children")
        for child in _read(thread).split()
    )


def _ticks(process: str) -> int:
    """Return the clock ticks of a process and of those of its children that have ended."""
    fields = _read(Path(f"/proc/{process}/stat")).rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime: see proc(5)


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text()
    return ""
