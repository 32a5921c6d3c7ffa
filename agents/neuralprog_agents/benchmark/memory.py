"""How much memory a training takes, and a comparison of many, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from neuralprog_agents import registry
from neuralprog_agents.benchmark.comparison import main as comparison
from neuralprog_agents.benchmark.comparison.cells import Cell, ConfiguredCell, configure
from neuralprog_agents.benchmark.comparison.log import Log
from neuralprog_agents.benchmark.comparison.measure import measure as measure_cell
from neuralprog_agents.benchmark.comparison.plan import FULL
from neuralprog_agents.training.loop import restart
from neuralprog_agents.training.pool import one_thread
from neuralprog_envs.registry import find

_SECONDS, _QUICK_SECONDS = 3.0, 0.5
_QUICK = 2
"""Cells of a quick look."""


@dataclass(frozen=True)
class PeakMemory:
    """MB of memory at the peak of a process that trains an agent, as the comparison does.

    Attributes:
        entrant: Of the comparison.
        env_id: The task.
        loaded: When the agent's code is imported.
        training: Of one training.
        worker: Of a worker of the comparison, which judges and scores it too.
    """

    entrant: str
    env_id: str
    loaded: float
    training: float
    worker: float

    def __str__(self) -> str:
        """A line of a table in Markdown."""
        peaks = f"{self.loaded:,.0f} | {self.training:,.0f} | {self.worker:,.0f}"
        return f"| {self.entrant} | {self.env_id} | {peaks} |"


@dataclass(frozen=True)
class Memories:
    """What is measured.

    Attributes:
        rows: For each cell.
        seconds: The CPU-seconds of a training.
        command: MB that the comparison takes without its workers; None where no log of one is.
    """

    rows: list[PeakMemory]
    seconds: float
    command: float | None


def measure(quick: bool, log: Path) -> Memories:
    """Measure the first entrant of every agent in each family; ``quick`` measures two.

    ``log`` is that of a comparison, which is reported where it has anything to report.

    Raises:
        ValueError: It is no log.
    """
    reported = any(map(Log(log).measured, FULL.every))  # before the minutes of measuring
    chosen, seconds = (_QUICK, _QUICK_SECONDS) if quick else (None, _SECONDS)
    rows = [alone(_peaks, configure(cell, seconds)) for cell in islice(cells(), chosen)]
    return Memories(rows, seconds, alone(_report, log) if reported else None)


def cells() -> Iterator[Cell]:
    """Yield a cell of every agent in each family."""
    found = set()
    for each in FULL.every:
        kind = each.cell.who.agent, find(each.cell.env).family
        if each.trained and kind not in found:
            found.add(kind)
            yield each.cell


def alone(function: Callable[..., Any], *given: Any) -> Any:
    """Return what a function returns in a new process of one thread."""
    context = multiprocessing.get_context("spawn")
    with one_thread(), ProcessPoolExecutor(1, context) as pool:
        return pool.submit(function, *given).result()


def _peaks(configured: ConfiguredCell) -> PeakMemory:
    module = registry.find(configured.cell.who.agent)
    loaded = peak()
    with tempfile.TemporaryDirectory() as folder:
        restart(module, configured.config, 0, Path(folder, "alone"), budget=configured.seconds)
        training = peak()
        measure_cell(configured, Path(folder))
    return PeakMemory(configured.cell.entrant, configured.cell.env, loaded, training, peak())


def _report(log: Path) -> float:
    """Report what a log has; return the peak. The command then holds all records, and draws."""
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere:
        shutil.copy(log, folder)
        with redirect_stdout(nowhere), redirect_stderr(nowhere):
            comparison.main(report=True, output=Path(folder))
    return peak()


def peak() -> float:
    """Return the MB of memory that this process has had at most so far.

    /proc is read because ``getrusage`` also counts what the starting process had.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
