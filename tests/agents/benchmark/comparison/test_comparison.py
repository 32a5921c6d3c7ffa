"""The comparison: that it covers everything, resumes, refuses, and adds up rightly."""

import json
from pathlib import Path

import pytest

from neuralprog_agents import registry
from neuralprog_agents.benchmark.comparison import cells, tasks
from neuralprog_agents.benchmark.comparison import main as comparison
from neuralprog_agents.benchmark.comparison.cells import Cell, measure, settle
from neuralprog_agents.benchmark.comparison.entrants import ENTRANTS
from neuralprog_agents.benchmark.comparison.plan import FULL, Log, Plan, grown
from neuralprog_agents.benchmark.comparison.report import questions, short
from neuralprog_agents.benchmark.comparison.summary import Summary
from neuralprog_agents.cli import main
from neuralprog_envs import REGISTRY

ROOT = Path(__file__).parents[4]
OWN_PROTOCOL = {"neural_programmer_2017"}
"""Agents that are scored on a release's own splits alone."""


def row(entrant, env, seed=0, length=None, status="measured", **more):
    """A record as ``measure`` writes it; ``more`` goes over these values."""
    ladder = {str(k): 1.0 for k in tasks.RUNGS}
    own = {"supervision": "pairs", "ladder": ladder, "wider": 1.0, "cpu_seconds": 2.0}
    sizes = {"samples": 100, "parameters": 50}
    record = {"entrant": entrant, "env": env, "seed": seed, "length": length, "status": status}
    return {**record, **own, **sizes, **more}


def answers_of(records, entrant):
    summary = Summary(records)
    return summary.answers(next(who for who in summary.entrants if who.name == entrant))


def test_every_agent_takes_part():
    assert {who.agent for who in ENTRANTS if who.agent} == set(registry.AGENTS) - OWN_PROTOCOL
    assert len({who.name for who in ENTRANTS}) == len(ENTRANTS)


def test_no_two_entrants_are_the_same_agent_with_the_same_settings(monkeypatch):
    monkeypatch.chdir(ROOT)
    settled = [settle(cell) for cell in Plan(FULL.entrants, FULL.envs, 1, FULL.seconds).cells()]
    own = [(each.cell.env, each.cell.who.agent, each.config) for each in settled if each.config]
    assert len(own) == len(set(map(repr, own)))


def test_every_task_has_a_kind_and_every_synthetic_one_takes_part():
    assert set(tasks.KINDS) == {row.name for row in REGISTRY.values()}
    assert set(FULL.envs) == {row.id for row in REGISTRY.values() if "real" not in row.tags}


def test_the_ladder_leaves_out_what_takes_too_long():
    rungs = tasks.ladder("NPIHanoi-v0", 5)
    assert [rung.length for rung in rungs] == [5, 10, 25, 50, 500]
    played = [not rung.left_out(answers=False) for rung in rungs]
    assert played == [True, True, False, False, False]
    assert rungs[2].left_out(answers=False) == "too long to play: 25"


def test_the_ladder_leaves_out_lengths_that_there_are_not():
    rungs = tasks.ladder("NPICanonicalize-v0", 4)
    reasons = [rung.left_out(answers=False) for rung in rungs]
    assert reasons == ["", "", *(f"no such length: {n}" for n in (20, 40, 400))]


class Reader:
    """It keeps the lengths that it was asked for."""

    env_id = "NPSingleColumn-v0"

    def __init__(self):
        self.lengths = set()

    def settings(self, length):
        return {}

    def answer(self, task, instances):
        raise AssertionError


def test_who_answers_is_not_asked_what_takes_too_long_to_read(monkeypatch):
    reader = Reader()
    monkeypatch.setattr(cells, "_score", lambda *given: reader.lengths.add(given[2]) or 0.5)
    found = dict(cells._climb(reader, reader.env_id, tasks.ladder(reader.env_id, 100)))
    assert reader.lengths == {100, 200, 500}
    assert found["5"] == 0.5
    assert found["10"] == "too long to read: 1000"
    assert not tasks.ladder("NPTableQASynonyms-v0", 400)[0].left_out(answers=True)


