"""Studies try settings within a budget, go on where they were cut off, and end in a config."""

import json
import re
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("optuna")

from neuralprog_agents.cli import main
from neuralprog_agents.training import config as settings
from neuralprog_agents.training.shipped import locate
from neuralprog_agents.training.tuning import SEARCHES, Search, Study, StudyPlan, Training, searched

WORDS = ["--metric", "step", "--search", "total=1..40", "--search", "seed=[1, 2]"]
SMALL = {"total": "[3]", "seed": "[0]"}
TIMES = ["--seconds", "60", "--trial-seconds", "1", "--seeds", "1"]


def tune(path, output, *words):
    command = ["tune", "--config", str(path), "--output", output, *WORDS, *TIMES, *words]
    return main(command)


def trials(output):
    """Return what was tried, from the lines of the journal: each is JSON and nothing else."""
    lines = [json.loads(line) for line in Path(output, "journal.log").read_text().splitlines()]
    return [line for line in lines if "param_name" in line]


@pytest.fixture
def slow_toy(toy, monkeypatch, spend):
    """A toy whose step costs 0.02 CPU-seconds, 0.04 for an even index; nothing else costs."""
    monkeypatch.setattr(toy.module, "time", SimpleNamespace(sleep=spend))
    return SimpleNamespace(
        module=toy.module, Config=toy.Config, write=partial(toy.write, pause=0.02)
    )


def test_the_best_settings_become_a_config(slow_toy, capsys):
    assert tune(slow_toy.write(), "study", "--trials", "12") == 0
    out = capsys.readouterr().out
    agent, config = settings.load(Path("study/best.yaml"))
    assert agent == "toy"
    assert config.total > 20
    assert out.count("\ntrial ") + 1 == 12 + 3
    assert Path("study/best.yaml").read_text().startswith("# neuralprog tune --config toy.yaml")


def test_a_study_goes_on_with_the_same_proposals(slow_toy, capsys):
    path = slow_toy.write()
    assert tune(path, "whole", "--trials", "10") == 0
    assert tune(path, "parts", "--trials", "4") == 0
    assert tune(path, "parts", "--trials", "10") == 0

    def tried(output):
        return [(t["param_name"], t["param_value_internal"]) for t in trials(output)]

    assert tried("parts") == tried("whole")
    assert main(["tune", "--config", str(path), "--output", "whole", *WORDS[:4]]) == 2
    assert "holds a study of other settings" in capsys.readouterr().err


def plan(toy, **more):
    usual = {"search": Search("step", {"total": "1..40"}), "overrides": ()}
    times = {"seconds": 60, "trial_seconds": 1, "seeds": 1, "trials": 1}
    return StudyPlan(agent="toy", config=str(toy.write()), **{**usual, **times, **more})


def test_a_trial_that_was_cut_off_begins_again(toy, tmp_path):
    study = Study(plan(toy), tmp_path / "study")
    cut = study._study.ask()
    cut.suggest_int("total", 1, 40)
    lines = []
    Study(plan(toy), tmp_path / "study", lines.append).run()
    assert lines[0].endswith(json.dumps(cut.params))


def test_a_training_that_has_ended_keeps_its_score_and_costs_nothing_more(slow_toy, tmp_path):
    config = slow_toy.Config(total=3, pause=0.02)
    first, again = (Training(plan(slow_toy), config, 1, tmp_path) for _ in range(2))
    assert (first.run(None), first.seconds) == (3, pytest.approx(3 * 0.02))
    assert (again.run(None), again.seconds) == (3, 0)


def test_a_study_that_is_cut_off_between_two_seeds_ends_as_one_that_is_not(slow_toy, tmp_path):
    class CutError(Exception):
        pass

    def cut(seconds):
        raise CutError

    lines, one = {"whole": [], "parts": []}, plan(slow_toy, seeds=2, search=Search("step", SMALL))
    study = Study(one, tmp_path / "parts")
    with pytest.MonkeyPatch.context() as patch:
        second = Training(one, one.with_settings({"total": 3}), 1, tmp_path / "parts")._own_folder
        patch.setattr(slow_toy.module.time, "sleep", lambda s: cut(s) if second.exists() else None)
        with pytest.raises(CutError):
            study.run()
    for name, shown in lines.items():
        Study(one, tmp_path / name, shown.append).run()
    assert lines["parts"][0].split(":", 1)[1] == lines["whole"][0].split(":", 1)[1]
    assert ": 3.000  " in lines["whole"][0]


