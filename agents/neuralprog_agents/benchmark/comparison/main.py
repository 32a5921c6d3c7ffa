"""Measures what is missing, then writes the report and the plots."""

from __future__ import annotations

import platform
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from neuralprog_agents.benchmark.comparison import plots, report
from neuralprog_agents.benchmark.comparison.cells import REFUSED, ConfiguredCell, Record, configure
from neuralprog_agents.benchmark.comparison.plan import FULL, QUICK, Log, Plan
from neuralprog_agents.benchmark.comparison.summary import ComparisonSummary
from neuralprog_agents.benchmark.comparison.workers import measured
from neuralprog_agents.training.files import locked, write_atomically
from neuralprog_agents.training.interrupts import InterruptError, interruptible
from neuralprog_agents.training.pool import connect
from neuralprog_envs.registry import FAMILIES, find

LOG, REPORT = "compare.jsonl", "compare.md"
OF_RECORD, ELSEWHERE = Path("results"), Path("runs/compare")
"""Where the whole comparison is written, and where a part of it or a quick look is."""
MOST_SECONDS, MOST_SEEDS = 1_000_000, 1_000
_BEGIN, _END = "<!-- compare -->", "<!-- /compare -->"


def main(
    *,
    quick: bool = False,
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
    Interrupted, it waits for those under way, and reports what there is.

    Args:
        quick: Three tasks, two seeds, four seconds: a look.
        output: The folder to write to, made if it is missing; None takes ``OF_RECORD`` for the
            whole comparison and ``ELSEWHERE`` for anything else.
        page: A page with the marks ``<!-- compare -->`` and ``<!-- /compare -->``: the short table
            is put between them.
        agents: Entrants; none means all.
        envs: Tasks; none means all.
        seconds: CPU time of each training.
        seeds: How many.
        workers: Processes at once; None takes every core.
        ray: The address of a Ray cluster to use instead.
        words: The command line, for the report.

    Raises:
        ValueError: A name is unknown, a number out of its range, the log no log, or the page has
            no marks.
        BusyError: Another process is at work in the folder.
        InterruptError: Ctrl-C or SIGTERM came.
    """
    plan = _plan(QUICK if quick else FULL, agents, envs, seconds, seeds)
    if page is not None:
        _divided(page)
    if ray is not None:
        connect(ray)
    output = output or (OF_RECORD if plan == FULL else ELSEWHERE)
    output.mkdir(parents=True, exist_ok=True)
    with locked(output / ".lock"):
        _compare(plan, Log(output / LOG), workers, ray, page, " ".join(["neuralprog", *words]))


def _compare(
    plan: Plan, log: Log, workers: int | None, ray: str | None, page: Path | None, command: str
) -> None:
    cells = [configure(cell) for cell in plan.cells()]
    todo = log.missing(cells)
    try:
        _measure(log, todo, workers, ray)
    finally:
        if found := log.of(cells):
            _write(found, plan, log.path.parent, page, command)


def _plan(
    plan: Plan,
    agents: Sequence[str],
    envs: Sequence[str],
    seconds: float | None,
    seeds: int | None,
) -> Plan:
    unknown = sorted(set(agents) - set(FULL.entrants))
    if unknown:
        raise ValueError(f"unknown entrant {unknown[0]!r}: {', '.join(FULL.entrants)}")
    if seconds is not None and not 0 < seconds <= MOST_SECONDS:
        raise ValueError(f"seconds must be above 0 and at most {MOST_SECONDS:,}, got {seconds:g}")
    if seeds is not None and not 1 <= seeds <= MOST_SEEDS:
        raise ValueError(f"seeds must be from 1 to {MOST_SEEDS:,}, got {seeds}")
    return replace(
        plan,
        entrants=tuple(agents) or plan.entrants,
        envs=tuple(find(env).id for env in envs) or plan.envs,
        seconds=dict.fromkeys(FAMILIES, seconds) if seconds else plan.seconds,
        seeds=seeds or plan.seeds,
    )


def _measure(
    log: Log, todo: Sequence[ConfiguredCell], workers: int | None, ray: str | None
) -> None:
    from rich.console import Console
    from rich.progress import track

    if not todo:
        return
    console, count = Console(stderr=True), 0
    with interruptible("waiting for the cells under way") as interrupted:
        done = measured(todo, workers, ray, interrupted.is_set)
        for record in track(done, "comparing", len(todo), console=console):
            log.add(record)
            count += 1
            if not console.is_terminal:
                print(_line(record), file=sys.stderr, flush=True)
    if count < len(todo):
        raise InterruptError(f"{count} of {len(todo)} cells measured; the same command goes on")


def _line(record: Record) -> str:
    outcome = record.get("reason") or f"{record['success_rates']['1']:.0%}"
    return f"{record['entrant']} on {record['env']}, seed {record['seed']}: {outcome}"


def _write(
    records: Sequence[Record], plan: Plan, output: Path, page: Path | None, command: str
) -> None:
    summary, where = (
        ComparisonSummary(records),
        f"{_machines(records)}; Python {platform.python_version()}",
    )
    plots.draw(summary, output)
    text = report.report(summary, plan, command, where)
    write_atomically(output / REPORT, text.encode())
    table = report.short(summary, plan)
    if page is not None:
        head, tail = _divided(page)
        write_atomically(page, f"{head}{_BEGIN}\n{table}\n{_END}{tail}".encode())
    _show(table)
    print(f"the report is {output / REPORT}", file=sys.stderr)


def _machines(records: Sequence[Record]) -> str:
    """Name the processors that measured, and how many cells each; older logs do not say."""
    counts = Counter(r.get("machine", "not recorded") for r in records if r["status"] != REFUSED)
    return "Machines: " + ", ".join(f"{name} ({n} cells)" for name, n in counts.most_common())


def _divided(page: Path) -> tuple[str, str]:
    """Return what a page has before its marks and after them; raise ValueError without marks."""
    head, begin, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"{page}: has no lines {_BEGIN} and {_END} for the table to stand between")
    return head, tail


def _show(table: str) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(table))
