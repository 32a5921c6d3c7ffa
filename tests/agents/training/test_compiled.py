"""Compiled functions: kept on disk where that can be, compiled anew where it cannot."""

import os
import subprocess
import sys
import time

import numba
import numpy as np
import pytest

from neuralprog_agents.training.clock import CpuClock
from neuralprog_agents.training.compiled import compiled

SOURCE = """
from pathlib import Path
from numba import njit
from neuralprog_agents.training.compiled import compiled

def build(digest, cache):
    @njit(cache=cache)
    def twice(x):
        version = digest
        return 2 * x
    return (twice,)

(twice,) = compiled(build, [Path(__file__)])
print(twice(21), twice(4))
"""


def run(folder, **environment):
    if not (folder / "twice.py").exists():  # numba compiles anew what was written anew
        (folder / "twice.py").write_text(SOURCE)
    done = subprocess.run(
        [sys.executable, "twice.py"],
        cwd=folder,
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache"), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "42 8\n"
    return done.stderr


@pytest.fixture(scope="module")
def cached(tmp_path_factory):
    """Return the folder of a program that has run, and the whole files of its cache."""
    folder = tmp_path_factory.mktemp("cached")
    assert run(folder) == ""
    files = {path: path.read_bytes() for path in (folder / "cache").rglob("*.nb?")}
    assert run(folder) == ""
    assert {path.suffix for path in files} == {".nbi", ".nbc"}
    return folder, files


@pytest.mark.parametrize("damage", [b"", b"\x80\x04", b"not a pickle"])
@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_a_damaged_cache_is_told_and_compiled_around(kind, damage, cached):
    folder, files = cached
    for path in set((folder / "cache").rglob("*.nb?")) - set(files):
        path.unlink()  # of an earlier damage
    for path, whole in files.items():
        path.write_bytes(damage if path.suffix == f".{kind}" else whole)
    told = run(folder)
    assert told.count("\n") == 1
    assert "delete the .nbi and .nbc files in" in told
    assert str(folder / "cache") in told


def test_where_no_cache_can_be_written_every_agent_can_be_imported(tmp_path):
    """Numba finds no folder at all where it may write a cache."""
    code = (
        "from numba.core import caching\n"
        "caching.CacheImpl._locator_classes = []\n"
        "from neuralprog_agents import registry\n"
        "from neuralprog_agents.agents.ntm import fused\n"
        "from neuralprog_agents.agents.nram import kernel\n"
        "from neuralprog_agents.circuits import anneal\n"
        "print('imported')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "imported\n"


def test_no_clock_counts_what_numba_compiles():
    """Neither a function nor those that it calls; what they do when compiled is counted."""
    clock, begun = CpuClock(), time.process_time()
    assert compiled(lambda digest, cached: (), []) == ()

    @numba.njit
    def inner(x):
        return np.sort(np.sin(x) + np.cumsum(x))

    @numba.njit
    def outer(x):
        return inner(x) + inner(2 * x)

    outer(np.ones(4))
    total = time.process_time() - begun
    assert total > 0.3
    assert clock.spent() < 0.2 * total
    spent, begun = clock.spent(), time.process_time()
    while time.process_time() < begun + 0.1:
        outer(np.ones(4))
    assert clock.spent() - spent >= 0.1
