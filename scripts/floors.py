"""Print the lowest versions that pyproject.toml declares, as constraints for pip."""

import re
import tomllib
from pathlib import Path

PINNED = "torch"
"""It has a version of its own in the Makefile: old builds for CPUs are not to be had everywhere."""


def main() -> None:
    """Print a line for each dependency of the package and its extras."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    for wanted in [
        *project["dependencies"],
        *[each for extra in project["optional-dependencies"].values() for each in extra],
    ]:
        name, floor = re.fullmatch(r"([\w-]+)(?:\[.*\])?>=([\d.]+)", wanted).groups()
        if name != PINNED:
            print(f"{name}=={floor}")


if __name__ == "__main__":
    main()
