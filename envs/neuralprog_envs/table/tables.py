"""Tables of text: what a user's CSV file or a release's file holds, checked."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.table.numbers import decimal_comma

_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'(?<![^,;\t| \r\n])"(?:[^"]|"")*"')
_EXCEL = re.compile(r'\s*"?sep=([^\w"\r\n])"?\s*(?:[\r\n]|$)', re.IGNORECASE)
"""The line with which a spreadsheet names the delimiter."""
_LARGEST_FILE = 20_000_000
_TELLING = 2000
"""Rows that say which delimiter and which decimal mark a file has."""

_SPACES = " \t\u00a0"

Lines = Iterable[tuple[int, Sequence[str]]]
"""Rows of cells, each with the number of the line on which it begins."""


@dataclass(frozen=True)
class Table:
    """A header and rows of cells, all of one width.

    Attributes:
        names: The columns' names; they may be empty or repeated.
        cells: The rows.
        decimal_comma: Whether 1,5 is one and a half and 1.500 is fifteen hundred.
    """

    names: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    decimal_comma: bool = False

    @property
    def rows(self) -> int:
        """The number of rows, the header not counted."""
        return len(self.cells)

    def check_size(self, rows: int, columns: int) -> None:
        """Raise ValueError when the table has more rows or columns than these, or no row."""
        if not self.cells:
            raise ValueError("the table is empty: it needs a header and at least one row")
        if self.rows > rows:
            raise ValueError(f"the table has {self.rows} rows, at most {rows} are possible here")
        if len(self.names) > columns:
            raise ValueError(
                f"the table has {len(self.names)} columns, at most {columns} are possible here"
            )

    def texts(self, question: str, rows: int, columns: int) -> NDArray[np.object_]:
        """Return question, names and cells in the layout of ``TableInstances.texts``, (1, K)."""
        grid = np.full((rows + 1, columns), "", dtype=object)
        for r, line in enumerate((self.names, *self.cells)):
            grid[r, : len(line)] = line
        return np.concatenate([np.array([question], dtype=object), grid.ravel()])[None]


def table_of(rows: Any) -> Table:
    """Return rows of cells, the header first, as a table; raise ValueError if they are none."""
    lines = list(rows) if isinstance(rows, Iterable) else [rows]
    if any(isinstance(row, (str, Mapping)) or not isinstance(row, Iterable) for row in lines):
        raise ValueError("a table is a CSV file, or rows of cells with the header first")
    return _table([(n, [str(cell) for cell in row]) for n, row in enumerate(lines, 1)], "the table")


def _table(lines: Lines, what: str) -> Table:
    """Return a header and rows of its width, spaces around cells and blank lines left out."""
    stripped = [(n, tuple(cell.strip(_SPACES) for cell in row)) for n, row in lines]
    kept = [(n, row) for n, row in stripped if any(row)]
    if not kept:
        raise ValueError(f"{what} is empty: it needs a header and at least one row")
    width = len(kept[0][1])
    for number, row in kept:
        if len(row) != width:
            raise ValueError(
                f"{what}: line {number} has {len(row)} cells, but the header has {width}"
            )
    if len(kept) < 2:
        raise ValueError(f"{what} has a header but no row")
    return Table(kept[0][1], tuple(row for _, row in kept[1:]))


def read_csv(path: str | Path) -> Table:
    """Return a user's CSV file: UTF-8, a header in the first line, fields quoted by ".

    Fields end at comma, semicolon, tab or bar: the one that a line ``sep=;`` in front of the header
    names, or else the one that divides all lines into equally many fields. Lines end at CR and LF
    alone. The cells decide whether the decimal mark is a comma; if they do not, it is one where
    semicolons end the fields. Raise ValueError, which says what is wrong, if there is no such file,
    or it is not a table.
    """
    file = Path(path)
    if not file.is_file():
        raise ValueError(f"there is no file {str(path)!r}")
    content = read_text(file)
    named = _EXCEL.match(content)
    delimiter = named[1] if named else _delimiter(content)
    lines = list(fields(content, file.name, delimiter=delimiter, **_DIALECT))
    table = _table(lines[1:] if named else lines, file.name)
    return replace(
        table, decimal_comma=decimal_comma(table.cells[:_TELLING], usual=delimiter == ";")
    )


_DIALECT: Mapping[str, Any] = {"skipinitialspace": True, "strict": True}


def _delimiter(content: str) -> str:
    """Return what divides the lines equally, or else what is in the header most often."""
    bare = _QUOTED.sub("", content).lstrip()
    counts = {mark: re.split("[\r\n]", bare, maxsplit=1)[0].count(mark) for mark in _DELIMITERS}
    ordered = sorted(counts, key=counts.__getitem__, reverse=True)
    there = [mark for mark in ordered if counts[mark]]
    return next((mark for mark in there if _is_even(content, mark)), ordered[0])


def _is_even(content: str, delimiter: str) -> bool:
    """Return whether a delimiter divides the lines, blank ones apart, into equally many fields."""
    try:
        rows = list(islice(fields(content, "", delimiter=delimiter, **_DIALECT), _TELLING))
    except ValueError:
        return False
    return len({len(row) for _, row in rows if any(row)}) == 1


def read_text(file: Path) -> str:
    """Return the content of a text file in UTF-8, with or without a byte order mark.

    Raise ValueError, which names the file and the line, if it is too large or not such a file.
    """
    if not file.is_file():
        raise ValueError(f"{file} is not a file")
    if file.stat().st_size > _LARGEST_FILE:
        raise ValueError(f"{file} is too large: at most {_LARGEST_FILE // 10**6} MB")
    content = file.read_bytes()
    if b"\0" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError(f"{file} is not a text file: it has zero bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{file} is not a UTF-8 text file: {error.reason} in line {line}; save it as UTF-8"
        ) from None


def fields(content: str, what: str, **dialect: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV file's content, each with the number of the line where it begins.

    Lines end at CR and LF alone; ``dialect`` are the arguments of ``csv.reader``. Raise ValueError,
    which names the file by ``what``, if a line is malformed.
    """
    reader = csv.reader(io.StringIO(content, newline=""), **dialect)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(
            f"{what} is malformed: line {line}: {error}; is a quote missing?"
        ) from None


def read_input(values: Any) -> tuple[Table, str]:
    """Return the table and the question of a user's input; raise ValueError if it is malformed.

    The input is a mapping with "table" (a file, or rows of which the first is the header) and
    "question".
    """
    if not isinstance(values, Mapping) or not {"table", "question"} <= set(values):
        raise ValueError('an input here is {"table": a CSV file or rows, "question": a text}')
    question = str(values["question"]).strip()
    if not question:
        raise ValueError("the question is empty")
    given = values["table"]
    if isinstance(given, Table):
        return given, question
    return (read_csv(given) if isinstance(given, (str, Path)) else table_of(given)), question


def refuse_unknown(words: Iterable[str], known: str) -> None:
    """Raise ValueError if a question has unknown words; ``known`` says which are known."""
    unknown = ", ".join(dict.fromkeys(words))
    if unknown:
        raise ValueError(f"the question has unknown words: {unknown[:200]}; {known}")
