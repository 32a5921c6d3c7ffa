"""What library learning costs, task by task: the record, and how it is taken."""

import json
from math import inf

import pytest

from docs import library
from neuralprog_agents.training.config import load

HEAD = {"sequence": "euclid", "seed": 0, "flat": False}
ENVS = ["NRAMRemainder-v0", "NRAMGcd-v0", "NRAMLcm-v0"]


@pytest.fixture
def record(tmp_path, monkeypatch):
    monkeypatch.setattr(library, "RECORD", tmp_path / "library.jsonl")
    return library.RECORD


def told(stage, learned, seconds):
    return {"progress": stage / 3, "learned": learned, "cpu_seconds": seconds}


def test_each_task_costs_what_was_spent_since_the_one_before(record):
    meter = library.Meter(HEAD, ENVS, [])
    for status in (told(0, 0, 1), told(1, 1, 4.5), told(1, 1, 6), told(2, 1, 9)):
        meter.report(status)
    meter.add(told(2, 1, 11))
    found = [(row["task"], row["found"], row["cpu_seconds"]) for row in library.rows()]
    assert found == [(ENVS[0], True, 4.5), (ENVS[1], False, 4.5), (ENVS[2], False, 2.0)]
    assert library.costs("euclid", flat=False) == {ENVS[0]: [4.5], ENVS[1]: [inf], ENVS[2]: [inf]}
    assert library.costs("euclid", flat=True) == {}


def test_a_record_that_was_interrupted_goes_on(record):
    library.Meter(HEAD, ENVS, []).report(told(1, 1, 4.5))
    library.Meter(HEAD, ENVS, library.rows()).report(told(2, 2, 7))
    assert [row["cpu_seconds"] for row in library.rows()] == [4.5, 2.5]


def test_the_record_is_of_configs_that_there_are():
    rows = [json.loads(line) for line in library.RECORD.read_text().splitlines()]
    assert rows
    for row in rows:
        config = load(library.CONFIGS / f"{row['sequence']}.yaml")[1]
        assert row["task"] in [task.env for task in config.tasks]
        assert row["cpu_seconds"] >= 0
