"""Measures what is missing, then writes the report, the plots and the data."""

from __future__ import annotations

import platform
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from neuralprog_agents.benchmark.comparison import plots, report
from neuralprog_agents.benchmark.comparison.cells import REFUSED, Record, Settled
from neuralprog_agents.benchmark.comparison.entrants import CONFIGS
from neuralprog_agents.benchmark.comparison.plan import FULL, QUICK, Log, Plan
from neuralprog_agents.benchmark.comparison.summary import Summary
from neuralprog_agents.benchmark.comparison.workers import measured
from neuralprog_agents.training.files import write_atomically, write_json
from neuralprog_envs.registry import FAMILIES, find

LOG, REPORT, DATA = "compare.jsonl", "compare.md", "compare.json"
_BEGIN, _END = "<!-- compare -->", "<!-- /compare -->"


def main(
    *,
    quick: bool = False,
    output: Path = Path("results"),
    agents: Sequence[str] = (),
    envs: Sequence[str] = (),
    seconds: float | None = None,
    seeds: int | None = None,
    workers: int | None = None,
    ray: str | None = None,
    words: Sequence[str] = (),
) -> None:
    """Compare, print, and write ``compare.jsonl``, ``.md``, ``.json`` and the plots.

    Cells that the log in ``output`` has already, under the same settings, are not measured again.
    Interrupted, it waits for those under way, and reports what there is.

    Args:
        quick: Three tasks, two seeds, four seconds: a look.
        output: The folder to write to; made if it is missing.
        agents: Entrants; none means all.
        envs: Tasks; none means all.
        seconds: CPU time of each training.
        seeds: How many.
        workers: Processes at once; None takes every core.
        ray: The address of a Ray cluster to use instead.
        words: The command line, for the report.

    Raises:
        ValueError: A name is unknown, a number out of its range, or the log no log; or there are
            no configs in the current folder.
    """
    plan = _plan(QUICK if quick else FULL, agents, envs, seconds, seeds)
    output.mkdir(parents=True, exist_ok=True)
    log = Log(output / LOG)
    cells = list(plan.cells())
    try:
        _measure(log, log.missing(cells), workers, ray)
    finally:
        _write(log.of(cells), plan, output, " ".join(["neuralprog", *words]))


def _plan(
    plan: Plan,
    agents: Sequence[str],
    envs: Sequence[str],
    seconds: float | None,
    seeds: int | None,
) -> Plan:
    if not CONFIGS.is_dir():
        raise ValueError(f"no folder {CONFIGS} here: the comparison runs in the repository's root")
    unknown = sorted(set(agents) - set(FULL.entrants))
    if unknown:
        raise ValueError(f"unknown entrant {unknown[0]!r}: {', '.join(FULL.entrants)}")
    if seconds is not None and not seconds > 0:
        raise ValueError(f"seconds must be above 0, got {seconds:g}")
    if seeds is not None and seeds < 1:
        raise ValueError(f"seeds must be at least 1, got {seeds}")
    return replace(
        plan,
        entrants=tuple(agents) or plan.entrants,
        envs=tuple(find(env).id for env in envs) or plan.envs,
        seconds=dict.fromkeys(FAMILIES, seconds) if seconds else plan.seconds,
        seeds=seeds or plan.seeds,
    )


def _measure(log: Log, cells: Sequence[Settled], workers: int | None, ray: str | None) -> None:
    from rich.console import Console
    from rich.progress import track

    if not cells:
        return
    console = Console(stderr=True)
    done = measured(cells, workers, ray)
    for record in track(done, "comparing", len(cells), console=console):
        log.add(record)
        if not console.is_terminal:
            print(_line(record), file=sys.stderr, flush=True)


def _line(record: Record) -> str:
    told = record.get("reason") or f"{record['ladder']['1']:.0%}"
    return f"{record['entrant']} on {record['env']}, seed {record['seed']}: {told}"


def _write(records: Iterable[Record], plan: Plan, output: Path, command: str) -> None:
    found = list(records)
    summary, where = Summary(found), f"{_machines(found)}; Python {platform.python_version()}"
    plots.draw(summary, output)
    text = report.report(summary, plan, command, where)
    write_atomically(output / REPORT, text.encode())
    plain = {"plan": asdict(plan), "command": command, "python": platform.python_version()}
    write_json(output / DATA, {**plain, "records": found})
    update_page(output.parent / "README.md", report.short(summary, plan))
    _show(report.short(summary, plan))


def _machines(records: Sequence[Record]) -> str:
    """Name the processors that measured, and how many cells each; older logs do not say."""
    counts = Counter(r.get("machine", "not recorded") for r in records if r["status"] != REFUSED)
    return "Machines: " + ", ".join(f"{name} ({n} cells)" for name, n in counts.most_common())


def update_page(page: Path, table: str) -> None:
    """Put the table between a page's marks, if there is a page that has them."""
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    if _BEGIN in text and _END in text:
        head, rest = text.split(_BEGIN, 1)
        _, tail = rest.split(_END, 1)
        write_atomically(page, f"{head}{_BEGIN}\n{table}\n{_END}{tail}".encode())


def _show(table: str) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(table))
