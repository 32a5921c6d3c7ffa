"""What charts are told: TensorBoard's names and descriptions, and Weights & Biases by --track."""

import json
import sys

import pytest

from neuralprog_agents.cli import main
from neuralprog_agents.training.labels import LABELS, label
from neuralprog_agents.training.metrics import MetricsLog

WANDB = """
import json
from contextlib import contextmanager
from pathlib import Path


class Run:
    def __init__(self):
        self.calls = []

    def define_metric(self, name, step_metric):
        self.calls.append(["metric", name, step_metric])

    def log(self, values):
        self.calls.append(["log", values])


@contextmanager
def init(**settings):
    run = Run()
    yield run
    Path("wandb.json").write_text(json.dumps([settings, run.calls]))
"""


def test_tensorboard_has_names_and_descriptions(tmp_path):
    loader = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
    log = MetricsLog(tmp_path)
    log.write({"step": 1, "loss": 0.5, "own_number": 2.0})
    log.close()
    (path,) = tmp_path.glob("events.*")
    events = loader.LegacyEventFileLoader(str(path)).Load()
    values = [value for event in events for value in event.summary.value]
    found = {
        value.tag: (value.simple_value, value.metadata.summary_description) for value in values
    }
    assert found == {
        "training/loss": (0.5, LABELS["loss"].description),
        "agent/own number": (2.0, ""),
    }


def test_labels_are_distinct_and_in_words():
    tags = [label(name).tag for name in LABELS]
    assert len(set(tags)) == len(tags)
    assert all(tag.count("/") == 1 and "_" not in tag for tag in tags)
    assert all(description.endswith(".") for _, description in LABELS.values())


def test_track_sends_every_restart(toy, tmp_path, monkeypatch, capsys):
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "wandb.py").write_text(WANDB)
    monkeypatch.syspath_prepend(str(tmp_path / "fake"))
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    path = toy.write(lucky="[1]", restarts=3, pause=0.02)
    words = ["train", "--config", str(path), "--output", "run", "--workers", "1", "--track"]
    assert main([*words, "--wandb-entity", "us"]) == 0
    settings, calls = json.loads((tmp_path / "wandb.json").read_text())
    monkeypatch.delitem(sys.modules, "wandb")
    assert settings["name"] == settings["id"] == "run"
    assert (settings["project"], settings["entity"]) == ("neuralprog", "us")
    assert settings["config"]["agent"] == "toy"
    logged = {
        name: value for kind, *rest in calls if kind == "log" for name, value in rest[0].items()
    }
    assert (logged["restart 0/succeeded"], logged["restart 1/succeeded"]) == (0, 1)


@pytest.mark.parametrize("command", ["train", "sweep"])
def test_track_without_its_library_is_one_line_and_nothing_is_written(
    command, toy, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "wandb", None)
    path = toy.write()
    assert main([command, "--config", str(path), "--output", "run", "--track"]) == 2
    assert capsys.readouterr().err == "neuralprog: needs wandb: pip install wandb\n"
    assert not (tmp_path / "run").exists()
