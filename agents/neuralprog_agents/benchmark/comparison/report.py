"""The report in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from statistics import fmean

from neuralprog_agents.benchmark.comparison.records import MEASURED, Record, success_at
from neuralprog_envs.registry import find

NOTHING = "–"


def report(records: Sequence[Record], command: str) -> str:
    """Return the whole report."""
    return f"# Comparison\n\nWritten by `{command}`.\n\n{short(records)}\n"


def short(records: Sequence[Record]) -> str:
    """Return the success of every entrant on every task, in per cent, at the end of its curve."""
    entrants = list(dict.fromkeys(r["entrant"] for r in records))
    envs = list(dict.fromkeys(r["env"] for r in records))
    rows = [[find(env).name, *(_success(records, name, env) for name in entrants)] for env in envs]
    return _table(["task", *entrants], rows)


def _success(records: Sequence[Record], entrant: str, env: str) -> str:
    mine = [r for r in records if (r["entrant"], r["env"]) == (entrant, env) and not r["length"]]
    rates = [success_at(record, inf) for record in mine if record["status"] == MEASURED]
    return f"{100 * fmean(rates):.0f}" if rates else NOTHING


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
