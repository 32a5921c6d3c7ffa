"""Functions that numba compiles once and keeps on disk, if it can."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from numba import njit

from neuralprog_agents.training.clock import cpu_seconds, exclude

inlined = njit(error_model="numpy", forceinline=True, _nrt=False)
"""Compiles a function that becomes a part of its callers and allocates nothing.

Passing a record of arrays to a function copies some hundred words, and numba counts the references
to each array with atomic instructions: without the two, the program search is twice as fast.
"""
Build = Callable[[str, bool], tuple[Any, ...]]
"""Compiles functions, given a digest for their closures and whether numba may cache them."""


def compiled(build: Build, sources: Iterable[Path]) -> tuple[Callable[..., Any], ...]:
    """Return the functions that ``build`` compiles, from numba's cache where there is one.

    Numba looks at the time stamp of one file only. So a digest of ``sources``, all files whose code
    is compiled in, goes into the functions' closures, which are part of the cache's key. Where
    numba may write no cache, the functions are compiled anew in every process. Where the cache is
    damaged, a message says what to delete, and they are compiled anew too.
    """
    _keep_off_clocks()
    files = [*sources, Path(__file__).with_name("simd.py")]
    digest = blake2b(b"".join(path.read_bytes() for path in files), digest_size=8).hexdigest()
    try:
        cached = build(digest, True)
    except RuntimeError:  # numba found no folder to write to
        return build(digest, False)
    return tuple(_guarded(function, i, build, digest) for i, function in enumerate(cached))


@cache
def _keep_off_clocks() -> None:
    """Let no clock count what numba's compiler takes, however deep compilations nest."""
    from numba.core import event

    class Compilations(event.Listener):  # type: ignore[misc]
        depth, begun = 0, 0.0

        def on_start(self, _event: Any) -> None:
            if self.depth == 0:
                self.begun = cpu_seconds()
            self.depth += 1

        def on_end(self, _event: Any) -> None:
            self.depth -= 1
            if self.depth == 0:
                exclude(cpu_seconds() - self.begun)

    event.register("numba:compile", Compilations())


def _guarded(function: Any, index: int, build: Build, digest: str) -> Callable[..., Any]:
    """Return a function that is compiled anew if it can't be loaded from the cache."""
    entry = function

    def call(*arguments: Any) -> Any:
        nonlocal entry
        if entry is not function or function.overloads:
            return entry(*arguments)
        try:
            return function(*arguments)
        except Exception as error:  # whatever unpickling a damaged file raises
            if function.overloads:
                raise
            print(_advice(function, error), file=sys.stderr)
        entry = build(digest, False)[index]
        return entry(*arguments)

    return call


def _advice(function: Any, error: Exception) -> str:
    folder = function.stats.cache_path
    name = function.py_func.__name__
    return (
        f"numba's cache is damaged ({type(error).__name__}), so {name} is compiled anew; "
        f"delete the .nbi and .nbc files in {folder}"
    )
