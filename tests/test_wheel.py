"""What the wheel alone can do, outside any clone, in an empty folder.

The wheel is laid out as `pyproject.toml` says, without a build: that needs a network. The libraries
are those of the tests' own environment.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.examples.test_examples import SMALL

ROOT = Path(__file__).parents[1]

USE = """
import sys
import neuralprog_agents, neuralprog_envs

assert neuralprog_envs.__file__.startswith(sys.argv[1]), neuralprog_envs.__file__
assert neuralprog_agents.__file__.startswith(sys.argv[1]), neuralprog_agents.__file__
agent = neuralprog_agents.load("nram-sort")
run = agent.run([3, 1, 2])
assert run.answer == [1, 2, 3] and run.success
assert run.trace["answer"] == [1, 2, 3] and "<script" in run.page() and "def sort" in agent.program
print(neuralprog_agents.__version__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the folder into which the wheel is unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layout = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    skip = shutil.ignore_patterns("__pycache__")
    for package in layout["packages"]:
        shutil.copytree(ROOT / package, folder / Path(package).name, ignore=skip)
    for source, target in layout["force-include"].items():
        shutil.copytree(ROOT / source, folder / target)
    return folder


@pytest.fixture
def execute(wheel, tmp_path):
    """Return what runs Python on the wheel's packages, in an empty folder."""

    def execute(*words):
        done = subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(wheel), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return execute


def test_three_lines_use_an_agent_and_the_commands_know_their_names(execute, wheel):
    version = execute("-c", USE, str(wheel)).strip()
    command = ("-m", "neuralprog_agents.cli")
    assert execute(*command, "--version") == f"neuralprog {version}\n"
    listed = execute(*command, "list")
    assert all(name in listed for name in ("nram-sort", "NRAMSort-v0", "nram/copy"))


def test_it_trains_with_settings_by_name(execute):
    words = ("--config", "policy_search/hanoi", "--output", "run", "--workers", "2")
    printed = execute("-m", "neuralprog_agents.cli", "train", *words)
    assert "success: restart" in printed


@pytest.mark.parametrize("name", ["search_from_pairs"])
def test_an_example_runs(execute, name):
    assert "right on 100.0%" in execute(str(ROOT / "examples" / f"{name}.py"))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(SMALL) - {"search_from_pairs"}))
def test_the_other_examples_run(execute, name):
    words, _ = SMALL[name]
    assert execute(str(ROOT / "examples" / f"{name}.py"), *words.split())
