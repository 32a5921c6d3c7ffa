"""The comparison: that it covers everything, resumes, refuses, and adds up rightly."""

import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from neuralprog_agents import registry
from neuralprog_agents.benchmark.comparison import main as comparison
from neuralprog_agents.benchmark.comparison import scores, tasks
from neuralprog_agents.benchmark.comparison.cells import Cell, configure
from neuralprog_agents.benchmark.comparison.entrants import ENTRANTS, entrant
from neuralprog_agents.benchmark.comparison.log import Log
from neuralprog_agents.benchmark.comparison.measure import measure
from neuralprog_agents.benchmark.comparison.plan import FULL, Plan, grown, size
from neuralprog_agents.benchmark.comparison.workers import _record
from neuralprog_agents.cli import main
from neuralprog_agents.training.files import locked
from neuralprog_agents.training.interrupts import InterruptError
from neuralprog_agents.training.pool import Failed
from neuralprog_envs import REGISTRY
from neuralprog_envs.registry import make_task
from tests.agents.benchmark.comparison.test_report import row

OWN_PROTOCOL = {"neural_programmer_2017"}
"""Agents that are scored on a release's own splits alone."""


def test_every_agent_takes_part():
    assert {who.agent for who in ENTRANTS if who.agent} == set(registry.AGENTS) - OWN_PROTOCOL
    assert len({who.name for who in ENTRANTS}) == len(ENTRANTS)


def test_no_two_entrants_are_the_same_agent_with_the_same_settings():
    configured = replace(FULL, seeds=1).every
    own = [(each.cell.env, each.cell.who.agent, each.config) for each in configured if each.config]
    assert len(own) == len(set(map(repr, own)))


def test_who_says_gradient_does_not_search():
    named = [each for each in replace(FULL, seeds=1).every if "gradient" in each.cell.entrant]
    settings = [each.config for each in named if each.config]
    assert {getattr(config, "repair", 0) for config in settings} == {0}
    assert {getattr(config, "learner", "gradient") for config in settings} == {"gradient"}


def test_settings_are_those_of_the_task_or_else_of_the_family():
    def file(name, env):
        return entrant(name).file(env).name

    assert file("dqn", "NPIMax") == "max.yaml"
    assert file("dqn", "NRAMMerge") == "tape.yaml"
    assert file("nram-gradient", "NRAMCopy") == "copy-gradient.yaml"
    assert file("nram-gradient", "NRAMCount") == "count.yaml"
    assert file("imitation", "NRAMCopy") == "tape-bc.yaml"
    assert entrant("dqn").config("NRAMMerge").length == (2, 5)


@pytest.mark.parametrize("env", [env for env in FULL.envs if REGISTRY[env].family == "table"])
def test_all_are_asked_about_tables_of_the_task_s_columns(env):
    asked = make_task(env).source.columns
    cells = replace(FULL, seeds=1, envs=(env,)).every
    found = {c.cell.entrant: c.config.columns for c in cells if hasattr(c.config, "columns")}
    assert set(found) == {"neural_programmer", "np-gradient", "np-rewards"}
    assert set(found.values()) == {asked}


def test_every_task_has_one_kind_and_every_synthetic_one_takes_part():
    assert {len(row.tags & set(tasks.KINDS)) for row in REGISTRY.values()} == {1}
    assert set(FULL.envs) == {
        row.id for row in REGISTRY.values() if not row.tags & {"real", "function", "stage"}
    }


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
    monkeypatch.setattr(scores, "_score", lambda *given: reader.lengths.add(given[2]) or 0.5)
    found = dict(
        scores._success_rates(reader, reader.env_id, tasks.evaluations(reader.env_id, 100))
    )
    assert reader.lengths == {100, 200, 500}
    assert found["5"] == 0.5
    assert found["10"] == "too long to read: 1000"
    assert not tasks.evaluations("NPTableQASynonyms-v0", 400)[0].left_out(answers=True)


def test_memory_grows_with_the_longest_length():
    assert grown("NRAMCopy-v0", 4) == (1, 20)