def test_memory_grows_with_the_longest_length():
    assert grown("NRAMCopy-v0", 4) == (1, 20)


def test_a_cell_is_trained_within_its_budget_and_scored_beyond_it(monkeypatch):
    monkeypatch.chdir(ROOT)
    record = measure(settle(Cell("search", "NRAMCopy-v0", seed=0, seconds=20.0)))
    assert record["status"] == "measured"
    assert record["ladder"] == {"1": 1.0, "2": 1.0, "5": 1.0, "10": 1.0, "100": 1.0}
    assert record["wider"] == 1.0
    assert 0 < record["cpu_seconds"] < 20
    assert record["samples"] <= 1000


def test_a_settled_cell_is_measured_without_the_configs(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    settled = settle(Cell("search", "NRAMAccess-v0", seed=0, seconds=20.0))
    monkeypatch.chdir(tmp_path)
    assert measure(settled)["ladder"]["1"] == 1.0
    with pytest.raises(ValueError, match="no folder configs here"):
        comparison.main(output=tmp_path / "results")
    assert not list(tmp_path.iterdir())


def test_a_budget_that_is_too_small_gives_a_failure_not_an_error(monkeypatch):
    monkeypatch.chdir(ROOT)
    record = measure(settle(Cell("nram", "NRAMSort-v0", seed=0, seconds=0.2)))
    assert record["status"] == "measured"
    assert not record["success"]
    assert record["ladder"]["1"] < 0.99


@pytest.mark.parametrize(
    ("entrant", "env", "why"),
    [
        ("search", "NPIHanoi-v0", "tape family only"),
        ("npi", "NRAMCopy-v0", "program family only"),
        ("alphanpi", "NPIMax-v0", "no settings for NPIMax"),
    ],
)
def test_what_an_agent_cannot_face_has_a_reason(entrant, env, why, monkeypatch):
    monkeypatch.chdir(ROOT)
    record = measure(settle(Cell(entrant, env, seed=0, seconds=1.0)))
    assert record["status"] == "not applicable"
    assert why in record["reason"]


class Narrow:
    """Reads instances of up to 5, and breaks on them."""

    env_id = "NRAMCopy-v0"

    def settings(self, length):
        if length > 5:
            raise ValueError("it reads 5 at most")
        return {}

    def answer(self, task, instances):
        raise ValueError("broken")


def test_what_cannot_be_read_is_a_reason_and_what_breaks_is_a_failure():
    assert cells._score(Narrow(), "NRAMCopy-v0", 10, 5, {}) == "it reads 5 at most"
    with pytest.raises(ValueError, match="broken"):
        cells._score(Narrow(), "NRAMCopy-v0", 5, 5, {})


def test_it_resumes_and_measures_nothing_twice(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    asked = {"agents": ["search", "random"], "envs": ["NRAMAccess"], "seconds": 5.0, "workers": 1}
    comparison.main(output=tmp_path, seeds=1, **asked)
    before = (tmp_path / "compare.jsonl").read_text()
    (tmp_path / "compare.jsonl").write_text(before + '{"cut')
    comparison.main(output=tmp_path, seeds=2, **asked)
    after = (tmp_path / "compare.jsonl").read_text()
    assert after.startswith(before)
    assert len(after.splitlines()) == 4
    records = json.loads((tmp_path / "compare.json").read_text())["records"]
    assert {(each["entrant"], each["seed"]) for each in records} == {
        (name, seed) for name in ("search", "random") for seed in (0, 1)
    }
    assert "| NRAMAccess | pointers |" in (tmp_path / "compare.md").read_text()
    assert (tmp_path / "compare-length.png").stat().st_size > 10_000


def test_interrupted_it_reports_what_there_is(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)

    def broken(todo, workers, ray):
        yield measure(todo[0])
        raise KeyboardInterrupt

    monkeypatch.setattr(comparison, "measured", broken)
    with pytest.raises(KeyboardInterrupt):
        comparison.main(output=tmp_path, agents=["expert", "random"], envs=["NRAMCopy"], seeds=1)
    report = (tmp_path / "compare.md").read_text()
    assert "**Unfinished: 1 of 2 cells are measured.**" in report
    assert "| NRAMCopy | moves | 100 |" in report


def test_a_log_that_is_none_is_refused(tmp_path):
    (tmp_path / "compare.jsonl").write_text("{}\n")
    with pytest.raises(ValueError, match=r"line 1: not a measured cell"):
        Log(tmp_path / "compare.jsonl")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--agents", "ppoo"], "unknown entrant 'ppoo'"),
        (["--envs", "NRAMCopi"], "did you mean NRAMCopy-v0"),
        (["--seeds", "0"], "seeds must be at least 1"),
        (["--seconds", "0"], "seconds must be above 0"),
        (["--workers", "0"], "--workers must be at least 1"),
    ],
)
def test_bad_input_gets_one_line(words, told, tmp_path, capsys):
    assert main(["benchmark", "compare", "--output", str(tmp_path), *words]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_most_seeds_decide_whether_a_task_is_solved():
    low = {**dict.fromkeys(map(str, tasks.RUNGS), 0.0), "1": 0.98}
    good, bad = row("lstm", "NRAMCopy-v0"), row("lstm", "NRAMCopy-v0", seed=1, ladder=low)
    assert answers_of([good, bad, {**bad, "seed": 2}], "lstm").solved == (0, 1)
    assert answers_of([good, bad, {**good, "seed": 2}], "lstm").solved == (1, 1)


def test_what_cannot_be_read_counts_as_wrong_and_what_is_left_out_not_at_all():
    ladder = {"1": 1.0, "2": 0.5, "5": "its tapes have 9 cells", "10": "too long to play: 50"}
    ladder["100"] = "no such length: 500"
    kept = answers_of([row("lstm", "NRAMCopy-v0", ladder=ladder)], "lstm").kept
    assert kept == {1: 1.0, 2: 0.5, 5: 0.0, 10: None, 100: None}


def test_memory_compares_the_largest_with_the_default():
    records = [
        row("lstm", "NRAMCopy-v0", samples=100, parameters=50),
        row("lstm", "NRAMCopy-v0", length=[1, 10], samples=1000, parameters=50),
        row("lstm", "NRAMCopy-v0", length=[1, 20], samples=300, parameters=75),
    ]
    answers = answers_of(records, "lstm")
    assert (answers.memory, answers.parameters) == (3.0, 1.5)


def test_only_tasks_that_were_faced_count():
    refused = {"status": "not applicable", "reason": "no"}
    records = [row("ppo", "NRAMCopy-v0"), {**row("ppo", "NRAMSort-v0"), **refused}]
    answers = answers_of(records, "ppo")
    assert answers.solved == (1, 1)
    assert answers.complex == (0, 0)
    assert answers.steps == tasks.program_length("NRAMCopy-v0")
    assert "| `ppo` | pairs |" in short(Summary(records), FULL)
    assert "29 steps" in questions(Summary(records))


def test_the_first_screen_shows_the_table_of_record():
    data = json.loads((ROOT / "results" / "compare.json").read_text())
    table = short(Summary(data["records"]), Plan(**data["plan"]))
    assert f"<!-- compare -->\n{table}\n<!-- /compare -->" in (ROOT / "README.md").read_text()


@pytest.mark.learning
def test_a_quick_comparison_of_everyone(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    words = ["benchmark", "compare", "--quick", "--seconds", "0.5", "--seeds", "1"]
    assert main([*words, "--envs", "NRAMAccess", "--output", str(tmp_path)]) == 0
    records = json.loads((tmp_path / "compare.json").read_text())["records"]
    assert [each["reason"] for each in records if each["status"] == "failed"] == []
    solved = {each["entrant"] for each in records if each.get("ladder", {}).get("1") == 1.0}
    assert {"expert", "search", "nram"} <= solved
    assert "random" not in solved
