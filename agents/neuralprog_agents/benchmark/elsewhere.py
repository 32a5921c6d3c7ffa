"""A workload of another checkout, in a process of its own: how much faster is this one?"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from neuralprog_agents.benchmark import work

_PARTS = "envs", "agents"
_SEARCH = Path("agents/neuralprog_agents/benchmark/search.py")


def check(checkout: Path) -> None:
    """Raise ValueError unless a folder is a checkout whose search can be measured.

    Nothing of it is executed yet; ``Elsewhere.rate`` executes its code.
    """
    if not all((checkout / part).is_dir() for part in _PARTS):
        raise ValueError(f"--baseline: {checkout} is no checkout with folders envs and agents")
    if not (checkout / _SEARCH).is_file():
        raise ValueError(f"--baseline: {checkout} has no {_SEARCH}: name a later checkout")


@dataclass(frozen=True)
class Elsewhere:
    """What a function makes, named ``make`` in a module of that checkout: a ``work.Work``.

    Other packages are those of this Python.
    """

    checkout: Path
    module: str
    make: str

    def rate(self, seconds: float) -> float:
        """Return operations a CPU-second; raise ValueError if there is no such work."""
        folders = [str(self.checkout.resolve() / part) for part in _PARTS]
        process = subprocess.run(
            [sys.executable, "-P", work.__file__, self.module, self.make, str(seconds)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
            stdout=subprocess.PIPE,
            check=False,
        )
        if process.returncode:
            raise ValueError(f"{self.checkout} cannot do {self.module}.{self.make}: see above")
        return float(process.stdout)
