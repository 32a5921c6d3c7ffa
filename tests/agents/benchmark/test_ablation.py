"""The ablation on real tables, at the size of the sample."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neuralprog_agents.agents.neural_programmer_2017 import data
from neuralprog_agents.agents.neural_programmer_2017.config import Config
from neuralprog_agents.benchmark import ablation
from neuralprog_agents.benchmark.log import Log

ROOT = Path(__file__).parents[3]
TINY = Config(questions="sample", word_cutoff=1, hidden=8, embedding=6, epochs=1, beam=2)
ROWS = (ablation.EVERYTHING, *ablation.OPERATIONS[:1])


@pytest.fixture(scope="module")
def programs():
    return ablation.Programs(ablation.questions(TINY))


def test_no_table_is_both_learned_from_and_held_out(programs):
    learned, held = (
        {question.context for question in source.questions}
        for source in (programs.questions.source, programs.questions.judged)
    )
    assert learned
    assert held
    assert not learned & held


@pytest.mark.parametrize("names", [("and",), ("like",), ablation.OURS, ("max", "first", "last")])
def test_what_is_left_without_an_operation_is_what_a_search_without_it_finds(programs, names):
    searched = list(data.examples(programs.questions.source, names))
    reduced = programs.without(names)
    assert [e is None for e in reduced] == [e is None for e in searched]
    assert _count(reduced) < _count(programs.all)
    for ours, theirs in zip(reduced, searched, strict=True):
        if ours is not None:
            for name, array in vars(ours.programs).items():
                assert np.array_equal(array, getattr(theirs.programs, name))


def _count(examples):
    return sum(len(each.programs) for each in examples if each is not None)


def test_a_killed_run_goes_on_and_the_report_has_each_row(tmp_path, monkeypatch):
    ablation.main(TINY, tmp_path, 2, ROWS)
    log = tmp_path / ablation.LOG
    whole, report = log.read_text(), (tmp_path / ablation.REPORT).read_text()
    assert len(whole.splitlines()) == 4
    assert all(f"| {row.name} | " in report for row in ROWS)
    log.write_text(whole[:-9])
    again = []
    measured = ablation.measured
    monkeypatch.setattr(ablation, "measured", lambda *a: again.append(a[0]) or measured(*a))
    ablation.main(TINY, tmp_path, 2, ROWS)
    assert again == [replace(TINY, seed=1, without=("and",))]
    assert [r.right for r in Log(log, ablation.NetworkScore).records] == [
        json.loads(line)["right"] for line in whole.splitlines()
    ]
    ablation.main(TINY, tmp_path, 2, ROWS, measure=False)
    assert len(again) == 1


def test_what_is_no_log_is_refused(tmp_path):
    for line, message in (
        ("{}", "line 1: settings"),
        ('{"settings": {}, "right": "x"}', "right"),
        ("nothing", "line 1"),
    ):
        (tmp_path / ablation.LOG).write_text(line + "\n")
        with pytest.raises(ValueError, match=message):
            ablation.main(TINY, tmp_path, 2, ROWS)
    with pytest.raises(ValueError, match="seeds must be from 2 to 1,000, got 1"):
        ablation.main(TINY, tmp_path, 1, ROWS)


def test_a_report_without_its_first_row_is_refused(tmp_path):
    with pytest.raises(ValueError, match="everything is not measured with 2 seeds"):
        ablation.main(TINY, tmp_path, 2, ROWS, measure=False)


def test_the_tables_of_record_are_made_from_the_log():
    log = Log(ROOT / "results" / ablation.LOG, ablation.NetworkScore)
    written = (ROOT / "results" / ablation.REPORT).read_text()
    assert written == ablation.report(log, ablation.SHORT, ablation.SEEDS)
    page = ROOT / "agents/neuralprog_agents/agents/neural_programmer_2017/README.md"
    lines = [line for line in written.splitlines() if line.startswith("| ")]
    assert len(lines) == 1 + len(ablation.ROWS)
    assert "\n".join(lines[1:]) in page.read_text()
