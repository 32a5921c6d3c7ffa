"""The one reader of numbers, dates and times: every form, in cells and in questions."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuralprog_envs.registry import make_task
from neuralprog_envs.table import numbers
from neuralprog_envs.table.numbers import first_number, number
from neuralprog_envs.table.tables import read_csv
from neuralprog_envs.table.tokenizer import words_and_numbers

NUMBERS = {
    "1200": 1200, "-3.5": -3.5, "+7": 7, "−5": -5, "–5": -5, ".5": 0.5, "-.5": -0.5, "5.": 5,
    "007": 7, "１２": 12, "-0": 0,
    "1,200": 1200, "-1,234,567.5": -1234567.5, "12,34,567": 1234567, "1,00,000": 100000,
    "1\u00a0200": 1200, "12\u202f345\u202f678": 12345678, "1\u2009234.5": 1234.5,
    "1'234'567": 1234567, "1’234.50": 1234.5,
    "1e-05": 1e-5, "2.5E+06": 2.5e6, "-1e3": -1000, "1.5×10⁶": 1.5e6, "2x10^-3": 0.002,
    "1½": 1.5, "¾": 0.75, "-2¼": -2.25, "3⅛": 3.125, "1 3/4": 1.75, "10½ kg": 10.5,
    "$5": 5, "-$5": -5, "€-5": -5, "₹12,34,567": 1234567, "$1,550": 1550,
    "$1.5B": 1.5e9, "£20m": 2e7, "€2.5bn": 2.5e9, "$3K": 3000, "$1 trillion": 1e12, "5K": 5000,
    "1.5 Mio.": 1.5e6, "2 Mrd": 2e9, "5Bn": 5e9, "$3 mln": 3e6, "5 billions": 5e9, "2 dozen": 24,
    "₹5 cr": 5e7, "₹2.5L": 2.5e5,
    "1.5B": 1.5e9, "7M": 7e6, "3 million": 3e6, "2.5 Billion": 2.5e9, "4 crore": 4e7,
    "2.5kg": 2.5, "5,000kg": 5000, "80 m": 80, "5,000 km/h": 5000, "12%": 12, "20 °C": 20,
    "2.5m": 2.5, "5 m²": 5, "3.2km²": 3.2, "1e3kg": 1000,
    "2021-05-12": 20210512, "2021/5/12": 20210512, "12.05.2021": 20210512, "1999-1-2": 19990102,
    "2021-05-12T18:00": 20210512.75, "2021-05-12 06:00:00": 20210512.25,
    "2021-05-12T18:00:00Z": 20210512.75, "2021-05-12T01:00+07:00": 20210511.75,
    "3:45": 13500, "03:45:30": 13530, "3:45 pm": 56700, "3:45PM": 56700, "12:30 A.M.": 1800,
    "10 000": 10000, "2 050.5": 2050.5, "5k": 5000,  "26:00": 93600,
    "1:02:30.5": 3750.5, "2:03.5": 123.5,
}  # fmt: skip
"""Forms that mean the same in a cell and in a question."""

ALONE = {
    "1 200": 1200, "9 007 199": 9007199, "12 345 678.5": 12345678.5, "5 €": 5, "USD 5": 5,
    "CHF 1'234.50": 1234.5,
    "USD 20m": 2e7, "EUR 5K": 5000, "Rs. 3 cr": 3e7, "CHF -2.5M": -2.5e6, "US $5": 5, "AU$1m": 1e6,
    "US$5": 5, "R$ 1,200": 1200, "(1,500)": -1500, "($5)": -5, "$(2.50)": -2.5, "(12%)": -12,
    "12 May 2021": 20210512, "12-May-2021": 20210512, "May 12, 2021": 20210512,
    "12-May-21": 20210512, "7-Jun-99": 19990607, "12th of May 2021": 20210512, "2nd of June": 602,
    "Aug. 31st, 1957": 19570831, "May 2010": 20100500, "March 5": 305, "5 March": 305, " 7 ": 7,
}  # fmt: skip
"""Forms of a cell that holds nothing else."""

TEXTS = [
    "", "Yes", "abc7", "T12", "u2", "Apollo 11", "5 or more people", "5-10", "24/7", "#7", "3/4",
    "12/05/2021", "12-05-2021", "05/12/21", "2021-02-30", "2021-13-01", "32.01.2021", "99/99/9999",
    "31 Feb 2020", "2021-05-12T25:00", "0001-01-01T00:00+05:00", "5 mıllion x", "2021-W05",
    "2008-09", "3:75", "6:3", "13:00 pm", "12 May-21 June", "May-21",
    "1.2.3", "192.168.0.1", "12,5", "1,2345", "1,23,4", "0,123", "1,200,30", "1.234,56", "12,34",
    "1_000", "0x1F", "10²", "5⁻¹", "1e20", "9" * 400, "1e999", "nan", "inf", "∞", "(5", "(-5)",
    "(May 2010)", "(2021-05-12)", "(1,2,3)", "1 2 3", "12 34", "--5", "5%%x7", "9 9⁄0",
]  # fmt: skip

COMMAS = {
    "1.234,56": 1234.56, "12,5": 12.5, "0,5": 0.5, ",5": 0.5, "-1.234.567": -1234567, "1.500": 1500,
    "1,500": 1.5, "(1.500,5)": -1500.5, "1 234,50 €": 1234.5, "1\u202f234,5": 1234.5,
    "1'234,5": 1234.5, "2,5kg": 2.5, "1,5E+3": 1500, "12.05.2021": 20210512, "2:03,5": 123.5,
    "12.5": None, "1,234.5": None, "1.23.4": None, "12,34,567": None,
}  # fmt: skip


@pytest.mark.parametrize(("text", "value"), [*NUMBERS.items(), *ALONE.items()])
def test_a_cell_is_a_number(text, value):
    assert number(text) == first_number(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("text", TEXTS)
def test_a_cell_is_text(text):
    assert number(text) is None


@pytest.mark.parametrize(("text", "value"), COMMAS.items())
def test_a_decimal_comma(text, value):
    assert number(text, comma=True) == (value if value is None else pytest.approx(value))


@pytest.mark.parametrize(("text", "value"), NUMBERS.items())
def test_a_question_has_the_same_number(text, value):
    words, found, places = words_and_numbers(f"more than {text}?")
    assert found[:1] == [pytest.approx(value, rel=1e-12)]
    assert (words[:2], places[:1], len(found)) == (["more", "than"], [1], 1)


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("after May 5th, 2020 in June", ["after", "may", "in", "june"], [20200505]),
        ("on 5 May or 12 Sept. 2001?", ["on", "may", "or", "sept.", "?"], [505, 20010912]),
        ("from 12-May-21 to 1st of June 2021", ["from", "may", "to", "june"], [20210512, 20210601]),
        ("after 5 pm or 11 a.m.?", ["after", "or", "?"], [61200, 39600]),
        ("by May 2010, 31 Feb 2020", ["by", "may", ",", "feb"], [20100500, 31, 2020]),
        ("he may win 5 march on", ["he", "may", "win", "march", "on"], [305]),
    ],
)
def test_a_question_has_dates_with_names(text, words, found):
    assert words_and_numbers(text)[:2] == (words, found)


@pytest.mark.parametrize("text", ["12/05/2021", "12,5", "1,23,4", "1.2.3", "1_000", "2021-02-30"])
def test_what_is_no_number_is_a_word_of_the_question(text):
    assert words_and_numbers(f"more than {text}") == (["more", "than", text], [], [])
    with pytest.raises(ValueError, match=f"unknown words: {re.escape(text)}; "):
        make_task("NPTableQA").pose_input(
            {"table": [["A"], ["1"]], "question": f"greater {text} A count"}
        )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("born August 31, 1957 in Rome", 19570831), ("8.3:1", 8.3), ("2008-09", 2008),
        ("£14.4M (17%)", 14.4e6), ("about 5 or 6", 5), ("#7", 7), ("T12", None), ("Yes", None),
        ("12/05/2021", None), ("v1.2.3", None),
        ("12/05/2021 3:45", None), ("1.2.3 (5)", None), ("12,5 by 7", None), ("u2 won 5", 5),
        ("4x100m", 4), ("10² m", None), ("Mig-23BN", 23),
    ],
)  # fmt: skip
def test_a_cell_of_words_has_its_date_or_its_first_number(text, value):
    assert first_number(text) == value


@settings(deadline=None)
@given(
    st.text(alphabet=st.sampled_from("0123456789.,'-+()$€ eE:/TZ½²⁄ \u00a0amMkB%_"), max_size=24)
)
def test_any_text_is_a_number_within_the_range_or_text(text):
    for comma in (False, True):
        for value in (number(text, comma), first_number(text, comma)):
            assert value is None or abs(value) <= numbers.LARGEST


@settings(deadline=None)
@given(st.floats(-1e14, 1e14), st.sampled_from(["{:.2f}", "{:,.2f}", "{!r}", "{:e}", "{:+.3f}"]))
def test_what_python_writes_is_read(value, form):
    written = form.format(value)
    assert number(written) == float(written.replace(",", ""))
    swapped = written.translate(str.maketrans(",.", ".,"))
    assert number(swapped, comma=True) == number(written)


# The decimal mark of a table


@pytest.mark.parametrize(
    ("content", "comma"),
    [
        ("A;B\n1.234,56;7\n", True),
        ("A;B\n1,5;1.500\n", True),
        ("A;B\n1,500;7\n", True),
        ("A;B\n12.5;1,500\n", False),
        ("A;B\n1,234,567;x\n", False),
        ("A;B\n12.05.2021;1,500\n", True),
        ("A\tB\n12,5\t1.500\n", True),
        ("A\tB\n1,500\t1.500\n", False),
        ('A,B\n"1,5","2,25"\n', True),
        ('A,B\n"1,500",2.25\n', False),
    ],
)
def test_the_cells_say_what_the_decimal_mark_is(tmp_path, content, comma):
    file = tmp_path / "own.csv"
    file.write_text(content)
    assert read_csv(file).decimal_comma is comma


@pytest.mark.parametrize("name", ["NPTableQA", "NPWikiTableQuestions"])
def test_table_and_question_have_the_same_decimal_mark(tmp_path, name):
    file = tmp_path / "own.csv"
    file.write_text("A;B\n1.234,56;0,5\n-7;,25\n")
    question = "greater 1,5 A count" if name == "NPTableQA" else "how many a more than 1,5"
    posed = make_task(name, length=2).pose_input({"table": file, "question": question})
    assert posed.numbers[0, :2, :2].tolist() == [[1234.56, 0.5], [-7, 0.25]]
    assert posed.pivots[0].tolist() == [1.5, 0]


@pytest.mark.parametrize("cell", ["abc7", "12/05/2021", "12,5", "Apollo 11"])
def test_a_column_of_numbers_refuses_text(cell):
    with pytest.raises(ValueError, match=f"row 1, column A: '{cell}' is not a number"):
        make_task("NPTableQA").pose_input({"table": [["A"], [cell]], "question": "sum A"})
