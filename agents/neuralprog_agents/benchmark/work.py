"""Work whose speed is measured.

Run as a script, this file prints the rate of another checkout's work, see ``elsewhere.py``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib import import_module

Work = Callable[[], int]
"""Does some operations and returns how many; called again and again."""


def rate(work: Work, seconds: float, clock: Callable[[], float] = time.process_time) -> float:
    """Return operations a second, measured for ``seconds`` at least.

    The clock tells the CPU time of this process, since the machine may be shared.
    """
    done, start = 0, clock()
    while clock() - start < seconds:
        done += work()
    return done / (clock() - start)


def _main(module: str, make: str, seconds: str) -> None:
    work = getattr(import_module(module), make)()
    work()
    print(rate(work, float(seconds)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
