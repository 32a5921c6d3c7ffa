"""A benchmark's log: measured records, one JSON object a line, each kept as soon as it is there."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

from neuralprog_agents.training.files import append_json, parse_json, whole_lines
from neuralprog_agents.training.schema import structured

Record = TypeVar("Record")


class Log(Generic[Record]):
    """The records of a file, each an instance of a dataclass.

    Args:
        path: The file; a last line that a kill cut short is dropped.
        kind: The dataclass.

    Raises:
        ValueError: It holds something else.
    """

    def __init__(self, path: Path, kind: type[Record]) -> None:
        self.path, self._kind = path, kind
        lines = enumerate(whole_lines(path), 1)
        self.records = [self._record(number, line) for number, line in lines]

    def _record(self, number: int, line: str) -> Record:
        try:
            return structured(self._kind, parse_json(line, "record"))
        except ValueError as error:
            raise ValueError(f"{self.path}, line {number}: {error}") from None

    def add(self, record: Record) -> None:
        """Keep a record, on disk too."""
        self.records.append(record)
        append_json(self.path, vars(record))
