"""Which cells there are, and the log of those that have been measured."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neuralprog_agents.benchmark.comparison.cells import (
    FAILED,
    Cell,
    ConfiguredCell,
    Record,
    measure,
)
from neuralprog_agents.benchmark.comparison.entrants import ENTRANTS
from neuralprog_agents.training.files import parse_json, read_text
from neuralprog_agents.training.schema import structured
from neuralprog_envs.registry import FAMILIES, REGISTRY, find

GROWING: dict[str, tuple[int, ...]] = {
    "NRAMCopy-v0": (4,),
    "NPIBubbleSort-v0": (4,),
    "NPSingleColumn-v0": (4,),
}
"""Tasks that are also learned at lengths so many times the default: can memory grow?"""


@dataclass(frozen=True)
class Plan:
    """What is to be compared.

    Attributes:
        entrants: Names of ``ENTRANTS``.
        envs: The tasks.
        seeds: 0, 1 … below this.
        seconds: CPU time of each training, by family: tables take longer to read.
        growing: Whether ``GROWING`` is part of it.
    """

    entrants: tuple[str, ...]
    envs: tuple[str, ...]
    seeds: int
    seconds: Mapping[str, float]
    growing: bool = True

    def cells(self) -> Iterator[Cell]:
        """Yield the cells, one seed after another, so that what is cut short is balanced."""
        for seed in range(self.seeds):
            for env in self.envs:
                for entrant in self.entrants:
                    yield from self._of(entrant, env, seed)

    def _of(self, entrant: str, env: str, seed: int) -> Iterator[Cell]:
        seconds = self.seconds[find(env).family]
        yield Cell(entrant, env, seed, seconds)
        if self.growing and env in GROWING and entrant not in _UNTRAINED:
            for factor in GROWING[env]:
                yield Cell(entrant, env, seed, seconds, grown(env, factor))


_UNTRAINED = frozenset(entrant.name for entrant in ENTRANTS if not entrant.agent)


def grown(env_id: str, factor: int) -> tuple[int, int]:
    """Return a task's default lengths with the longest so many times as long."""
    low, high = np.broadcast_to(find(env_id).defaults["length"], 2).tolist()
    return (low, factor * high)


_TASKS = tuple(row.id for row in REGISTRY.values() if "real" not in row.tags)
"""Real questions have splits and rules of their own: `evaluate --split random-split-1-dev`."""

FULL = Plan(
    tuple(entrant.name for entrant in ENTRANTS),
    _TASKS,
    seeds=3,
    seconds={"tape": 10.0, "program": 10.0, "table": 30.0},
)
QUICK = Plan(
    FULL.entrants,
    ("NRAMCopy-v0", "NPIBubbleSort-v0", "NPSingleColumn-v0"),
    seeds=2,
    seconds=dict.fromkeys(FAMILIES, 4.0),
    growing=False,
)


class Log:
    """Measured cells, one JSON object a line, kept as soon as each is done.

    Args:
        path: The file; a last line that a kill cut short is dropped.

    Raises:
        ValueError: It holds something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: dict[str, Record] = {}
        if path.exists():
            self._read()

    def _read(self) -> None:
        text = read_text(self.path)
        whole = text[: text.rfind("\n") + 1]
        for number, line in enumerate(whole.splitlines(), 1):
            record = _parsed(line)
            if record is None:
                raise ValueError(f"{self.path}, line {number}: not a measured cell")
            self.records[record["key"]] = record
        if whole != text:
            os.truncate(self.path, len(whole.encode()))

    def missing(self, cells: Iterable[ConfiguredCell]) -> list[ConfiguredCell]:
        """Return the cells that are not measured yet, or failed; what is refused is never."""
        return [cell for cell in cells if not cell.refused and not self._done(cell.key)]

    def _done(self, key: str) -> bool:
        return key in self.records and self.records[key]["status"] != FAILED

    def add(self, record: Record) -> None:
        """Keep a record, on disk too."""
        self.records[record["key"]] = record
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def of(self, cells: Iterable[ConfiguredCell]) -> list[Record]:
        """Return the records of those cells that have one or are refused, in their order."""
        found = (measure(cell) if cell.refused else self.records.get(cell.key) for cell in cells)
        return [record for record in found if record is not None]


@dataclass(frozen=True)
class _Keys:
    """What makes a line a record."""

    key: str
    status: str
    env: str


def _parsed(line: str) -> Record | None:
    try:
        record: Record = parse_json(line, "record")
        structured(_Keys, record)
    except ValueError:
        return None
    return record
