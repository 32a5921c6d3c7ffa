"""The comparison: that it covers everything, resumes, refuses, and adds up rightly."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from neuralprog_agents import registry
from neuralprog_agents.benchmark.comparison import cells, tasks
from neuralprog_agents.benchmark.comparison import main as comparison
from neuralprog_agents.benchmark.comparison.cells import Cell, configure, measure
from neuralprog_agents.benchmark.comparison.entrants import ENTRANTS
from neuralprog_agents.benchmark.comparison.plan import FULL, Log, Plan, grown
from neuralprog_agents.benchmark.comparison.report import questions, short
from neuralprog_agents.benchmark.comparison.summary import ComparisonSummary
from neuralprog_agents.benchmark.comparison.workers import _record
from neuralprog_agents.cli import main
from neuralprog_agents.training.files import locked
from neuralprog_agents.training.pool import Failed
from neuralprog_envs import REGISTRY

ROOT = Path(__file__).parents[4]
OWN_PROTOCOL = {"neural_programmer_2017"}
"""Agents that are scored on a release's own splits alone."""


def row(entrant, env, seed=0, length=None, status="measured", **more):
    """A record as ``measure`` writes it; ``more`` goes over these values."""
    success_rates = {str(k): 1.0 for k in tasks.MULTIPLES}
    own = {"supervision": "pairs", "success_rates": success_rates, "wider": 1.0, "cpu_seconds": 2.0}
    sizes = {"samples": 100, "parameters": 50}
    record = {"entrant": entrant, "env": env, "seed": seed, "length": length, "status": status}
    return {**record, **own, **sizes, **more}


def answers_of(records, entrant):
    summary = ComparisonSummary(records)
    return summary.answers(next(who for who in summary.entrants if who.name == entrant))


def test_every_agent_takes_part():
    assert {who.agent for who in ENTRANTS if who.agent} == set(registry.AGENTS) - OWN_PROTOCOL
    assert len({who.name for who in ENTRANTS}) == len(ENTRANTS)


def test_no_two_entrants_are_the_same_agent_with_the_same_settings():
    configured = [
        configure(cell) for cell in Plan(FULL.entrants, FULL.envs, 1, FULL.seconds).cells()
    ]
    own = [(each.cell.env, each.cell.who.agent, each.config) for each in configured if each.config]
    assert len(own) == len(set(map(repr, own)))


def test_every_task_has_one_kind_and_every_synthetic_one_takes_part():
    assert {len(row.tags & set(tasks.KINDS)) for row in REGISTRY.values()} == {1}
    assert set(FULL.envs) == {row.id for row in REGISTRY.values() if "real" not in row.tags}


def test_evaluations_leave_out_what_takes_too_long():
    evaluations = tasks.evaluations("NPIHanoi-v0", 5)
    assert [evaluation.length for evaluation in evaluations] == [5, 10, 25, 50, 500]
    played = [not evaluation.left_out(answers=False) for evaluation in evaluations]
    assert played == [True, True, False, False, False]
    assert evaluations[2].left_out(answers=False) == "too long to play: 25"


def test_evaluations_leave_out_lengths_that_there_are_not():
    evaluations = tasks.evaluations("NPICanonicalize-v0", 4)
    reasons = [evaluation.left_out(answers=False) for evaluation in evaluations]
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
    found = dict(cells._success_rates(reader, reader.env_id, tasks.evaluations(reader.env_id, 100)))
    assert reader.lengths == {100, 200, 500}
    assert found["5"] == 0.5
    assert found["10"] == "too long to read: 1000"
    assert not tasks.evaluations("NPTableQASynonyms-v0", 400)[0].left_out(answers=True)


def test_memory_grows_with_the_longest_length():
    assert grown("NRAMCopy-v0", 4) == (1, 20)


def test_a_cell_is_trained_within_its_budget_and_scored_beyond_it():
    record = measure(configure(Cell("search", "NRAMCopy-v0", seed=0, seconds=20.0)))
    assert record["status"] == "measured"
    assert record["success_rates"] == {"1": 1.0, "2": 1.0, "5": 1.0, "10": 1.0, "100": 1.0}
    assert record["wider"] == 1.0
    assert 0 < record["cpu_seconds"] < 20
    assert record["samples"] <= 1000


def test_a_budget_that_is_too_small_gives_a_failure_not_an_error():
    record = measure(configure(Cell("nram", "NRAMSort-v0", seed=0, seconds=0.2)))
    assert record["status"] == "measured"
    assert not record["success"]
    assert record["success_rates"]["1"] < 0.99


