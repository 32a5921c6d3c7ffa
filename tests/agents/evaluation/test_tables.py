"""Questions on tables from the command line: your own CSV file, and a whole release."""

import json
from pathlib import Path

import pytest

from neuralprog_agents.cli import main
from neuralprog_envs.table import wikitables

NUMBERS = "A,B,C\n1,20,3\n4,-5,6\n7,80,9\n"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(wikitables.VARIABLE, raising=False)
    Path("numbers.csv").write_text(NUMBERS)


def ask(question, table="numbers.csv", agent="np-tableqa", *more):
    return main(["run", "--agent", agent, "--table", table, "--input", question, *more])


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("greater 10 B sum C", "12"),
        ("lesser 5 A and greater 0 B count", "1"),
        ("lesser 0 B or greater 5 A print C", "6 9"),
        ("sum A diff count", "9"),
    ],
)
def test_a_question_on_your_own_table_is_answered_and_the_steps_are_shown(capsys, question, answer):
    assert ask(question) == 0
    out = capsys.readouterr().out
    assert "answer  " + answer.replace(" ", " | ") in out
    assert "row | A |  B | C" in out
    assert "failure" not in out
    assert ask(question, "numbers.csv", "np-tableqa", "--json") == 0
    trace = json.loads(capsys.readouterr().out)
    assert trace["answer"] == answer.split()
    assert trace["expected"] is None


@pytest.mark.parametrize(
    ("table", "content", "question", "message"),
    [
        ("none.csv", None, "sum A", "there is no file 'none.csv'"),
        ("t.csv", "", "sum A", "t.csv is empty"),
        ("t.csv", "A,B\n", "sum A", "has a header but no row"),
        ("t.csv", "A,B\n1\n", "sum A", "line 2 has 1 cells, but the header has 2"),
        ("t.csv", 'A,B\n1,"2\n', "sum A", "malformed"),
        ("t.csv", "A,B\n1,x\n", "sum A", "'x' is not a number"),
        ("t.csv", "A,Gold\n1,2\n", "sum A", "column name 'Gold' is unknown"),
        ("t.csv", "A\n" + "1\n" * 2001, "sum A", "2001 rows, at most 2000"),
        ("t.csv", ",".join("ABCDEFGHIJKLM") + "\n" + "1," * 12 + "1\n", "sum A", "at most 10"),
        ("numbers.csv", NUMBERS, "hello you", "unknown words: hello, you"),
        ("numbers.csv", NUMBERS, "sum D", "asks about column D, the table has A, B, C"),
        ("numbers.csv", NUMBERS, "", "the question is empty"),
    ],
)
def test_bad_tables_and_questions_are_one_clear_line(capsys, table, content, question, message):
    if content is not None:
        Path(table).write_text(content)
    assert ask(question, table) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert message in err


def test_a_table_needs_a_question_and_tapes_take_none(capsys):
    assert main(["run", "--agent", "np-tableqa", "--input", "sum A"]) == 2
    assert "asks about a table: --table" in capsys.readouterr().err
    assert ask("1 2", agent="nram-copy") == 2
    assert "takes no table" in capsys.readouterr().err


def test_a_files_questions_are_all_answered_and_officially_judged(capsys):
    words = "evaluate --agent expert --env NPWikiTableQuestions --split sample"
    assert main([*words.split(), "--json", "--predictions", "answers.tsv"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["episodes"] == record["correct"] == 145
    assert record["success_rate"] == 1.0
    assert {"agent", "env", "length", "seed", "mean_return", "mean_steps", "seconds"} <= set(record)
    lines = Path("answers.tsv").read_text().splitlines()
    assert len(lines) == 145
    assert lines[0].split("\t")[0] == "s-0"
    assert main([*words.split(), "--predictions", "/dev/full"]) == 2
    assert "/dev/full: is a folder, a device or a pipe" in capsys.readouterr().err
    assert main(words.replace("expert", "random").split()) == 0
    assert "of 145 questions right" in capsys.readouterr().out


def test_a_release_that_is_not_there_is_one_clear_line(capsys):
    for words, message in (
        ("--data nowhere", "there is no folder 'nowhere'"),
        ("--split tset", "there are no questions 'tset' (there are: sample)"),
    ):
        given = f"evaluate --agent random --env NPWikiTableQuestions {words}"
        assert main(given.split()) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert message in err
