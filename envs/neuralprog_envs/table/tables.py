"""Tables of text: what a user's CSV file or a release's file holds, checked."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DELIMITERS = ",;\t"
_LARGEST_FILE = 20_000_000


@dataclass(frozen=True)
class Table:
    """A header and rows of cells, all of one width.

    Attributes:
        names: The columns' names; they may be empty or stand there twice.
        cells: The rows.
    """

    names: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]

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


def table_of(rows: Sequence[Sequence[str]], what: str = "the table") -> Table:
    """Return rows, the first of them the header, as a table; blank lines are left out.

    Raises:
        ValueError: There is no header or no row, or a row has another width than the header.
    """
    lines = [tuple(str(cell) for cell in row) for row in rows]
    kept = [(n, line) for n, line in enumerate(lines, 1) if any(cell.strip() for cell in line)]
    if not kept:
        raise ValueError(f"{what} is empty: it needs a header and at least one row")
    width = len(kept[0][1])
    for number, line in kept:
        if len(line) != width:
            raise ValueError(
                f"{what}: line {number} has {len(line)} cells, but the header has {width}"
            )
    if len(kept) < 2:
        raise ValueError(f"{what} has a header but no row")
    return Table(kept[0][1], tuple(line for _, line in kept[1:]))


def read_csv(path: str | Path) -> Table:
    """Return a user's CSV file: UTF-8, comma, semicolon or tab, a header in the first line.

    Raises:
        ValueError: There is no such file, or it is not a table; the message says what is wrong.
    """
    file = Path(path)
    if not file.is_file():
        raise ValueError(f"there is no file {str(path)!r}")
    if file.stat().st_size > _LARGEST_FILE:
        raise ValueError(f"{file.name} is too large: at most {_LARGEST_FILE // 10**6} MB")
    try:
        content = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file.name} is not a UTF-8 text file: {error.reason}") from None
    if "\0" in content:
        raise ValueError(f"{file.name} is not a text file: it has zero bytes")
    heading = next((line for line in content.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=heading.count)
    try:
        rows = list(csv.reader(content.splitlines(True), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise ValueError(f"{file.name} is malformed: {error}") from None
    return table_of(rows, file.name)


def read_input(values: Any) -> tuple[Table, str]:
    """Return the table and the question of a user's input.

    Args:
        values: A mapping with "table" (a file, or rows of which the first is the header) and
            "question".

    Raises:
        ValueError: Something is missing or malformed.
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
