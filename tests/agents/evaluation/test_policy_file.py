"""Policies in files of the user's own, and agents side by side."""

import json
from fractions import Fraction
from math import comb
from pathlib import Path

import pytest

from neuralprog_agents.cli import main
from neuralprog_agents.evaluation.agents import open_typed
from neuralprog_agents.evaluation.evaluate import Score

POLICY = """
import numpy as np
from neuralprog_agents.evaluation.reference import ExpertPolicy

class Still:
    env_id = "NRAMCopy-v0"

    def settings(self, length):
        return {}

    def start(self, n):
        pass

    def act(self, observation, action_mask):
        return np.zeros((len(observation["tape"]), 4), dtype=np.int64)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("still.py").write_text(POLICY)


def test_a_file_has_a_policy_of_its_own_and_what_it_imports_is_none():
    agent = open_typed("still.py")
    assert type(agent.policy).__name__ == "Still"
    assert (agent.name, agent.env_id, agent.test_lengths) == (
        "still.py",
        "NRAMCopy-v0",
        (5, 10, 50),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = (", "SyntaxError"),
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        ("x = 1", "must have one class with env_id, settings, start, act"),
        (POLICY + POLICY.replace("Still", "Other"), "has 2 such classes"),
        (POLICY.replace("NRAMCopy", "NRAMCpoy"), "did you mean NRAMCopy-v0"),
        (POLICY.replace('    env_id = "NRAMCopy-v0"', ""), "has no attribute 'env_id'"),
    ],
)
def test_a_file_without_a_policy_is_refused_in_one_line(text, message, capsys):
    Path("broken.py").write_text(text)
    assert main(["evaluate", "--agent", "broken.py"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("neuralprog: broken.py: ") or "/broken.py: " in error
    assert error.count("\n") == 1


def test_it_acts_in_its_own_environment_only(capsys):
    assert main(["evaluate", "--agent", "still.py", "--env", "NRAMSort"]) == 2
    assert "still.py acts in NRAMCopy-v0, and not in NRAMSort-v0" in capsys.readouterr().err


def test_several_agents_stand_side_by_side(capsys):
    words = ["--agent", "still.py", "expert", "search-copy", "--lengths", "4", "6"]
    assert main(["evaluate", *words, "--episodes", "20"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "still.py, expert, search-copy on NRAMCopy-v0, 20 episodes a length" in lines[0]
    rows = [line for line in lines if line.startswith(("│      4", "│      6"))]
    assert len(rows) == 2
    assert all("0.0% [0, 16.1]" in row and row.count("100.0% [83.9, 100]") == 2 for row in rows)


def test_scores_of_several_are_lines_with_their_intervals(capsys):
    words = ["--agent", "expert", "still.py", "--env", "NRAMCopy", "--lengths", "4", "--json"]
    assert main(["evaluate", *words, "--episodes", "10"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["agent"] for each in found] == ["expert", "still.py"]
    assert found[0]["success_interval"] == pytest.approx([0.7225, 1.0], abs=1e-4)


@pytest.mark.parametrize("percent", [2, 10, 50, 90, 98])
def test_intervals_hold_the_true_rate_nearly_95_times_of_100(percent):
    """Summed over all outcomes of 100 episodes, exactly."""
    rate, held = Fraction(percent, 100), Fraction(0)
    for right in range(101):
        score = Score("", "", 1, 100, 0, right / 100, 0.0, 0.0, 0.0)
        low, high = score.success_interval
        if low <= rate <= high:
            held += comb(100, right) * rate**right * (1 - rate) ** (100 - right)
    assert 0.92 <= held <= 0.99