def test_settings_that_were_tried_are_not_trained_again(slow_toy, capsys):
    words = ["--search", "total=[3, 6]", "--search", "seed=[1, 2]", "--metric", "step"]
    path, most = str(slow_toy.write()), ["--trials", "100"]
    assert main(["tune", "--config", path, "--output", "study", *words, *TIMES, *most]) == 0
    out = capsys.readouterr().out
    scores = set(re.findall(r": (\S+)  \{\"total\": (\d)", out))
    assert scores == {("3.000", "3"), ("6.000", "6")}
    assert out.count("\n") < 100  # it ends when nothing new is proposed
    assert len(list(Path("study/trainings").iterdir())) == 4 + 3  # with new seeds the three best
    assert out.count("with new seeds") == 3 + 1


def test_settings_that_were_given_up_are_not_trained_again(toy, tmp_path):
    study = Study(plan(toy), tmp_path / "study")
    first = study._study.ask()
    first.suggest_int("total", 1, 40)
    first.report(2.0, 1)
    study._study.tell(first, state=study._optuna.trial.TrialState.PRUNED)
    study._study.enqueue_trial(first.params)
    again = study._study.ask()
    again.suggest_int("total", 1, 40)
    assert study._known_score(again) == (2.0, True)


def test_a_hopeless_trial_is_given_up_and_luck_with_a_seed_does_not_decide(slow_toy, tmp_path):
    class Hopeless:
        reports = []

        def report(self, value, step):
            self.reports.append((value, step))

        def should_prune(self):
            return True

    config = slow_toy.Config(total=10**6, pause=0.02)
    one = Training(plan(slow_toy, trial_seconds=0.4), config, 0, tmp_path)
    score = one.run(Hopeless())
    assert one.pruned
    assert len(Hopeless.reports) == 1
    assert score == Hopeless.reports[0][0] < 10**6
    lucky = slow_toy.Config(total=3, lucky=(0,), pause=0.02)
    assert Training(plan(slow_toy), lucky, 0, tmp_path).run(None) == pytest.approx(1 + 1 - 3 * 0.04)
    assert Training(plan(slow_toy), lucky, 1, tmp_path).run(None) == 3


def test_the_budget_holds(slow_toy):
    words = ["--seconds", "1.2", "--trial-seconds", "0.11", "--seeds", "2"]
    assert tune(slow_toy.write(total=10**5), "study", "--search", "seed=1..9", *words) == 0
    used = [json.loads(line) for line in Path("study/journal.log").read_text().splitlines()]
    seconds = {
        line["trial_id"]: line["user_attr"]["cpu_seconds"]  # the last that is said of each
        for line in used
        if "cpu_seconds" in line.get("user_attr", {})
    }
    assert max(seconds.values()) == pytest.approx(2 * 0.12)  # two, each to the end of a step
    assert sum(seconds.values()) < 1.2


def test_what_a_trial_takes_is_charged_while_it_trains(slow_toy, tmp_path):
    charged, config = [], slow_toy.Config(total=10**6, pause=0.02)
    Training(plan(slow_toy, trial_seconds=0.4), config, 0, tmp_path).run(None, charged.append)
    assert len(charged) > 2
    assert charged == sorted(set(charged))
    assert charged[-1] == pytest.approx(0.4, abs=0.1)


@pytest.mark.parametrize("name", sorted(SEARCHES))
def test_every_listed_setting_is_one_of_its_agents(name):
    path = sorted(locate("rl/tape").parents[1].joinpath(name).glob("*.yaml"))[0]
    words = ["--algorithm", "DQN"] if name == "rl" else []
    found = searched(name, path, words, {}, None)
    assert len(found.space) == len(SEARCHES[name].space) - (name == "rl")  # DQN has no entropy
