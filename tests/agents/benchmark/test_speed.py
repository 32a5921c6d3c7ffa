"""The history of speed, and workloads of another checkout."""

import json
from pathlib import Path

import numpy as np
import pytest

from neuralprog_agents.benchmark import memory, speed
from neuralprog_agents.benchmark.comparison.entrants import ENTRANTS
from neuralprog_agents.benchmark.elsewhere import Elsewhere, check
from neuralprog_agents.benchmark.growth import Curve
from neuralprog_agents.benchmark.memory import Memories, PeakMemory
from neuralprog_agents.benchmark.profile import Profile
from neuralprog_agents.benchmark.ratio import Pair
from neuralprog_envs import REGISTRY

ROOT = Path(__file__).parents[3]


SHARES = Profile("NRAMCopy-v0", 200.0, 80.0, 60.0, 40.0, 20.0, 12.5)
MEMORY = Memories([PeakMemory("search", "NRAMCopy-v0", 114.0, 303.4, 1307.0)], 3.0, 366.0)
LINE = Curve("a line", "x", [1, 10, 100], [3.0, 12.0, 102.0])


def row(rate, column="search"):
    return Pair("a", "b", "steps", lambda: 1, rate, column=column).measure(1e-4, 1)


def test_a_history_has_a_line_for_each_release_and_machine(tmp_path):
    old = {"release": "0.0.1", "machine": "abacus", "figures": {"search": [3.0, 2.0]}}
    (tmp_path / "speed.json").write_text(json.dumps({"history": [old]}))
    for rate in (1.0, 2.0):
        speed.write([row(rate), row(rate, "")], [SHARES], MEMORY, [LINE], True, tmp_path)
    first, last = json.loads((tmp_path / "speed.json").read_text())["history"]
    assert first == old
    assert list(last["figures"]) == ["search"]
    assert (tmp_path / "speed-growth.png").exists()
    page = (tmp_path / "speed.md").read_text()
    assert "| 0.0.1 | abacus | 3 (2) |" in page
    assert "| NRAMCopy-v0 | 200 | 40% | 30% | 20% | 10% | 12.5 |" in page
    assert "| search | NRAMCopy-v0 | 114 | 303 | 1,307 |" in page
    assert "the last column at most, and 366 MB.\n" in page


@pytest.mark.parametrize("is_there", [False, True])
def test_where_no_comparison_was_logged_its_memory_is_left_out(is_there, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "cells", lambda: iter(()))
    log = tmp_path / "compare.jsonl"
    if is_there:
        log.write_text("")
    found = memory.measure(True, log)
    assert found.command is None
    speed.write([row(1.0)], [SHARES], found, [LINE], True, tmp_path)
    assert "takes W times the last column at most.\n" in (tmp_path / "speed.md").read_text()


def grown(size):
    before = memory.peak()
    data = np.ones(size, dtype=np.int8)
    return (memory.peak() - before) / (data.nbytes / 1e6)


def test_the_peak_of_memory_is_that_of_a_process_of_its_own():
    _ = np.ones(300_000_000, dtype=np.int8)
    assert 0.9 < memory.alone(grown, 100_000_000) < 1.5


def test_the_memory_of_every_agent_is_measured():
    agents = {who.agent: who.families for who in ENTRANTS if who.agent}
    found = [(cell.who.agent, REGISTRY[cell.env].family) for cell in memory.cells()]
    assert len(found) == len(set(found))
    assert sorted(found) == sorted((agent, family) for agent in agents for family in agents[agent])


def test_the_theory_of_a_line_is_the_line():
    np.testing.assert_allclose(LINE.theory, LINE.seconds)


def test_another_checkout_works_in_a_process_of_its_own(tmp_path):
    (tmp_path / "envs").mkdir()
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents/toy.py").write_text("def make():\n    return lambda: 5\n")
    assert Elsewhere(tmp_path, "toy", "make").rate(0.01) > 5


def test_work_that_another_checkout_does_not_know_is_refused():
    with pytest.raises(ValueError, match=r"cannot do neuralprog_agents\.benchmark"):
        Elsewhere(ROOT, "neuralprog_agents.benchmark.ratio", "nothing").rate(0.1)


@pytest.mark.parametrize("folders", [[], ["envs"], ["envs", "agents"]])
def test_a_folder_that_is_no_checkout_is_refused(tmp_path, folders):
    for name in folders:
        (tmp_path / name).mkdir()
    with pytest.raises(ValueError, match="--baseline"):
        check(tmp_path)


def test_this_checkout_is_one():
    check(ROOT)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"history": 3}', '{"history": [{"release": "1", "machine": "m"}]}']
)
def test_a_damaged_history_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "speed.json").write_text(text)
    with pytest.raises(ValueError, match=r"speed\.json: ") as error:
        speed.releases(tmp_path / "speed.json")
    assert "\n" not in str(error.value)