def test_a_cell_is_trained_within_its_budget_and_scored_beyond_it(tmp_path):
    record = measure(configure(Cell("search", "NRAMCopy-v0", seed=0), 20.0), tmp_path)
    assert record["status"] == "measured"
    assert record["success_rates"] == {"1": 1.0, "2": 1.0, "5": 1.0, "10": 1.0, "100": 1.0}
    assert record["wider"] == 1.0
    assert 0 < record["solved"] <= record["cpu_seconds"] < 20
    assert record["curve"][-1]["samples"] <= 1000
    assert re.fullmatch(r"[0-9a-f]{12}\+?|", record["commit"])
    assert record["machine"]
    assert not list(tmp_path.glob("*/*"))


@pytest.mark.parametrize(
    ("name", "env", "why"),
    [
        ("search", "NPIHanoi-v0", "tape family only"),
        ("npi", "NRAMCopy-v0", "program family only"),
        ("alphanpi", "NPIMax-v0", "configs/alphanpi has no settings for it"),
    ],
)
def test_what_an_agent_cannot_face_has_a_reason(name, env, why, tmp_path):
    record = measure(configure(Cell(name, env, seed=0), 1.0), tmp_path)
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
    assert scores._score(Narrow(), "NRAMCopy-v0", 10, 5, {}) == "it reads 5 at most"
    with pytest.raises(ValueError, match="broken"):
        scores._score(Narrow(), "NRAMCopy-v0", 5, 5, {})


def test_it_resumes_and_measures_nothing_twice(tmp_path):
    asked = {"agents": ["search", "random"], "envs": ["NRAMAccess"], "seconds": 5.0, "workers": 1}
    comparison.main(output=tmp_path, seeds=1, **asked)
    before = (tmp_path / "compare.jsonl").read_text()
    (tmp_path / "compare.jsonl").write_text(before + '{"cut')
    comparison.main(output=tmp_path, seeds=2, **asked)
    after = (tmp_path / "compare.jsonl").read_text()
    assert after.startswith(before)
    assert len(after.splitlines()) == 3
    records = [json.loads(line) for line in after.splitlines()]
    assert {(each["entrant"], each["seed"]) for each in records} == {
        ("search", 0),
        ("search", 1),
        ("random", 0),
    }
    assert "NRAMAccess" in (tmp_path / "compare.md").read_text()


def test_interrupted_it_keeps_what_is_under_way_and_goes_on(tmp_path):
    words = "--agents lstm --envs NRAMMerge --seeds 1 --seconds 2 --workers 1"
    process = compare(tmp_path, words)
    wait_for(lambda: list(tmp_path.glob("out/cells/*/curve.safetensors")))
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted: the trainings under way are kept; again to end at once" in error
    assert "0 of 1 cells measured; the same command goes on" in error.splitlines()[-1]
    assert "Traceback" not in error
    assert not (tmp_path / "out" / "compare.jsonl").exists()
    assert list(tmp_path.glob("out/cells/*/0000/checkpoint.safetensors"))
    process = compare(tmp_path, words)
    _, error = process.communicate(timeout=90)
    assert process.returncode == 0, error
    [record] = Log(tmp_path / "out" / "compare.jsonl").records.values()
    assert [point["seconds"] for point in record["curve"]] == [0.5, 1.0, 2.0]


def test_a_second_interrupt_ends_at_once(tmp_path):
    process = compare(tmp_path, "--agents nram-hybrid --envs NRAMMerge --seconds 1000 --workers 1")
    wait_for(lambda: any(tmp_path.glob("out/cells/*/0000")))  # the worker trains
    process.send_signal(signal.SIGINT)
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=20)
    assert process.returncode == 130
    assert error.splitlines()[-1].startswith("interrupted")
    assert "Traceback" not in error