@pytest.mark.parametrize(
    ("entrant", "env", "why"),
    [
        ("search", "NPIHanoi-v0", "tape family only"),
        ("npi", "NRAMCopy-v0", "program family only"),
        ("alphanpi", "NPIMax-v0", "no settings for NPIMax"),
    ],
)
def test_what_an_agent_cannot_face_has_a_reason(entrant, env, why):
    record = measure(configure(Cell(entrant, env, seed=0, seconds=1.0)))
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


def test_it_resumes_and_measures_nothing_twice(tmp_path):
    asked = {"agents": ["search", "random"], "envs": ["NRAMAccess"], "seconds": 5.0, "workers": 1}
    comparison.main(output=tmp_path, seeds=1, **asked)
    before = (tmp_path / "compare.jsonl").read_text()
    (tmp_path / "compare.jsonl").write_text(before + '{"cut')
    comparison.main(output=tmp_path, seeds=2, **asked)
    after = (tmp_path / "compare.jsonl").read_text()
    assert after.startswith(before)
    assert len(after.splitlines()) == 4
    records = [json.loads(line) for line in after.splitlines()]
    assert {(each["entrant"], each["seed"]) for each in records} == {
        (name, seed) for name in ("search", "random") for seed in (0, 1)
    }
    assert "| NRAMAccess | pointers |" in (tmp_path / "compare.md").read_text()
    assert (tmp_path / "compare-length.png").stat().st_size > 10_000


def test_interrupted_it_reports_what_there_is(tmp_path, monkeypatch):
    def interrupted(todo, workers, ray, stop):
        yield measure(todo[0])

    monkeypatch.setattr(comparison, "measured", interrupted)
    with pytest.raises(KeyboardInterrupt, match="1 of 2 cells measured; the same command goes on"):
        comparison.main(output=tmp_path, agents=["expert", "random"], envs=["NRAMCopy"], seeds=1)
    report = (tmp_path / "compare.md").read_text()
    assert "**Unfinished: 1 of 2 cells are measured.**" in report
    assert "| NRAMCopy | moves | 100 |" in report


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_keeps_the_cells_under_way_and_begins_no_other(tmp_path, kind):
    words = "--agents expert random search nram --envs NRAMCopy NRAMSort NRAMMerge --workers 1"
    process = compare(tmp_path, words)
    process.stderr.readline()  # the first cell is measured
    process.send_signal(kind)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted: waiting for the cells under way; again to end at once" in error
    assert "cells measured; the same command goes on" in error.splitlines()[-1]
    assert "Traceback" not in error
    count = len((tmp_path / "out" / "compare.jsonl").read_text().splitlines())
    assert 1 <= count < 12 * 3
    assert (tmp_path / "out" / "compare.md").exists()


def test_a_second_interrupt_ends_at_once_even_before_the_first_cell(tmp_path):
    process = compare(tmp_path, "--agents nram --envs NRAMMerge --seconds 1000 --workers 1")
    wait_for_child(process)
    process.send_signal(signal.SIGINT)
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=20)
    assert process.returncode == 130
    assert error.splitlines()[-1].startswith("interrupted")
    assert "Traceback" not in error
    assert not (tmp_path / "out" / "compare.md").exists()


