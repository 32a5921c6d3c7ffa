"""The log of what has been measured, one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from neuralprog_agents.benchmark.comparison.cells import ConfiguredCell
from neuralprog_agents.benchmark.comparison.measure import refusal
from neuralprog_agents.benchmark.comparison.records import FAILED, MEASURED, Record
from neuralprog_agents.training import ranges
from neuralprog_agents.training.files import append_json, parse_json, whole_lines
from neuralprog_agents.training.schema import structured


class Log:
    """Measured cells, kept as soon as each is done; of one that went on, the last line counts.

    Args:
        path: The file; a last line that a kill cut short is dropped.

    Raises:
        ValueError: It holds something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: dict[str, Record] = {}
        for number, line in enumerate(whole_lines(path), 1):
            record = _parsed(line)
            if record is None:
                raise ValueError(f"{self.path}, line {number}: not a measured cell")
            self.records[record["key"]] = record

    def measured(self, cell: ConfiguredCell) -> Record | None:
        """Return a cell's record, whatever its budget; None if it was not measured."""
        record = self.records.get(cell.key)
        return record if record and record["status"] == MEASURED else None

    def missing(self, cells: Iterable[ConfiguredCell]) -> list[ConfiguredCell]:
        """Return the cells that were not measured so long, or failed; what is refused is never."""
        return [cell for cell in cells if not cell.refused and not self._done(cell)]

    def _done(self, cell: ConfiguredCell) -> bool:
        record = self.measured(cell)
        if record is None:
            return False
        untrained = not cell.cell.who.agent
        return untrained or record["solved"] is not None or record["budget"] >= cell.seconds

    def add(self, record: Record) -> None:
        """Keep a record, on disk too; a failure replaces no measurement."""
        before = self.records.get(record["key"], record)
        if record["status"] != FAILED or before["status"] != MEASURED:
            self.records[record["key"]] = record
        append_json(self.path, record)

    def of(self, cells: Iterable[ConfiguredCell]) -> list[Record]:
        """Return the records of those cells that have one or are refused, in their order."""
        found = {
            cell.key: refusal(cell) if cell.refused else self.records.get(cell.key)
            for cell in cells
        }
        return [record for record in found.values() if record is not None]


@dataclass(frozen=True)
class _Line:
    """What makes a line a record; a cell that was measured has more."""

    key: str
    status: Literal["measured", "not applicable", "failed"]
    entrant: str
    env: str
    seed: int
    budget: ranges.Positive
    supervision: str
    length: tuple[int, int] | None = None
    reason: str = ""


@dataclass(frozen=True)
class _Point:
    seconds: float
    success: float


@dataclass(frozen=True)
class _Measured:
    curve: tuple[_Point, ...]
    success_rates: dict[str, Any]
    judging: float
    wider: float | str | None
    solved: float | None
    cpu_seconds: float = 0.0


def _parsed(line: str) -> Record | None:
    try:
        record: Record = parse_json(line, "record")
        if structured(_Line, record).status == MEASURED:
            structured(_Measured, record)
    except ValueError:
        return None
    return record
