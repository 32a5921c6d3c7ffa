"""The machine that measures."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np


def machine() -> dict[str, str]:
    """Return what the figures depend on: the processor, and the versions of Python and NumPy."""
    name = next(
        (line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    return {"machine": name, "python": platform.python_version(), "numpy": np.__version__}


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
