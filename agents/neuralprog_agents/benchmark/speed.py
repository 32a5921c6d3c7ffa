"""`neuralprog benchmark speed`: every published ratio, measured in one run."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from pathlib import Path

from neuralprog_agents.benchmark import environments
from neuralprog_agents.benchmark.rows import Ratio, as_json, as_markdown, show

_HEADER = """# Speed

Written by `python scripts/benchmark.py speed`. Rates are operations a CPU-second of one thread,
medians over {rounds} rounds in which ours and theirs take turns; only ratios within one run
mean anything across machines.

Machine: {machine}. Python {python}, NumPy {numpy}.

"""


def main(quick: bool = False, output: Path = Path("results")) -> None:
    """Measure, print and write ``speed.md`` and ``speed.json``.

    Args:
        quick: Fewer and shorter rounds: a look, not a measurement.
        output: The folder to write to; made if it is missing.
    """
    rounds, seconds = (2, 0.2) if quick else (7, 1.0)
    rows = list(_measure(seconds, rounds))
    show("Speed, ours against theirs in one run", rows)
    output.mkdir(parents=True, exist_ok=True)
    header = _HEADER.format(rounds=rounds, **machine())
    (output / "speed.md").write_text(f"{header}{as_markdown(rows)}\n")
    (output / "speed.json").write_text(json.dumps({**machine(), "rows": as_json(rows)}, indent=1))


def _measure(seconds: float, rounds: int) -> Iterator[Ratio]:
    from neuralprog_agents.benchmark import calls, learners, questions, search, solver, texts

    yield from environments.measure(seconds, rounds)
    yield from solver.measure(seconds, rounds)
    yield from search.measure(seconds, rounds)
    yield from calls.measure(seconds, rounds)
    yield from questions.measure(seconds, rounds)
    yield from learners.measure(seconds, rounds)
    yield from texts.measure(seconds, rounds)


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
