"""What measures: the machine, and the commit of the code."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

import numpy as np

from neuralprog_agents.training import runs


def machine() -> dict[str, str]:
    """Return what the figures depend on: the processor, and the versions of Python and NumPy."""
    name = next(
        (line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    return {"machine": name, "python": platform.python_version(), "numpy": np.__version__}


@cache
def commit() -> str:
    """Return the commit of the code that runs, with "+" if it was changed; "" out of a clone."""
    found = runs.commit()
    return f"{found['commit'][:12]}{'+' * found['dirty']}" if found else ""


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
