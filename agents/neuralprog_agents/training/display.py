"""How far the restarts are: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from neuralprog_agents.training.intervals import wilson
from neuralprog_agents.training.restarts import Board, RestartResult, Show

if TYPE_CHECKING:
    from rich.console import RenderableType

_LINE_EVERY = 10.0
_SHOWN = 16


@contextmanager
def progress() -> Iterator[Show]:
    """Show progress on stderr while the context lasts; give the returned function each state."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), refresh_per_second=5, transient=False) as live:
        yield lambda board: live.update(_table(board))


class _Lines:
    """A line for every restart that finishes, and one now and then in between."""

    def __init__(self) -> None:
        self._printed: set[int] | None = None
        self._next = time.monotonic() + _LINE_EVERY

    def __call__(self, board: Board) -> None:
        if self._printed is None:
            self._printed = set(board.results) if board.resumed else set()
        fresh = [index for index in sorted(board.results) if index not in self._printed]
        for index in fresh:
            print(f"{_ending(board.results[index])}; {headline(board)}", file=sys.stderr)
        self._printed.update(fresh)
        now = time.monotonic()
        if fresh or now >= self._next:
            self._next = now + _LINE_EVERY
            if not fresh and board.running:
                print(f"{_under_way(board)}; {headline(board)}", file=sys.stderr)
            sys.stderr.flush()


def headline(board: Board) -> str:
    """Return one line: how many are done, how many succeeded, the time, and what remains."""
    good = sum(result.success for result in board.results.values())
    done = len(board.results)
    most = "at most " if board.at_most else ""
    parts = [f"{done} of {most}{board.total} restarts done", f"{good} succeeded"]
    if done and not board.at_most:
        low, high = wilson(good, done)
        parts[1] += f" (95 % interval {low:.0%} to {high:.0%})"
    parts.append(f"{clock(time.monotonic() - board.started)} so far")
    if board.remaining_seconds is not None and done < board.total:
        parts.append(f"about {clock(board.remaining_seconds)} left")
    return ", ".join(parts)


def clock(seconds: float) -> str:
    """Return a time as people write it: "0.4 s", "42 s", "3:07 min", "1:05:00 h"."""
    if seconds < 10:
        return f"{max(seconds, 0.1):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d} h"


def _ending(result: RestartResult) -> str:
    verdict = "success" if result.success else "given up early" if result.pruned else "no success"
    return f"restart {result.index}: {verdict} after {clock(result.seconds)}"


def _under_way(board: Board) -> str:
    return "; ".join(
        f"restart {index}: {_metrics(board, metrics)}"
        for index, metrics in sorted(board.running.items())
    )


def _metrics(board: Board, metrics: dict[str, float]) -> str:
    if not metrics:
        return "compiling its code (once on a machine)" if board.compiling else "starting"
    rest = {name: value for name, value in metrics.items() if name != "progress"}
    return " ".join(f"{name} {value:.4g}" for name, value in rest.items())


def _table(board: Board) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    table.add_row("all", _bar(len(board.results) / max(1, board.total)), "")
    for index, metrics in sorted(board.running.items())[:_SHOWN]:
        table.add_row(
            f"restart {index}", _bar(metrics.get("progress", 0.0)), _metrics(board, metrics)
        )
    return Group(Text(headline(board)), table)


def _bar(share: float) -> RenderableType:
    from rich.progress_bar import ProgressBar

    return ProgressBar(total=1.0, completed=share, width=20)
