"""The log of what has been measured, one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from neuralprog_agents.benchmark.comparison.cells import UNTRAINED, ConfiguredCell
from neuralprog_agents.benchmark.comparison.measure import refusal
from neuralprog_agents.benchmark.comparison.records import FAILED, MEASURED, Record
from neuralprog_agents.benchmark.comparison.tasks import MULTIPLES
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
    """What makes a line a record: all that is read of it, whatever its status is."""

    key: str
    status: Literal["measured", "not applicable", "failed"]
    entrant: str
    env: str
    seed: int
    length: tuple[int, int] | None
    budget: ranges.Positive
    supervision: str
    machine: str
    commit: str


@dataclass(frozen=True)
class _Reason:
    """What a cell has that was not measured."""

    reason: str


@dataclass(frozen=True)
class _Point:
    seconds: float
    success: float


@dataclass(frozen=True)
class _Measured:
    """What a measured cell has."""

    curve: tuple[_Point, ...]
    success_rates: dict[str, float | str]
    judging: float
    wider: float | str | None
    solved: float | None

    def __post_init__(self) -> None:
        missing = {str(multiple) for multiple in MULTIPLES} - set(self.success_rates)
        if missing or not self.curve:
            raise ValueError("a measured cell has a curve, and a success rate of each multiple")


@dataclass(frozen=True)
class _Trained:
    """What a measured cell of an agent that was trained has besides."""

    cpu_seconds: float
    restarts: int


def _parsed(line: str) -> Record | None:
    try:
        record: Record = parse_json(line, "record")
        for kind in _kinds(structured(_Line, record)):
            structured(kind, record)
    except ValueError:
        return None
    return record


def _kinds(line: _Line) -> tuple[type, ...]:
    """Return what else a line must have."""
    if line.status != MEASURED:
        return (_Reason,)
    return (_Measured,) if line.supervision == UNTRAINED else (_Measured, _Trained)
