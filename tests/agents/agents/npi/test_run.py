"""`run` on program tasks: the user's own words in and out, the trace as the papers print it."""

from pathlib import Path

import pytest

from neuralprog_agents.cli import main

GOLDEN = Path(__file__).parents[3] / "golden" / "paper"


def run(capsys, *words):
    status = main(["run", *words])
    return status, capsys.readouterr()


def test_96_plus_125_is_shown_exactly_as_the_paper_shows_it(capsys):
    status, shown = run(capsys, "--agent", "npi-addition", "--input", "96 125")
    _, trace, answer = (GOLDEN / "npi_addition.txt").read_text().split("\n\n")
    assert status == 0
    assert shown.out.startswith(f"{trace}\n\n(3 last calls")
    assert shown.out.split()[-2:] == answer.split() == ["answer", "221"]


def test_a_recursive_trace_is_shown_as_its_paper_shows_it(capsys):
    words = "--agent", "npi-addition", "--input", "109 101", "--unfold"
    golden = (GOLDEN / "npi_addition_recursive.txt").read_text().split("\n\n")
    assert run(capsys, *words)[1].out.startswith(f"{golden[1]}\n\nanswer")


ANSWERS = [
    ("NPIBubbleSort", "9 2 5", "2 5 9"),
    ("NPIBubbleSort", "[9, 2, 5]", "2 5 9"),
    ("NPIBubbleSort", "2.5 -1 3e2 -1", "-1 -1 2.5 3e2"),
    ("NPIQuickSort", "pear fig apple", "apple fig pear"),
    ("NPIQuickSort", "'new york', oslo, lima", "lima new york oslo"),
    ("NPIBubbleSort", "99999999999 -99999999999", "-99999999999 99999999999"),
    ("NPIMax", "3 9 4", "9"),
    ("NPIMax", "b c a", "c"),
    ("NPITopologicalSort", "1-2 1-5 2-4 2-5 3-5", "3 1 2 5 4"),
    ("NPITopologicalSort", "shirt-tie, tie-jacket, socks->shoes", "socks shoes shirt tie jacket"),
    ("NPIHanoi", "3", "- | - | 3 2 1"),
    ("NPIAddition", "0 0", "0"),
]


@pytest.mark.parametrize(("env", "text", "answer"), ANSWERS)
def test_inputs_are_taken_and_answers_given_in_the_users_words(capsys, env, text, answer):
    status, shown = run(capsys, "--agent", env.replace("NPI", "npi-").lower(), "--input", text)
    assert (status, shown.out.splitlines()[-1]) == (0, f"answer    {answer}")


@pytest.mark.parametrize(
    ("env", "text", "message"),
    [
        ("NPIAddition", "9x 3", "give two whole numbers, as in '96 125'"),
        ("NPIAddition", "7", "give two whole numbers"),
        ("NPIHanoi", "many", "give the number of disks"),
        ("NPIHanoi", "40", "an instance of length 40 may take"),
        ("NPIQuickSort", " ", "give the items, as in '9 2 5'"),
        ("NPIQuickSort", "1 nan", "nan has no place in an order"),
        ("NPITopologicalSort", "1-2 2-1", "has a cycle"),
        ("NPITopologicalSort", "1 2", "give edges, as in '1-2 1-5 3-5'"),
    ],
)
def test_a_bad_input_says_what_is_expected(capsys, env, text, message):
    status, shown = run(capsys, "--agent", "expert", "--env", env, "--input", text)
    assert (status, shown.out) == (2, "")
    assert message in shown.err


def test_a_long_trace_is_shown_from_both_ends(capsys):
    status, shown = run(capsys, "--agent", "npi-addition", "--input", f"{'9' * 120} 1")
    assert status == 0
    assert "more calls ..." in shown.out
    assert len(shown.out.splitlines()) == 1001 + 4
    assert shown.out.split()[-1] == "1" + "0" * 120
