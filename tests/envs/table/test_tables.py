"""A user's CSV file and question: what is read, and what is refused in one line."""

from __future__ import annotations

import os

import pytest

from neuralprog_envs.registry import make_task
from neuralprog_envs.table import wikitables
from neuralprog_envs.table.tables import Table, read_csv, table_of


def csv(tmp_path, content, encoding="utf-8"):
    file = tmp_path / "own.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return file


@pytest.mark.parametrize("mark", "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e")
def test_rows_end_at_cr_and_lf_only(tmp_path, mark):
    for end in ("\n", "\r", "\r\n"):
        table = read_csv(csv(tmp_path, f"A{mark}B{end}1{mark}2{end}3{end}"))
        assert (table.names, table.cells) == ((f"A{mark}B",), ((f"1{mark}2",), ("3",)))


@pytest.mark.parametrize(
    ("content", "names", "row"),
    [
        ('Land;"Total, all";"Area, km"\nX;1;2\n', "Land|Total, all|Area, km", "X|1|2"),
        ('"a ""b"", c";d\n1;2', 'a "b", c|d', "1|2"),
        ('"Size, a\n, b, c";d\n1;2', "Size, a\n, b, c|d", "1|2"),
        ("Name;Pop, total;Area, km;X, y\na;1;2;3", "Name|Pop, total|Area, km|X, y", "a|1|2|3"),
        ("A;B\n1,5;2,5\n3,5;4,5", "A|B", "1,5|2,5"),
        ("A,B,C\nx;y,1,2", "A|B|C", "x;y|1|2"),
        ("sep=;\nA;B\nx,y;1", "A|B", "x,y|1"),
        ('"SEP=,"\r\nA,B;C\r\n1,2\r\n', "A|B;C", "1|2"),
        ("sep=\t\nA,B\tC\n1\t2", "A,B|C", "1|2"),
        ("sep=^\nA^B\n1^2", "A|B", "1|2"),
        ('Name, note, n\nAnn, "x, y", 3', "Name|note|n", "Ann|x, y|3"),
        (" A ;\u00a0B\n 1 ; 2", "A|B", "1|2"),
        ("A|B\n1|2,5", "A|B", "1|2,5"),
        ("A\tB\n1\t2", "A|B", "1|2"),
        ('\ufeff"A";B\n1;2', "A|B", "1|2"),
    ],
)  # fmt: skip
def test_fields_are_divided_as_spreadsheets_divide_them(tmp_path, content, names, row):
    table = read_csv(csv(tmp_path, content))
    assert table.names == tuple(names.split("|"))
    assert table.cells[0] == tuple(row.split("|"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('A,B\n\n"x\ny",1\n1\n', "line 5 has 1 cells, but the header has 2"),
        ("sep=;\nA;B\n1;2;3", "line 3 has 3 cells, but the header has 2"),
        ('A,B\n1,2\n3,"4\n', "line 3: unexpected end of data; is a quote missing"),
        ('A,B\n1,"2"x\n', "line 2: ',' expected after"),
        ("A,B\n1," + "x" * 131_073, r"line 2: field larger than field limit \(131072\)"),
        ("A,B\n1,2\nÉ,3".encode("latin-1"), r"own\.csv is not a UTF-8 text file.*in line 3"),
        ("A,B\n1,2".encode("utf-16"), r"own\.csv is not a UTF-8 text file"),
        ("A\n1,2\n", "line 2 has 2 cells, but the header has 1"),
        ("sep=;\n", "is empty"),
    ],
)
def test_what_is_no_table_is_told_with_its_line(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_csv(csv(tmp_path, content))


@pytest.mark.parametrize("rows", [5, None, "A,B", [1, 2], ["A,B", "1,2"], {"A": 1}, [{"A": 1}]])
def test_rows_that_are_none_are_refused(rows):
    with pytest.raises(ValueError, match="a table is a CSV file, or rows of cells"):
        table_of(rows)


def test_rows_may_come_one_by_one():
    assert table_of(iter([("A ", "B"), (1, 2.5)])) == Table(("A", "B"), (("1", "2.5"),))


@pytest.mark.parametrize("answer", ["Chile", 3, [3], b"Chile", {"Chile": 1}])
def test_an_answer_is_a_list_of_texts(answer):
    asked = {"table": [["A"], ["1"]], "question": "which is it?", "answer": answer}
    with pytest.raises(ValueError, match="the answer must be a list of texts, got"):
        make_task("NPWikiTableQuestions").pose_input(asked)


@pytest.mark.parametrize(
    ("names", "cell", "question", "message"),
    [
        ("AA", "1", "sum A", "two columns have the name A"),
        ("AB", "x" * 10**5, "sum A", "is not a number"),
        (["A", "x" * 10**5], "1", "sum A", "is unknown"),
        ("AB", "1", "x" * 10**6, "unknown words: xx"),
        ("AB", "1", " ".join(f"x{i}" for i in range(10**4)), "unknown words: x0, x1"),
    ],
)
def test_messages_about_tables_are_short(names, cell, question, message):
    for name in ("NPTableQA", "NPWikiTableQuestions")[: 2 if "words" in message else 1]:
        with pytest.raises(ValueError, match=message) as caught:
            make_task(name).pose_input({"table": [list(names), [cell, "2"]], "question": question})
        assert len(str(caught.value)) < 400


# The release's files


@pytest.fixture
def release(tmp_path):
    for name in ("data", "csv"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_a_releases_files_may_begin_with_a_byte_order_mark(release):
    lines = "id\tutterance\tcontext\ttargetValue\nq\twho?\tcsv/0.csv\tA\n"
    (release / "data" / "mine.tsv").write_text(lines, encoding="utf-8-sig")
    (release / "csv" / "0.csv").write_text('"Who","When"\n"A","1"\n', encoding="utf-8-sig")
    (release / "csv" / "1.tsv").write_text("Who\u2028is\tWhen\nA\x85\t1\n", encoding="utf-8-sig")
    assert wikitables.splits(release) == ["mine"]
    assert wikitables.read_questions(release, "mine")[0].utterance == "who?"
    assert wikitables.read_table(release, "csv/0.csv").names == ("Who", "When")
    table = wikitables.read_table(release, "csv/1.csv")
    assert (table.names, table.cells) == (("Who\u2028is", "When"), (("A\x85", "1"),))


HEAD, LINE = "id\tutterance\tcontext\ttargetValue\n", "q\twho?\tcsv/0.csv\tA\n"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"data/mine.tsv": ""}, r"mine\.tsv has no question"),
        ({"data/mine.tsv": HEAD}, r"mine\.tsv has no question"),
        ({"data/mine.tsv": LINE}, r"mine\.tsv has no question"),
        ({"data/mine.tsv": (HEAD + LINE).replace("\n", "\r")}, r"mine\.tsv has no question"),
        ({"data/mine.tsv": HEAD + LINE + "r\n"}, r"mine\.tsv, line 3: utterance is missing"),
        ({"data/mine.tsv": HEAD + LINE + LINE}, r"mine\.tsv: two questions have the same id"),
        ({"data/mine.tagged": "targetCanon\nA\n"}, r"mine\.tagged, line 2: id is missing"),
        ({"programs.tsv": "id\tprogram\nq\n"}, r"programs\.tsv, line 2: program is missing"),
        ({"programs.tsv": "id\tprogram\nq\tgeq[Who, #9]\n"}, "numbers #1 to #2"),
        ({"programs.tsv": "id\tprogram\nq\tgeq[Who, #0]\n"}, "numbers #1 to #2"),
        ({"programs.tsv": f"id\tprogram\nq\tgeq[Who, #{10**12}]\n"}, "numbers #1 to #2"),
    ],
)
def test_a_releases_malformed_file_is_told(release, files, message):
    table = {"csv/0.csv": "Who,When\nA,1\n"}
    for name, content in {"data/mine.tsv": HEAD + LINE, **table, **files}.items():
        (release / name).write_text(content, newline="")
    with pytest.raises(ValueError, match=message):
        posed(release)


