"""The settings that come with the package: in ``configs/`` of a clone, or inside a wheel."""

from __future__ import annotations

import difflib
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def folder() -> Path:
    """Return the folder of the settings, which has a folder for each agent."""
    inside = _PACKAGE / "configs"
    return inside if inside.is_dir() else _PACKAGE.parents[1] / "configs"


def locate(name: str) -> Path:
    """Return the YAML file that ``--config`` names: by its path, or as "nram/copy" in the package.

    Raises:
        ValueError: There is neither; the message names the nearest settings.
    """
    path, names = Path(name), known()
    if path.exists() and not path.is_dir():
        return path
    if name in names:
        return names[name]
    asked = path.with_suffix("").as_posix().removeprefix("configs/")
    matches = difflib.get_close_matches(asked, names, n=3) or list(names)[:3]
    raise ValueError(
        f"{name}: No such file, and no settings of that name come with the package: "
        f"did you mean {', '.join(matches)}?"
    )


def known() -> dict[str, Path]:
    """Return the file of all settings that come with the package, by name."""
    root = folder()
    files = sorted(root.glob("*/*.yaml"))
    return {path.relative_to(root).with_suffix("").as_posix(): path for path in files}
