"""Every environment prints its golden transcript; see tests/golden.py."""

from __future__ import annotations

import pytest

from neuralprog_envs import REGISTRY
from tests.envs.tape.paper_circuits import PROGRAMS
from tests.golden import COMMAND, FOLDER, TRACES, check, expert_text, nested_text


@pytest.mark.parametrize("env_id", sorted(REGISTRY))
def test_the_expert_prints_its_golden_transcript(env_id):
    text = expert_text(env_id)
    assert text.endswith("success\n"), f"the expert of {env_id} fails"
    check(FOLDER / f"{env_id}.txt", text)


@pytest.mark.parametrize("name", sorted(TRACES))
def test_the_traces_of_the_papers_are_printed(name):
    check(FOLDER / "paper" / f"{name}.txt", nested_text(name))


def test_no_golden_file_is_left_over():
    known = {FOLDER / f"{env_id}.txt" for env_id in REGISTRY}
    known |= {FOLDER / "paper" / f"{name}.txt" for name in (*PROGRAMS, *TRACES)}
    left = sorted(path.name for path in set(FOLDER.rglob("*.txt")) - known)
    assert not left, f"{left} belong to nothing: `{COMMAND}` removes them"


def test_a_missing_and_an_old_file_are_told_with_the_command():
    with pytest.raises(AssertionError, match=r"is missing: write it with `python -m tests\.golden"):
        check(FOLDER / "NoSuchTask-v0.txt", "")
    with pytest.raises(AssertionError, match=r"is out of date.*`python -m tests\.golden"):
        check(FOLDER / "NRAMCopy-v0.txt", "something else")
