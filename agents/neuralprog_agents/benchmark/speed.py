"""`neuralprog benchmark speed`: every published ratio, measured side by side in one run."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from neuralprog_agents.benchmark.ratio import Pair, Ratio
from neuralprog_agents.training.files import write_atomically, write_json

_HEADER = """# Speed

Written by `python scripts/benchmark.py speed`. Rates are operations a CPU-second of one thread,
medians over {rounds} rounds in which ours and theirs take turns; only ratios within one run
mean anything across machines.

Machine: {machine}. Python {python}, NumPy {numpy}.

| what | shape | unit | ours | theirs | ratio (min to max) | target |
|---|---|---|---|---|---|---|
{rows}
"""

_ROUNDS, _QUICK_ROUNDS = 7, 2


def measure(quick: bool) -> list[Ratio]:
    """Measure everything; ``quick`` takes fewer and shorter rounds: a look, not a measurement."""
    rounds, seconds = (_QUICK_ROUNDS, 0.2) if quick else (_ROUNDS, 1.0)
    return [pair.measure(seconds, rounds) for pair in _pairs()]


def write(rows: Sequence[Ratio], quick: bool, output: Path) -> None:
    """Print what ``measure`` returned; write ``speed.md`` and ``speed.json`` into a folder."""
    from rich.console import Console
    from rich.markdown import Markdown

    rounds = _QUICK_ROUNDS if quick else _ROUNDS
    text = _HEADER.format(rounds=rounds, rows="\n".join(map(str, rows)), **machine())
    Console().print(Markdown(text))
    write_atomically(output / "speed.md", text.encode())
    records = [{**asdict(row), "verdict": row.verdict} for row in rows]
    write_json(output / "speed.json", {**machine(), "rows": records})


def _pairs() -> Iterator[Pair]:
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
    for module in (environments, nram, search, npi, neural_programmer, seq2seq):
        yield from module.pairs()


def machine() -> dict[str, str]:
    """Return what the figures depend on: the processor, and the versions of Python and NumPy."""
    import numpy as np

    name = next(
        (line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    return {"machine": name, "python": platform.python_version(), "numpy": np.__version__}


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
