"""`neuralprog benchmark speed`: every published ratio, measured side by side in one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from neuralprog_agents.benchmark.growth import Curve, draw
from neuralprog_agents.benchmark.machine import machine
from neuralprog_agents.benchmark.memory import Memories
from neuralprog_agents.benchmark.profile import Profile
from neuralprog_agents.benchmark.ratio import Pair, Ratio, short
from neuralprog_agents.training.files import read_json, write_atomically, write_json
from neuralprog_agents.training.schema import structured

_HEADER = """# Speed

Written by `neuralprog benchmark speed`. Rates are operations a CPU-second of one
thread. Rates and ratios are medians over {rounds} rounds in which ours and theirs take turns, so a
ratio need not be that of the two rates. Only ratios within one run mean anything across machines.
With `--baseline DIR` an earlier checkout's search runs beside this one's.

Machine: {machine}. Python {python}, NumPy {numpy}.

| what | shape | unit | ours | theirs | ratio (min to max) | target |
|---|---|---|---|---|---|---|
{rows}

## Where a step's time goes

CPU-microseconds of a step of 4,096 slots, compiled, random actions, with the profiler's own time.
Drawing makes new instances; executing also scores and renews episodes; observing also makes action
masks; the rest checks actions and makes flags. The floor is what memory takes for the bytes that a
step returns, written once, and for those of its new instances, written and read, at the speed of a
copy in the same run.

| id | step | drawing | executing | observing | rest | floor |
|---|---|---|---|---|---|---|
{profiles}

## Memory

MB of memory at the peak of a process of one thread, Python and all libraries included: once the
agent's code is imported, after one training of {seconds:g} CPU-seconds with the settings of the
comparison, and after all that a worker of `benchmark compare` does, which also judges and scores.
With W workers `benchmark compare` takes W times the last column at most{command}.

| entrant | task | imported | training | worker |
|---|---|---|---|---|
{memories}

## Growth

How the time grows with n episodes, M cells, R registers, rows of a table, words of a question and T
steps of a program: measured, beside the line a + b · x of the theory.

![Measured times and the theory's line, on logarithmic axes](speed-growth.png)

## History

One line a release and machine: our rate in each column's row, and in parentheses its ratio.

| release | machine | {columns} |
|---|---|{rules}|
{history}
"""

_ROUNDS, _QUICK_ROUNDS = 5, 2


def measure(quick: bool, baseline: Path | None = None) -> list[Ratio]:
    """Measure everything; ``quick`` takes fewer and shorter rounds: a look, not a measurement.

    ``baseline`` is an earlier checkout; it adds a row.
    """
    rounds, seconds = (_QUICK_ROUNDS, 0.2) if quick else (_ROUNDS, 0.5)
    return [pair.measure(seconds, rounds) for pair in _pairs(baseline)]


def write(
    rows: Sequence[Ratio],
    profiles: Sequence[Profile],
    memories: Memories,
    curves: Sequence[Curve],
    quick: bool,
    output: Path,
) -> None:
    """Print the rows; write ``speed.md``, ``speed.json`` and a picture of curves into a folder."""
    from rich.console import Console
    from rich.markdown import Markdown

    releases = _history(rows, output / "speed.json")
    columns = list(releases[-1]["figures"])
    text = _HEADER.format(
        rounds=_QUICK_ROUNDS if quick else _ROUNDS,
        rows="\n".join(map(str, rows)),
        profiles="\n".join(map(str, profiles)),
        memories="\n".join(map(str, memories.rows)),
        seconds=memories.seconds,
        command="" if memories.command is None else f", and {memories.command:,.0f} MB",
        columns=" | ".join(columns),
        rules="|".join("---" for _ in columns),
        history="\n".join(_line(release, columns) for release in releases),
        **machine(),
    )
    Console().print(Markdown(text))
    draw(curves, output / "speed-growth.png")
    write_atomically(output / "speed.md", text.encode())
    records = [{**asdict(row), "verdict": row.verdict} for row in rows]
    found = {**machine(), "memory": asdict(memories), "rows": records, "history": releases}
    found["profiles"], found["growth"] = list(map(asdict, profiles)), list(map(asdict, curves))
    write_json(output / "speed.json", found)


@dataclass(frozen=True)
class _Release:
    """A line of the history; a figure is our rate and its ratio."""

    release: str
    machine: str
    figures: dict[str, tuple[float, float]]


def releases(file: Path) -> list[dict[str, Any]]:
    """Return the history that a file holds, if there is one; raise ValueError if it is damaged."""
    if not file.exists():
        return []
    try:
        found = structured(dict[str, Any], read_json(file)).get("history", [])
        structured(tuple[_Release, ...], found)
    except ValueError as error:
        raise ValueError(f"{file}: no history of speed: {error}; remove it or repair it") from None
    return list(found)


def _history(rows: Sequence[Ratio], file: Path) -> list[dict[str, Any]]:
    """Return the releases and machines of a file, with a line for this one, the last."""
    now = {
        "release": version("neuralprog"),
        "machine": machine()["machine"],
        "figures": {row.column: [row.ours, row.ratio] for row in rows if row.column},
    }
    before = releases(file)
    same = [
        (each["release"], each["machine"]) == (now["release"], now["machine"]) for each in before
    ]
    return [*(each for each, again in zip(before, same, strict=True) if not again), now]


def _line(release: dict[str, Any], columns: Sequence[str]) -> str:
    figures = (release["figures"].get(column) for column in columns)
    shown = (f"{one[0]:,.0f} ({short(one[1])})" if one else "" for one in figures)
    return f"| {release['release']} | {release['machine']} | {' | '.join(shown)} |"


def _pairs(baseline: Path | None) -> Iterator[Pair]:
    """Yield what is compared, one thread wide; each is made when its turn has come."""
    import torch

    from neuralprog_agents.benchmark import (
        environments,
        neural_programmer,
        npi,
        nram,
        search,
        seq2seq,
    )

    torch.set_num_threads(1)
    yield from environments.pairs()
    yield from nram.pairs()
    yield from search.pairs(baseline)
    for module in (npi, neural_programmer, seq2seq):
        yield from module.pairs()
