"""Run folders, their lock, and metrics that a resumed run does not repeat."""

import json
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

from neuralprog_agents.agent import Outcome
from neuralprog_agents.evaluation.agents import AgentError, open_agent
from neuralprog_agents.registry import find, names
from neuralprog_agents.training import checkpoint, config, runs
from neuralprog_agents.training.files import BusyError, locked
from neuralprog_agents.training.metrics import MetricsLog, read_rows

COMMAND = ["neuralprog", "train", "--config", "a b.yaml"]


def test_a_run_folder_holds_what_is_needed_to_repeat_it(toy, tmp_path):
    folder = tmp_path / "deep" / "run"
    settings = toy.Config(seed=5, lucky=(1, 2), pause=1e-5)
    runs.create(folder, "train", "toy", settings, COMMAND)
    run = runs.read(folder)
    assert (run.kind, run.agent, run.config) == ("train", "toy", settings)
    assert run.meta["command"] == "neuralprog train --config 'a b.yaml'"
    assert {"python", "neuralprog", "numpy", "torch", "numba"} <= run.meta["versions"].keys()
    assert {"git", "platform", "started"} <= run.meta.keys()


def test_foreign_folders_are_refused(toy, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(runs.RunError, match="not empty"):
        runs.create(tmp_path, "train", "toy", toy.Config(), COMMAND)
    assert os.listdir(tmp_path) == ["thesis.tex"]
    with pytest.raises(runs.RunError, match="not empty"):
        runs.create(tmp_path / "thesis.tex", "train", "toy", toy.Config(), COMMAND)
    with pytest.raises(runs.RunError, match="not a run folder"):
        runs.read(tmp_path)
    with pytest.raises(runs.RunError, match="no such folder"):
        runs.read(tmp_path / "nowhere")
    (tmp_path / "meta.json").write_text('{"format": "something"}')
    with pytest.raises(runs.RunError, match="not a run folder"):
        runs.read(tmp_path)


def test_an_older_run_is_not_overwritten_but_a_half_made_one_is(toy, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.yaml").write_text("half")
    (folder / ".lock").touch()
    runs.create(folder, "train", "toy", toy.Config(), COMMAND)
    with pytest.raises(runs.RunError, match="--resume"):
        runs.create(folder, "train", "toy", toy.Config(), COMMAND)


def test_a_damaged_meta_or_config_is_refused(toy, tmp_path):
    runs.create(tmp_path / "run", "train", "toy", toy.Config(), COMMAND)
    (tmp_path / "run" / "config.yaml").write_text("agent: toy\ntotl: 3\n")
    with pytest.raises(ValueError, match=r"unknown setting totl: did you mean total"):
        runs.read(tmp_path / "run")
    (tmp_path / "run" / "meta.json").write_text('{"format": "neural')
    with pytest.raises(ValueError, match="not valid JSON"):
        runs.read(tmp_path / "run")


def test_a_run_of_another_format_is_refused(toy, tmp_path):
    runs.create(tmp_path / "run", "train", "toy", toy.Config(), COMMAND)
    path = tmp_path / "run" / "meta.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 2}))
    with pytest.raises(runs.RunError, match=r"meta\.json: version: expected 1, got 2"):
        runs.read(tmp_path / "run")


def test_default_names_tell_agent_and_task_and_never_clash(tmp_path):
    assert runs.task_name("NRAMWalkBST-v0") == "walkbst"
    assert runs.task_name("NPTableQA-v0") == "tableqa"
    assert runs.task_name("NPWikiTableQuestions-v0") == "wikitables"
    first = runs.default_folder("nram", "NRAMCopy-v0", tmp_path)
    assert first.name.startswith("nram-copy-")
    first.mkdir()
    assert runs.default_folder("nram", "NRAMCopy-v0", tmp_path) != first


HOLD = """
import sys, time
from pathlib import Path
from neuralprog_agents.training.files import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_keeps_others_out_until_its_owner_dies(tmp_path):
    path = tmp_path / ".lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match="another process"), locked(path):
            pass
        owner.kill()
    with locked(path):
        pass


@pytest.fixture
def finished(toy, tmp_path):
    folder = tmp_path / "run"
    runs.create(folder, "train", "toy", toy.Config(seed=2), COMMAND)
    outcome = Outcome(True, {"error": 0.0}, {"sums": np.ones(3)}, {"env": "NRAMCopy-v0"})
    runs.finish(runs.read(folder), outcome, 4, 5, 1)
    return folder


def test_a_finished_run_is_an_agent(finished):
    card = json.loads((finished / "card.json").read_text())
    wanted = {
        "agent": "toy",
        "env": "NRAMCopy-v0",
        "supervision": "nothing",
        "command": "neuralprog train --config 'a b.yaml'",
        "seed": 2,
        "restart": 4,
        "restarts_tried": 5,
        "restarts_succeeded": 1,
        "metrics": {"error": 0.0},
    }
    assert wanted.items() <= card.items()
    agent = open_agent(str(finished))
    assert agent.env_id == "NRAMCopy-v0"
    assert agent.test_lengths == (4, 6)


def test_damaged_or_foreign_agents_are_refused(finished, tmp_path):
    weights = finished / "weights.safetensors"
    checkpoint.save(weights, "weights", {"sums": np.zeros(3)}, {})
    with pytest.raises(AgentError, match="not the weights"):
        open_agent(str(finished))
    weights.write_bytes(weights.read_bytes()[:-3])
    with pytest.raises(ValueError, match="cut short"):
        open_agent(str(finished))
    weights.unlink()
    with pytest.raises(ValueError, match="no such file"):
        open_agent(str(finished))
    (finished / "card.json").write_text("{}")
    with pytest.raises(AgentError, match="not an agent's card"):
        open_agent(str(finished))
    (finished / "card.json").unlink()
    with pytest.raises(AgentError, match="no learned program"):
        open_agent(str(finished))
    with pytest.raises(AgentError, match="neither a run folder nor a pretrained agent"):
        open_agent("nram-srot")


def test_agents_are_found_by_name_and_near_names_are_told(toy):
    assert {"nram", "toy"} <= set(names())
    assert find("toy") is toy.module
    with pytest.raises(ValueError, match="unknown agent 'nrma': did you mean nram"):
        find("nrma")


def test_settings_survive_the_way_through_yaml(toy, tmp_path):
    settings = toy.Config(lucky=(), pause=1e-9, env="NRAMCopy-v0", test_lengths=(5,))
    path = tmp_path / "config.yaml"
    path.write_text(config.dump("toy", settings))
    assert config.read_agent(path) == "toy"
    assert config.parse("toy", path) == settings
    assert config.parse("toy", path, ["--pause", "1e-3", "--lucky=[3]"]).lucky == (3,)


def test_rows_after_a_resume_replace_those_of_the_killed_run(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        log = MetricsLog(tmp_path)
        for step in (10, 20, 30, 40):
            log.write({"step": step, "loss": 1 / step})
        log.close()
        with open(tmp_path / "metrics.csv", "a") as file:
            file.write("50,0.0")  # cut short by the kill
        again = MetricsLog(tmp_path)
        for step in (30, 40, 50):
            again.write({"step": step, "loss": 2.0, "level": 3})
        again.close()
    rows = read_rows(tmp_path / "metrics.csv")
    assert [row["step"] for row in rows] == ["10", "20", "30", "40", "50"]
    assert [row["level"] for row in rows] == ["", "", "3", "3", "3"]
    seconds = [float(row["seconds"]) for row in rows]
    assert seconds == sorted(seconds)


def test_tensorboard_reads_each_step_once(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = MetricsLog(tmp_path)
    for step in (1, 2, 3):
        log.write({"step": step, "loss": float(step)})
    log.close()
    again = MetricsLog(tmp_path)
    for step in (3, 4):
        again.write({"step": step, "loss": 10.0 * step})
    again.close()
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    seen = [(event.step, event.value) for event in events.Scalars("training/loss")]
    assert seen == [(1, 1.0), (2, 2.0), (3, 30.0), (4, 40.0)]


def test_a_folder_is_named_after_the_task_alone():
    name = runs.default_folder("nram", "double:Double-v0").name
    assert name.startswith("nram-double-")
    assert ":" not in name