def posed(release):
    task = make_task("NPWikiTableQuestions", data=release, questions="mine", length=5)
    return task.source.posed([0])


def test_what_is_no_file_is_not_waited_for(release):
    os.mkfifo(release / "data" / "mine.tsv")
    with pytest.raises(ValueError, match=r"mine\.tsv is not a file"):
        wikitables.read_questions(release, "mine")


@pytest.mark.parametrize("name", ["0.csv", "0.tsv"])
def test_a_releases_damaged_table_is_named(release, name):
    file = release / "csv" / name
    file.write_bytes("Who,When\nÉva,1\n".encode("latin-1"))
    with pytest.raises(ValueError, match=rf"csv/{name} is not a UTF-8 text file.*line 2"):
        wikitables.read_table(release, "csv/0.csv")


def test_a_releases_huge_field_is_told_with_its_line(release):
    (release / "csv" / "0.csv").write_text("Who\nA\n" + "x" * 131_073)
    with pytest.raises(ValueError, match=r"csv/0\.csv is malformed: line 3: field larger"):
        wikitables.read_table(release, "csv/0.csv")


# Words that nobody knows


@pytest.mark.parametrize(
    ("name", "question", "unknown"),
    [
        ("NPTableQA", "total of A", "total, of"),
        ("NPTableQA", "sum qwzx A?", "qwzx"),
        ("NPTableQASynonyms", "sum, A", ","),
        ("NPTextMatch", "text zebra A sum B", "zebra"),
        ("NPWikiTableQuestions", "qwzx blorf?", "qwzx, blorf"),
        ("NPWikiTableQuestions", "qwzx blorf", "qwzx, blorf"),
        ("NPWikiTableQuestions", "which a has the blorfest b?", "blorfest"),
    ],
)
def test_unknown_words_are_named(name, question, unknown):
    rows = [["A", "B"], ["1", "2"]]
    with pytest.raises(ValueError, match=f"has unknown words: {unknown}; "):
        make_task(name).pose_input({"table": rows, "question": question})


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("NPTableQA", "sum A?"),
        ("NPTextMatch", "text fox A sum B."),
        ("NPWikiTableQuestions", "which qwzx has the most blorfs"),
    ],
)
def test_words_of_the_task_and_of_the_table_are_known(name, question):
    rows = [
        ["Qwzx" if "qwzx" in question else "A", "B"],
        ["5 blorf" if "blorf" in question else "5", "2"],
    ]
    make_task(name).pose_input({"table": rows, "question": question})
