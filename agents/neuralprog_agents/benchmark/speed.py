"""`neuralprog benchmark speed`: every published ratio, measured in one run."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from pathlib import Path

from neuralprog_agents.benchmark import environments
from neuralprog_agents.benchmark.rows import Ratio, as_json, as_markdown, show
from neuralprog_agents.training.files import write_atomically, write_json

_HEADER = """# Speed

Written by `python scripts/benchmark.py speed`. Rates are operations a CPU-second of one thread,
medians over {rounds} rounds in which ours and theirs take turns; only ratios within one run
mean anything across machines.

Machine: {machine}. Python {python}, NumPy {numpy}.

"""


def measure(quick: bool = False) -> list[Ratio]:
    """Measure everything, print and return it.

    Args:
        quick: Fewer and shorter rounds: a look, not a measurement.
    """
    rounds, seconds = _effort(quick)
    rows = list(_measure(seconds, rounds))
    show("Speed, ours against theirs in one run", rows)
    return rows


def write(rows: Sequence[Ratio], quick: bool, output: Path) -> None:
    """Write ``speed.md`` and ``speed.json`` into a folder, made if it is missing."""
    output.mkdir(parents=True, exist_ok=True)
    header = _HEADER.format(rounds=_effort(quick)[0], **machine())
    write_atomically(output / "speed.md", f"{header}{as_markdown(rows)}\n".encode())
    write_json(output / "speed.json", {**machine(), "rows": as_json(rows)})


def _effort(quick: bool) -> tuple[int, float]:
    """Return how many rounds there are, and the seconds of each."""
    return (2, 0.2) if quick else (7, 1.0)


def _measure(seconds: float, rounds: int) -> Iterator[Ratio]:
    from neuralprog_agents.benchmark import calls, learners, questions, search, solver, texts

    for part in (environments, solver, search, calls, questions, learners, texts):
        yield from part.measure(seconds, rounds)


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
