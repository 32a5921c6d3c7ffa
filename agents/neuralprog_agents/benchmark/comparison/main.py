"""Measures what is missing, then writes the report and the plots."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from math import inf
from pathlib import Path

from neuralprog_agents.benchmark.comparison import plots
from neuralprog_agents.benchmark.comparison import report as reports
from neuralprog_agents.benchmark.comparison.cells import ConfiguredCell
from neuralprog_agents.benchmark.comparison.entrants import entrant
from neuralprog_agents.benchmark.comparison.first_page import first_page, how_to_read, short_table
from neuralprog_agents.benchmark.comparison.log import Log
from neuralprog_agents.benchmark.comparison.plan import FULL, QUICK, Plan, size
from neuralprog_agents.benchmark.comparison.records import MEASURED, Record, success_at
from neuralprog_agents.benchmark.comparison.summary import ComparisonSummary
from neuralprog_agents.benchmark.comparison.workers import measured
from neuralprog_agents.benchmark.seeds import check as check_seeds
from neuralprog_agents.evaluation.policy_file import is_policy_file, policy_file
from neuralprog_agents.training.files import locked, write_atomically
from neuralprog_agents.training.interrupts import InterruptError, interruptible
from neuralprog_agents.training.pool import connect
from neuralprog_envs.registry import find

LOG, REPORT, CELLS = "compare.jsonl", "compare.md", "cells"
OF_RECORD, ELSEWHERE = Path("results"), Path("runs/compare")
"""Where the whole comparison is written, and where a part of it or a quick look is."""
MOST_SECONDS = 1_000_000
_BEGIN, _END = "<!-- compare -->", "<!-- /compare -->"
_NOTHING = "{}: nothing of this comparison is measured"


def main(
    *,
    quick: bool = False,
    plan: bool = False,
    report: bool = False,
    output: Path | None = None,
    page: Path | None = None,
    agents: Sequence[str] = (),
    envs: Sequence[str] = (),
    seconds: float | None = None,
    seeds: int | None = None,
    workers: int | None = None,
    ray: str | None = None,
    words: Sequence[str] = (),
) -> None:
    """Compare, print, and write ``compare.jsonl``, ``compare.md`` and the plots.

    Cells that the log in ``output`` has already, under the same settings, are not measured again.
    Interrupted, it leaves those under way in ``cells`` beside the log, from where the same command
    goes on, and reports what there is.

    Args:
        quick: Three tasks, one seed, three seconds: a look.
        plan: Only print how many cells there are and what they cost.
        report: Only write the report of what is measured.
        output: The folder to write to, made if it is missing; None takes ``OF_RECORD`` for the
            whole comparison and ``ELSEWHERE`` for anything else.
        page: A page with the marks ``<!-- compare -->`` and ``<!-- /compare -->``: the short table
            is put between them.
        agents: Entrants (see ``entrants.entrant``); none means all.
        envs: Tasks; none means all, or those that the policies of files among ``agents`` act in.
        seconds: CPU time of each training, in one stage.
        seeds: How many.
        workers: Processes at once; None takes every core.
        ray: The address of a Ray cluster to use instead.
        words: The command line, for the report.

    Raises:
        ValueError: A name is unknown, a number out of its range, the log no log, the page has no
            marks, or there is nothing to report.
        BusyError: Another process is at work in the folder.
        InterruptError: Ctrl-C or SIGTERM came.
    """
    asked = _plan(QUICK if quick else FULL, agents, envs, seconds, seeds)
    if page is not None:
        _divided(page)
    output = output or (OF_RECORD if asked == FULL else ELSEWHERE)
    if plan:
        _print_size(asked, Log(output / LOG))
        return
    if report and not (output / LOG).exists():
        raise ValueError(_NOTHING.format(output / LOG))
    if ray is not None:
        connect(ray)
    output.mkdir(parents=True, exist_ok=True)
    with locked(output / ".lock"):
        log = Log(output / LOG)
        write = partial(_write, log, asked, output, page, " ".join(["neuralprog", *words]))
        if report:
            if not any(map(log.measured, asked.every)):
                raise ValueError(_NOTHING.format(log.path))
            write()
        else:
            _measure_all(asked, log, workers, ray, write)


def _plan(
    plan: Plan,
    agents: Sequence[str],
    envs: Sequence[str],
    seconds: float | None,
    seeds: int | None,
) -> Plan:
    for name in agents:
        entrant(name)
    if seconds is not None and not 0 < seconds <= MOST_SECONDS:
        raise ValueError(f"seconds must be above 0 and at most {MOST_SECONDS:,}, got {seconds:g}")
    if seeds is not None:
        check_seeds(seeds)
    return replace(
        plan,
        entrants=tuple(agents) or plan.entrants,
        envs=tuple(find(env).id for env in envs) or _homes(agents) or plan.envs,
        seconds=seconds or plan.seconds,
        longer=0.0 if seconds else plan.longer,
        seeds=seeds or plan.seeds,
        growing=plan.growing and not seconds,
    )


def _homes(agents: Sequence[str]) -> tuple[str, ...]:
    """Return the tasks of the policies of files."""
    return tuple(dict.fromkeys(policy_file(name).env_id for name in filter(is_policy_file, agents)))


def _print_size(plan: Plan, log: Log) -> None:
    """Print what is left to measure, and what it costs."""
    from rich.console import Console
    from rich.table import Table

    rows = size(plan, log)
    table = Table("stage", title="What is left to measure")
    for heading in ("cells known", "left", "CPU-hours, likely", "at most"):
        table.add_column(heading, justify="right")
    total = ("together", *(sum(column) for column in list(zip(*rows, strict=True))[1:]))
    for name, count, left, likely, most in (*rows, total):
        table.add_row(str(name), f"{count:,}", f"{left:,}", f"{likely:.2f}", f"{most:.2f}")
    Console().print(table)


def _measure_all(
    plan: Plan, log: Log, workers: int | None, ray: str | None, write: Callable[[], None]
) -> None:
    """Measure what is missing, then write the report, whatever went wrong.

    A second Ctrl-C ends at once: the report takes seconds.
    """
    at_once = False
    try:
        _measure_missing(plan, log, workers, ray)
    except InterruptError as interrupt:
        at_once = not interrupt.args
        raise
    finally:
        if not at_once:
            write()


def _measure_missing(plan: Plan, log: Log, workers: int | None, ray: str | None) -> None:
    """Measure what is missing, until nothing that is measured asks for more."""
    failed: set[str] = set()
    while todo := [c for c in log.missing(plan.cells(log)) if c.key not in failed]:
        _measure(plan, log, todo, workers, ray)
        failed = {cell.key for cell in todo if log.measured(cell) is None}


def _measure(
    plan: Plan, log: Log, todo: Sequence[ConfiguredCell], workers: int | None, ray: str | None
) -> None:
    from rich.console import Console
    from rich.progress import track

    console, count, folder = Console(stderr=True), 0, log.path.parent / CELLS
    with interruptible("the trainings under way are kept") as interrupted:
        done = measured(todo, folder, workers, ray, interrupted.is_set)
        for record in track(done, "comparing", len(todo), console=console):
            log.add(record)
            count += 1
            if not console.is_terminal:
                left = sum(row[3] for row in size(plan, log))
                print(f"{_line(record)}; {left:.2f} CPU-hours left", file=sys.stderr, flush=True)
    if interrupted.is_set():
        raise InterruptError(f"{count} of {len(todo)} cells measured; the same command goes on")


def _line(record: Record) -> str:
    known = record["status"] == MEASURED
    outcome = f"{success_at(record, inf):.0%}" if known else record["reason"]
    after = f" after {record['cpu_seconds']:.3g} s" if "cpu_seconds" in record else ""
    return f"{record['entrant']} on {record['env']}, seed {record['seed']}: {outcome}{after}"


def _write(log: Log, plan: Plan, output: Path, page: Path | None, command: str) -> None:
    """Write the report and the plots of what is measured, if anything is."""
    records = log.of(plan.cells(log))
    if not records:
        return
    summary = ComparisonSummary(plan, records)
    text = reports.report(summary, command, plots.draw(summary, output))
    write_atomically(output / REPORT, text.encode())
    if page is not None:
        head, tail = _divided(page)
        write_atomically(page, f"{head}{_BEGIN}\n{first_page(summary)}\n{_END}{tail}".encode())
    _show(f"{short_table(summary)}\n{how_to_read(summary)}")
    print(f"the report is {output / REPORT}", file=sys.stderr)


def _divided(page: Path) -> tuple[str, str]:
    """Return what a page has before its marks and after them; raise ValueError without marks."""
    head, begin, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"{page}: has no lines {_BEGIN} and {_END} for the table to stand between")
    return head, tail


def _show(short: str) -> None:
    """Print the short table, what the agents learned from in lines of its own, so that it fits."""
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.markup import escape
    from rich.table import Table

    rows = [line.strip("| ").split(" | ") for line in short.splitlines() if line.startswith("|")]
    first, _, *heads = rows[0]
    table, last = Table(first, *heads, box=None, pad_edge=False, padding=(0, 1, 0, 0)), ""
    table.columns[0].no_wrap = True
    for name, kind, *cells in rows[2:]:
        if kind != last:
            table.add_row(f"[italic]{kind}")
        counts = (escape(cell.partition("<br>")[0]) for cell in cells)  # names would not fit
        table.add_row(f"  {name.strip('`')}", *counts)
        last = kind
    console = Console()
    console.print(table)
    for line in _best_agents(heads, rows[2:]):
        console.print(line, highlight=False)
    console.print(Markdown(short[short.index("\nBudget") :]))


def _best_agents(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Say in a line for each approach who stands for it where; the table has no room for that."""
    for name, _, *cells in rows:
        named = [
            f"{h} {c.split('`')[1]}" for h, c in zip(heads, cells, strict=True) if "<br>`" in c
        ]
        if named:
            yield f"{name}: {', '.join(named)}"
