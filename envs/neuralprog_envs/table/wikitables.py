r"""Reads the files of a WikiTableQuestions release: questions, tables, canonical answers.

The release (Pasupat and Liang, "Compositional Semantic Parsing on Semi-Structured Tables", ACL
2015) is at https://github.com/ppasupat/WikiTableQuestions and is not part of this package: name
its folder by the keyword ``data`` or in the environment variable WIKITABLEQUESTIONS. Without
either, a small set of our own in the same format is read.

Files: ``data/SPLIT.tsv`` (id, utterance, context, targetValue; LF ends a line and nothing else
does; ``\n``, ``\p`` and ``\\`` stand for newline, pipe and backslash; a pipe separates the items
of an answer), ``csv/…-csv/N.csv`` (fields quoted, ``\"`` and ``\\`` escaped, newlines allowed
inside quotes; the first row is the header, whose names may be empty, repeated or have newlines)
or its ``.tsv`` form, and, where they are there, ``tagged/data/SPLIT.tagged`` or a file of ``data``
whose header has id and targetCanon: the canonical answers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuralprog_envs.core.arguments import shown
from neuralprog_envs.table.official import unescape
from neuralprog_envs.table.tables import Table, fields, read_text

VARIABLE = "WIKITABLEQUESTIONS"
SAMPLE = Path(__file__).parent / "data" / "sample"
WHERE = (
    "the release is at https://github.com/ppasupat/WikiTableQuestions: name its folder with "
    f"data=… or in the environment variable {VARIABLE}"
)


@dataclass(frozen=True)
class Question:
    """One question of the release.

    Attributes:
        id: Its name, as "nt-0".
        utterance: The question.
        context: The table's file, relative to the release's folder.
        target: The answer's items.
        canon: Their canonical forms, or None where the release's tags are not at hand.
    """

    id: str
    utterance: str
    context: str
    target: tuple[str, ...]
    canon: tuple[str, ...] | None = None


def folder(data: str | os.PathLike[str] | None = None) -> Path:
    """Return the release's folder: as given, else as the environment says, else the sample's.

    Raise ValueError if there is no such folder, or nothing of a release in it.
    """
    named = data if data is not None else os.environ.get(VARIABLE) or SAMPLE
    path = _path(named)
    if not path.is_dir():
        raise ValueError(f"there is no folder {str(path)!r}; {WHERE}")
    for part in ("data", "csv"):
        if not (path / part).is_dir():
            raise ValueError(f"{str(path)!r} has no folder {part!r}; {WHERE}")
    return path


def _path(name: Any) -> Path:
    try:
        return Path(name).expanduser()
    except (TypeError, RuntimeError):
        raise ValueError(f"{shown(name)} names no file or folder; {WHERE}") from None


def splits(root: Path) -> list[str]:
    """Return the names of the release's question files."""
    heads = ((file, _rows(file)) for file in sorted((root / "data").glob("*.tsv")))
    return [file.stem for file, rows in heads if "utterance" in next(rows, [])]


def read_questions(root: Path, split: str) -> list[Question]:
    """Return the questions of a file of ``data``, or of any file in its format.

    Raise ValueError if there is no such file, or a line of it is malformed.
    """
    file = root / "data" / f"{split}.tsv"
    if not file.is_file():
        file = _path(split)
    if not file.is_file():
        known = ", ".join(splits(root)) or "none"
        raise ValueError(f"there are no questions {split!r} (there are: {known}); {WHERE}")
    canon = _read_canon(root, file.stem)
    records = _records(file, "id", "utterance", "context", "targetValue")
    questions = [_question(record, canon) for record in records]
    if not questions:
        raise ValueError(f"{file.name} has no question below its line of names, id, utterance, …")
    if len({question.id for question in questions}) < len(questions):
        raise ValueError(f"{file.name}: two questions have the same id")
    return questions


def _question(record: dict[str, str], canon: dict[str, tuple[str, ...]]) -> Question:
    name = record["id"]
    target = _items(record["targetValue"])
    forms = canon.get(name)
    return Question(
        id=name,
        utterance=unescape(record["utterance"]),
        context=record["context"],
        target=target,
        canon=forms if forms is not None and len(forms) == len(target) else None,
    )


def _items(joined: str) -> tuple[str, ...]:
    return tuple(unescape(item) for item in joined.split("|"))


def _rows(file: Path) -> Iterator[list[str]]:
    """Yield the tab-separated fields of each line; only LF ends a line."""
    for line in read_text(file).split("\n"):
        text = line.rstrip("\r")
        if text:
            yield text.split("\t")


def _records(file: Path, *needed: str) -> Iterator[dict[str, str]]:
    """Yield the fields of each line by their names; raise ValueError if a needed one is missing."""
    rows = _rows(file)
    names = next(rows, [])
    for number, row in enumerate(rows, 2):
        record = dict(zip(names, row, strict=False))
        for name in needed:
            if name not in record:
                raise ValueError(f"{file.name}, line {number}: {name} is missing")
        yield record


def _read_canon(root: Path, split: str) -> dict[str, tuple[str, ...]]:
    """Return the canonical answers by id; empty where the release's tags are not at hand."""
    named = split.removesuffix("-tables").replace("-", "_")
    for file in (
        root / "tagged" / "data" / f"{split}.tagged",
        root / "data" / f"{split}.tagged",
        root / "data" / f"target_canon_{named}.tsv",
    ):
        if file.is_file():
            records = _records(file, "id")
            return {r["id"]: _items(r["targetCanon"]) for r in records if "targetCanon" in r}
    return {}


def read_table(root: Path, context: str) -> Table:
    """Return a table of the release; raise ValueError if it is missing, malformed or has no header.

    Rows that are shorter than the header are filled up with empty cells; longer ones are cut.
    """
    file = root / context
    if file.is_file():
        lines = fields(read_text(file), context, doublequote=False, escapechar="\\")
        rows = [row for _, row in lines]
    elif file.with_suffix(".tsv").is_file():
        rows = [[unescape(cell) for cell in row] for row in _rows(file.with_suffix(".tsv"))]
    else:
        raise ValueError(f"the table {context!r} is missing in {str(root)!r}; {WHERE}")
    kept = [row for row in rows if row]
    if not kept:
        raise ValueError(f"the table {context!r} is empty")
    width = len(kept[0])
    cells = tuple(tuple((row + [""] * width)[:width]) for row in kept[1:])
    return Table(tuple(kept[0]), cells)


def read_programs(root: Path) -> dict[str, str]:
    """Return our own programs by the questions' ids, from ``programs.tsv`` if it is there."""
    file = root / "programs.tsv"
    if not file.is_file():
        return {}
    return {record["id"]: record["program"] for record in _records(file, "id", "program")}
