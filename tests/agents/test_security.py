"""Files of strangers: opening them executes nothing, and ends in one line where they are bad."""

import json
import shutil
import sys

import pytest

from neuralprog_agents.cli import main
from neuralprog_agents.evaluation.agents import pretrained

EVIL = "open('executed', 'w').close()\nimport neuralprog_envs\n"
STOLEN = "stolen.evil:NRAMSort-v0"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Be in a folder where a module lies that says when it was imported."""
    (tmp_path / "stolen").mkdir()
    (tmp_path / "stolen" / "evil.py").write_text(EVIL)
    (tmp_path / "stolen" / "__init__.py").write_text(EVIL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in ("stolen", "stolen.evil"):
        sys.modules.pop(name, None)


def copied(name):
    """Return the card of a pretrained agent, whose folder is copied here."""
    shutil.copytree(pretrained()[name], name)
    with open(f"{name}/card.json", encoding="utf-8") as file:
        return json.load(file)


def put(value, path, new):
    """Put a value where a path of keys leads."""
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = new


def refused(words, capsys):
    """Run a command that must fail in one line; return that."""
    assert main(words.split()) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("neuralprog: ")
    assert "\n" not in error
    return error


def nothing_ran(folder):
    return not (folder / "executed").exists()


@pytest.mark.parametrize(
    ("name", "path", "more"),
    [
        ("search-sort", ["env"], ""),
        ("search-sort", ["model", "env"], ""),
        ("search-sort", ["model", "env"], " --env NRAMSort"),
        ("search-sort", ["config", "env"], ""),
        ("npi-multitask", ["config", "also", 0, "env"], " --env NPIBubbleSort"),
        ("npi-max-frozen", ["config", "base"], " --env NPIBubbleSort"),
    ],
)
def test_a_card_imports_nothing(name, path, more, folder, capsys):
    card = copied(name)
    if path[-1] == "base":
        base = copied("search-sort")
        base["config"]["env"] = STOLEN
        (folder / "search-sort" / "card.json").write_text(json.dumps(base))
    put(card, path, "./search-sort" if path[-1] == "base" else STOLEN)
    (folder / name / "card.json").write_text(json.dumps(card))
    refused(f"evaluate --agent ./{name} --episodes 1{more}", capsys)
    assert nothing_ran(folder)


@pytest.mark.parametrize(
    "text",
    [
        f"agent: search\nenv: {STOLEN}\n",
        "agent: search\nenv: stolen.evil:Mine\n",
        f"agent: npi\nenv: NPIHanoi\nalso:\n- {{env: {STOLEN}}}\n",
        "agent: search\nenv: !!python/object/apply:stolen.evil.run []\n",
        "agent: npi\nalso:\n- {class_path: stolen.evil.Task, init_args: {env: NPIHanoi}}\n",
        "agent: npi\n__default_config__: stolen.yaml\n",
        "agent: npi\nclass_path: stolen.evil.Config\n",
        "agent: rl\nenv: NRAMCopy\noptions: {policy_kwargs: {class_path: stolen.evil.Net}}\n",
    ],
)
def test_a_config_imports_nothing(text, folder, capsys):
    (folder / "stolen.yaml").write_text(text)
    refused("train --config stolen.yaml --output run --restarts 0", capsys)
    (folder / "run").mkdir(exist_ok=True)
    (folder / "run" / "config.yaml").write_text(text)
    meta = {"format": "neuralprog-run", "version": 1, "kind": "train"}
    (folder / "run" / "meta.json").write_text(json.dumps(meta))
    refused("train --resume run", capsys)
    assert nothing_ran(folder)


def test_a_distribution_in_the_working_directory_is_not_installed(folder, monkeypatch, capsys):
    info = folder / "stolen-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stolen\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[neuralprog.agents]\nstolen = stolen.evil\n")
    (folder / "stolen.yaml").write_text("agent: stolen\n")
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(folder)])
    assert "unknown agent 'stolen'" in refused("train --config stolen.yaml", capsys)
    assert nothing_ran(folder)


def test_a_typed_module_is_imported(folder, capsys):
    refused("evaluate --agent random --env stolen.evil:Mine", capsys)
    assert not nothing_ran(folder)


def test_a_folder_that_needs_a_task_of_somebodys_own_names_the_flag(folder, capsys):
    card = copied("search-sort")
    for told in (card, card["model"], card["config"]):
        told["env"] = "stolen.evil:Mine"
    (folder / "search-sort" / "card.json").write_text(json.dumps(card))
    assert "--env stolen.evil:Mine" in refused("run --agent ./search-sort --input 1", capsys)
    assert nothing_ran(folder)


@pytest.mark.parametrize(
    "settings",
    [
        "agent: npi\nenv: NPIMax-v0\nbase: stolen/evil.py\nobservation: order\n",
        "agent: nram\nenv: NRAMCopy-v0\nstart: stolen/evil.py\n",
    ],
)
def test_an_agent_that_a_config_names_is_no_file_to_execute(settings, folder, capsys):
    (folder / "config.yaml").write_text(settings)
    assert "evil.py" in refused("train --config config.yaml --output out", capsys)
    assert not (folder / "executed").exists()