def compare(folder, words):
    command = [sys.executable, "-m", "neuralprog_agents.cli", "benchmark", "compare"]
    return subprocess.Popen(
        [*command, "--output", str(folder / "out"), *words.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_child(process):
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while len(children.read_text().split()) < 2:  # the resource tracker, and a worker
        time.sleep(0.02)


def test_two_runs_on_one_log_are_refused(tmp_path, capsys):
    with locked(tmp_path / ".lock"):
        words = ["--agents", "expert", "--envs", "NRAMCopy", "--output", str(tmp_path)]
        assert main(["benchmark", "compare", *words]) == 2
    assert "another process is at work in this folder" in capsys.readouterr().err


def test_a_worker_that_dies_costs_its_cell_only(tmp_path):
    cell = configure(Cell("expert", "NRAMCopy-v0", seed=0, seconds=1.0))
    record = _record([cell], Failed(0, "its process was killed (SIGKILL)", "machine"))
    assert (record["status"], record["key"]) == ("failed", cell.key)
    log = Log(tmp_path / "compare.jsonl")
    log.add(record)
    assert log.missing([cell]) == [cell]


PART = ["--agents", "expert", "--seeds", "1", "--workers", "1"]


@pytest.mark.parametrize("words", [["--envs", "NRAMCopy"], ["--quick", "--envs", "NRAMCopy"]])
def test_a_part_of_the_comparison_leaves_the_results_of_record_alone(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("results").mkdir()
    page = "above\n<!-- compare -->\nold\n<!-- /compare -->\nbelow\n"
    Path("README.md").write_text(page)
    assert main(["benchmark", "compare", *PART, *words]) == 0
    assert not list(Path("results").iterdir())
    assert Path("README.md").read_text() == page
    assert Path("runs/compare/compare.md").exists()
    assert main(["benchmark", "compare", *PART, *words, "--page", "README.md"]) == 0
    assert "| `expert` |" in Path("README.md").read_text()
    assert Path("README.md").read_text().startswith("above\n<!-- compare -->\n| agent |")
    Path("README.md").write_text("no marks")
    assert main(["benchmark", "compare", *PART, *words, "--page", "README.md"]) == 2


def test_a_log_that_is_none_is_refused(tmp_path):
    (tmp_path / "compare.jsonl").write_text("{}\n")
    with pytest.raises(ValueError, match=r"line 1: not a measured cell"):
        Log(tmp_path / "compare.jsonl")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--agents", "ppoo"], "unknown entrant 'ppoo'"),
        (["--envs", "NRAMCopi"], "did you mean NRAMCopy-v0"),
        (["--seeds", "0"], "seeds must be from 1 to 1,000"),
        (["--seeds", "1000000000000"], "seeds must be from 1 to 1,000"),
        (["--seconds", "0"], "seconds must be above 0"),
        (["--seconds", "nan"], "seconds must be above 0"),
        (["--page", "none.md"], "none.md: No such file"),
        (["--workers", "0"], "--workers must be from 1 to 1,024"),
    ],
)
def test_bad_input_gets_one_line(words, message, tmp_path, capsys):
    assert main(["benchmark", "compare", "--output", str(tmp_path), *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_most_seeds_decide_whether_a_task_is_solved():
    low = {**dict.fromkeys(map(str, tasks.MULTIPLES), 0.0), "1": 0.98}
    good, bad = row("lstm", "NRAMCopy-v0"), row("lstm", "NRAMCopy-v0", seed=1, success_rates=low)
    assert answers_of([good, bad, {**bad, "seed": 2}], "lstm").solved == (0, 1)
    assert answers_of([good, bad, {**good, "seed": 2}], "lstm").solved == (1, 1)


def test_what_cannot_be_read_counts_as_wrong_and_what_is_left_out_not_at_all():
    success_rates = {
        "1": 1.0,
        "2": 0.5,
        "5": "its tapes have 9 cells",
        "10": "too long to play: 50",
    }
    success_rates["100"] = "no such length: 500"
    kept = answers_of([row("lstm", "NRAMCopy-v0", success_rates=success_rates)], "lstm").at
    assert [kept(k) for k in tasks.MULTIPLES] == [1.0, 0.5, 0.0, None, None]


def test_memory_compares_the_largest_with_the_default():
    records = [
        row("lstm", "NRAMCopy-v0", samples=100, parameters=50),
        row("lstm", "NRAMCopy-v0", length=[1, 10], samples=1000, parameters=50),
        row("lstm", "NRAMCopy-v0", length=[1, 20], samples=300, parameters=75),
    ]
    answers = answers_of(records, "lstm")
    assert (answers.memory, answers.parameters) == (3.0, 1.5)


def test_only_attempted_tasks_count():
    refused = {"status": "not applicable", "reason": "no"}
    records = [row("ppo", "NRAMCopy-v0"), {**row("ppo", "NRAMSort-v0"), **refused}]
    answers = answers_of(records, "ppo")
    assert answers.solved == (1, 1)
    assert answers.complex == (0, 0)
    assert answers.steps == tasks.program_length("NRAMCopy-v0")
    assert "| `ppo` | pairs |" in short(ComparisonSummary(records), FULL)
    assert "29 steps" in questions(ComparisonSummary(records))


def test_the_first_screen_shows_the_table_of_record():
    log = Log(ROOT / "results" / "compare.jsonl")
    table = short(ComparisonSummary(log.of(map(configure, FULL.cells()))), FULL)
    assert f"<!-- compare -->\n{table}\n<!-- /compare -->" in (ROOT / "README.md").read_text()


@pytest.mark.learning
def test_a_quick_comparison_of_everyone(tmp_path):
    words = ["benchmark", "compare", "--quick", "--seconds", "0.5", "--seeds", "1"]
    assert main([*words, "--envs", "NRAMAccess", "--output", str(tmp_path)]) == 0
    records = Log(tmp_path / "compare.jsonl").records.values()
    assert [each["reason"] for each in records if each["status"] == "failed"] == []
    solved = {each["entrant"] for each in records if each.get("success_rates", {}).get("1") == 1.0}
    assert {"expert", "search", "nram"} <= solved
    assert "random" not in solved
