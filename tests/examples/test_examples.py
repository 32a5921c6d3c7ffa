"""Every example runs as a script, at a small size; the notebook runs cell by cell."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SMALL = {
    "ppo_masks": ("--total-steps 256 --num-envs 8 --num-steps 16", r"256 steps, \d+% of the last"),
    "dqn_flat": ("--total-steps 1000 --learning-starts 900", r"1,000 steps, \d+% of the last"),
    "search_from_pairs": ("", r"right on 100\.0% of 1,000 longer instances"),
    "npi_from_traces": (
        "--traces 5 --longest 2 --updates 5 --test-length 3 --episodes 1",
        r"right on \d of 1 instances of length 3",
    ),
}
LEARNS = {
    "dqn_flat": r"4,000 steps, (9\d|100)% of the last",
    "npi_from_traces": r"right on 10 of 10 instances of length 10",
    "ppo_masks": r"118,784 steps, [5-9]\d% of the last",
}


def run(name, words, folder):
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), *words.split()]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_every_example_is_run_here():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*SMALL, "language_model"}
    assert [path.name for path in EXAMPLES.glob("*.ipynb")] == ["first_steps.ipynb"]


@pytest.mark.parametrize("name", SMALL)
def test_an_example_runs(name, tmp_path):
    words, printed = SMALL[name]
    assert re.search(printed, run(name, words, tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.learning
@pytest.mark.parametrize("name", LEARNS)
def test_an_example_learns(name, tmp_path):
    assert re.search(LEARNS[name], run(name, "", tmp_path))


def executed(code, names):
    """Execute a cell; return the value of its last expression, None if it ends otherwise."""
    *body, last = ast.parse(code).body
    is_value = isinstance(last, ast.Expr)
    exec(compile(ast.Module(body if is_value else [*body, last], []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if is_value else None


def test_the_notebook_runs_and_shows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    notebook = json.loads((EXAMPLES / "first_steps.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] for cell in cells)
    names = {}
    values = [executed("".join(cell["source"]), names) for cell in cells]
    shown = [v._repr_html_() if hasattr(v, "_repr_html_") else repr(v) for v in values]
    assert sum("<iframe srcdoc=" in each for each in shown) == 2
    assert sum(each.startswith("<pre") for each in shown) == 2
    assert {"([1, 2, 3], True)", "True"} <= set(shown)
    assert "The reward is 1 at the end" in capsys.readouterr().out