def compare(folder, words):
    command = [sys.executable, "-m", "neuralprog_agents.cli", "benchmark", "compare"]
    return subprocess.Popen(
        [*command, "--output", str(folder / "out"), *words.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(happened):
    while not happened():
        time.sleep(0.02)


def test_two_runs_on_one_log_are_refused(tmp_path, capsys):
    with locked(tmp_path / ".lock"):
        words = ["--agents", "expert", "--envs", "NRAMCopy", "--output", str(tmp_path)]
        assert main(["benchmark", "compare", *words]) == 2
    assert "another process is at work in this folder" in capsys.readouterr().err


def test_a_worker_that_dies_costs_its_cell_only(tmp_path):
    cell = configure(Cell("expert", "NRAMCopy-v0", seed=0), 1.0)
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
    assert Path("README.md").read_text().startswith("above\n<!-- compare -->\n| ")
    Path("README.md").write_text("no marks")
    assert main(["benchmark", "compare", *PART, *words, "--page", "README.md"]) == 2


LINE = {
    "key": "k", "status": "measured", "entrant": "expert", "env": "NRAMCopy-v0", "seed": 0,
    "length": None, "budget": 1.0, "supervision": "nothing", "machine": "M", "commit": "C",
    "curve": [{"seconds": 0.0, "success": 1.0}], "wider": None, "solved": 0.0, "judging": 0.0,
    "success_rates": {str(multiple): 1.0 for multiple in tasks.MULTIPLES},
}  # fmt: skip


def test_a_line_of_a_log_is_a_measured_cell(tmp_path):
    for line in (LINE, TRAINED, {**LINE, "status": "failed", "reason": "killed"}):
        (tmp_path / "compare.jsonl").write_text(f"{json.dumps(line)}\n" * 2)
        assert list(Log(tmp_path / "compare.jsonl").records.values()) == [line]


TRAINED = {**LINE, "supervision": "pairs", "cpu_seconds": 1.0, "restarts": 1}


@pytest.mark.parametrize(
    "line",
    [
        {},
        *({name: TRAINED[name] for name in TRAINED if name != missing} for missing in TRAINED),
        {**LINE, "curve": [{}]},
        {**LINE, "curve": []},
        {**LINE, "success_rates": {}},
        {**LINE, "budget": 0},
        {**LINE, "status": "zzz"},
        {**LINE, "status": "failed"},
        {**TRAINED, "cpu_seconds": None},
    ],
)
def test_a_log_that_is_none_is_refused(tmp_path, line):
    (tmp_path / "compare.jsonl").write_text(f"{json.dumps(line)}\n")
    with pytest.raises(ValueError, match=r"line 1: not a measured cell"):
        Log(tmp_path / "compare.jsonl")


@pytest.mark.parametrize("why", [(), ("1 of 2 cells measured",)])
def test_a_second_interrupt_waits_for_no_report(why, tmp_path, monkeypatch):
    def interrupted(plan, log, workers, ray):
        log.add(row("expert", "NRAMCopy-v0", 0, ((0.0, 1.0),), solved=0.0))
        raise InterruptError(*why)

    monkeypatch.setattr(comparison, "_measure_missing", interrupted)
    with pytest.raises(InterruptError):
        comparison.main(output=tmp_path, agents=["expert"], envs=["NRAMCopy"], seeds=1)
    assert (tmp_path / "compare.md").exists() == bool(why)


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
        (["--data", "x"], "--data: compare takes --quick, --plan, --report"),
        ([*PART, "--envs", "NRAMCopy", "--report"], "nothing of this comparison is measured"),
        (["--agents", "nram-hybrid", "--envs", "NPIMax", "--report"], "nothing of this comparison"),
    ],
)
def test_bad_input_gets_one_line(words, message, tmp_path, capsys):
    assert main(["benchmark", "compare", "--output", str(tmp_path), *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def record_of(cell, budget, success, solved=None):
    """A record as ``measure`` writes it."""
    curve = [
        {"seconds": 60.0, "success": min(success, 0.3)},
        {"seconds": 600.0, "success": success},
    ]
    own = {
        "entrant": cell.cell.entrant,
        "env": cell.cell.env,
        "key": cell.key,
        "status": "measured",
    }
    return {**own, "budget": budget, "solved": solved, "curve": curve, "cpu_seconds": budget / 2,
            "judging": 0.0}  # fmt: skip


PAIRS = ("lstm", "transformer")


def plan_of(log, rates):
    """A plan whose first stage is measured, with these successes of ``PAIRS`` in both seeds."""
    plan = Plan(PAIRS, ("NRAMCopy-v0",), seeds=2, seconds=60.0, longer=600.0)
    for cell in plan.every:
        rate = rates[cell.cell.entrant]
        log.add(record_of(cell, 60.0, rate, 30.0 if rate == 1.0 else None))
    return plan


def test_the_best_that_has_not_solved_a_task_goes_on(tmp_path):
    log = Log(tmp_path / "compare.jsonl")
    plan = plan_of(log, {"lstm": 0.2, "transformer": 0.25})
    todo = log.missing(plan.cells(log))
    assert {(cell.cell.entrant, cell.seconds) for cell in todo} == {("transformer", 600.0)}
    log.add(record_of(todo[0], 600.0, 1.0, 200.0))
    assert log.missing(plan.cells(log)) == todo[1:]
    assert [row[1:3] for row in size(plan, log)] == [(4, 0), (2, 1), (0, 0)]


def test_memory_grows_for_those_that_solve_half_of_it(tmp_path):
    log = Log(tmp_path / "compare.jsonl")
    plan = plan_of(log, {"lstm": 0.2, "transformer": 1.0})
    todo = log.missing(plan.stages(log)[2].cells)
    assert {(cell.cell.entrant, cell.cell.length) for cell in todo} == {("transformer", (1, 10))}
    for cell in todo:
        log.add(record_of(cell, 60.0, 1.0, 50.0))
    assert {cell.cell.length for cell in log.missing(plan.cells(log))[2:]} == {(1, 20)}


def test_what_is_left_is_reckoned_from_what_others_cost(tmp_path):
    log = Log(tmp_path / "compare.jsonl")
    plan = Plan(PAIRS, ("NRAMCopy-v0",), seeds=2, seconds=60.0)
    assert size(plan, log)[0][1:] == (4, 4, 240 / 3600, 240 / 3600)
    log.add(record_of(plan.every[0], 60.0, 0.5))
    assert size(plan, log)[0][1:] == (4, 3, 150 / 3600, 180 / 3600)


def test_the_plan_is_printed_and_nothing_is_measured(tmp_path, capsys):
    words = ["--agents", "lstm", "--envs", "NRAMCopy", "--output", str(tmp_path / "out"), "--plan"]
    assert main(["benchmark", "compare", *words]) == 0
    assert "CPU-hours, likely" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


POLICY = """
import numpy as np

class Still:
    env_id = "NRAMCopy-v0"

    def settings(self, length):
        return {}

    def start(self, n):
        pass

    def act(self, observation, action_mask):
        return np.zeros((len(observation["tape"]), 4), dtype=np.int64)
"""


def test_a_policy_of_ones_own_enters_by_its_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("still.py").write_text(POLICY)
    words = ["--agents", "still.py", "expert", "--seeds", "1", "--workers", "1"]
    assert main(["benchmark", "compare", *words]) == 0
    records = Log(Path("runs/compare/compare.jsonl")).records.values()
    found = {record["entrant"]: record["curve"][0]["success"] for record in records}
    assert found == {"still.py": 0.0, "expert": 1.0}


def test_an_installed_agent_enters_by_its_name(toy, tmp_path):
    words = ["--agents", "toy", "--envs", "NRAMAccess", "--seeds", "1", "--seconds", "1"]
    assert main(["benchmark", "compare", *words, "--workers", "1"]) == 0
    [record] = Log(Path("runs/compare/compare.jsonl")).records.values()
    assert record["status"] == "measured", record
    assert record["curve"][0]["success"] == 1.0


@pytest.mark.slow
@pytest.mark.learning
def test_a_quick_comparison_of_everyone(tmp_path):
    words = ["benchmark", "compare", "--quick", "--seconds", "0.5", "--seeds", "1"]
    assert main([*words, "--envs", "NRAMAccess", "--output", str(tmp_path)]) == 0
    records = Log(tmp_path / "compare.jsonl").records.values()
    assert [each["reason"] for each in records if each["status"] == "failed"] == []
    solved = {each["entrant"] for each in records if each.get("solved") is not None}
    assert {"expert", "search", "nram-hybrid"} <= solved
    assert "random" not in solved
