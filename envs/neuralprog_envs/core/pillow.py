"""Loads what paints, when something is painted: Pillow is optional."""

from __future__ import annotations

import importlib
from types import ModuleType

MISSING = 'Pillow is not installed, run `pip install "neuralprog[render]"`'


def canvas() -> ModuleType:
    """Return ``neuralprog_envs.core.canvas``; raise ModuleNotFoundError without Pillow."""
    try:
        return importlib.import_module("neuralprog_envs.core.canvas")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "PIL":
            raise
        raise ModuleNotFoundError(MISSING, name="PIL") from None
