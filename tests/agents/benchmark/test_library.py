"""What library learning costs, task by task: the log, and how it is taken."""

from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from neuralprog_agents.benchmark import library
from neuralprog_agents.benchmark.library import Meter, SequenceRun, TaskCost
from neuralprog_agents.benchmark.log import Log
from neuralprog_agents.training.config import load

ROOT = Path(__file__).parents[3]
RUN = SequenceRun("primality", 0)
ENVS = [task.env for task in RUN.config.tasks]


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path / library.LOG, TaskCost)


def told(stage, learned, seconds):
    return {"progress": stage / len(ENVS), "learned": learned, "cpu_seconds": seconds}


def test_each_task_costs_what_was_spent_since_the_one_before(log):
    meter = Meter(log, RUN, flat=False)
    for status in (told(0, 0, 1), told(1, 1, 4.5), told(1, 1, 6), told(2, 1, 9)):
        meter.report(status)
    meter.reach(told(2, 1, 11))
    found = [(record.task, record.found, record.cpu_seconds) for record in log.records]
    assert found == [(ENVS[0], True, 4.5), (ENVS[1], False, 4.5), (ENVS[2], False, 2.0)]
    costs = library.costs(log, [RUN], flat=False)
    assert list(costs.values()) == [[4.5], [inf], [inf]]
    assert library.costs(log, [RUN, SequenceRun("primality", 1)], flat=True) == {}


def test_a_record_that_was_interrupted_goes_on(log):
    Meter(log, RUN, flat=False).report(told(1, 1, 4.5))
    again = Log(log.path, TaskCost)
    Meter(again, RUN, flat=False).report(told(2, 2, 7))
    assert [record.cpu_seconds for record in Log(log.path, TaskCost).records] == [4.5, 2.5]


def test_records_with_other_settings_count_no_more(log):
    meter = Meter(log, RUN, flat=False)
    meter.add(True, 1.0)
    log.records[0] = replace(log.records[0], key="0" * 16)
    assert not meter.recorded


def test_a_quick_run_is_measured_reported_and_not_measured_again(tmp_path, monkeypatch):
    config = SequenceRun("euclid", 0).config
    quick = [replace(task, proposals=1, steps=(4,)) for task in config.tasks]
    monkeypatch.setattr(SequenceRun, "config", replace(config, tasks=tuple(quick), attempts=1))
    library.main(tmp_path, seeds=1, sequences=["euclid"])
    whole = (tmp_path / library.LOG).read_text()
    assert len(whole.splitlines()) == 4
    assert (tmp_path / library.PICTURE).read_bytes().startswith(b"\x89PNG")
    assert "| euclid | Gcd | 0 of 1 | not found" in (tmp_path / library.REPORT).read_text()
    assert not any((tmp_path / "cells").iterdir())
    library.main(tmp_path, seeds=1, sequences=["euclid"])
    assert (tmp_path / library.LOG).read_text() == whole


def test_a_report_of_nothing_is_refused(tmp_path):
    for seeds in (0, -5, 10**12):
        with pytest.raises(ValueError, match="seeds must be from 1 to 1,000, got "):
            library.main(tmp_path, seeds, measure=False)
    with pytest.raises(ValueError, match="nothing of these sequences is measured"):
        library.main(tmp_path, measure=False)


def test_the_report_of_record_is_made_from_the_log():
    log = Log(ROOT / "results" / library.LOG, TaskCost)
    runs = [SequenceRun(name, seed) for name in library.SEQUENCES for seed in range(library.SEEDS)]
    assert (ROOT / "results" / library.REPORT).read_text() == library.report(log, runs)
    for record in log.records:
        path = ROOT / "configs" / "library_learning" / f"{record.sequence}.yaml"
        assert record.task in [task.env for task in load(path)[1].tasks]
