"""What the records of all cells come to: means over seeds, and the four questions of the field."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuralprog_agents.benchmark.comparison import tasks
from neuralprog_agents.benchmark.comparison.cells import MEASURED, SOLVED, Record
from neuralprog_agents.benchmark.comparison.entrants import ENTRANTS, Entrant
from neuralprog_envs.registry import find


@dataclass(frozen=True)
class EntrantResult:
    """One entrant on one task, over all seeds.

    Attributes:
        entrant: Its name.
        env: The task.
        records: A record a seed, one at least, all measured or none.
    """

    entrant: str
    env: str
    records: tuple[Record, ...]

    @property
    def measured(self) -> bool:
        """Whether there is anything but a reason."""
        return all(record["status"] == MEASURED for record in self.records)

    @property
    def reason(self) -> str:
        """Why it was not measured."""
        return next(str(r["reason"]) for r in self.records if r["status"] != MEASURED)

    def at(self, multiple: int) -> list[float]:
        """Return each seed's success at so many times the trained length; without an answer, 0.

        What says nothing about the agent is left out.
        """
        found = [record["success_rates"][str(multiple)] for record in self.records]
        return [_number(value) for value in found if not _left_out(value)]

    @property
    def wider(self) -> list[float]:
        """Each seed's success at wider values, where the task has such a thing."""
        found = [record["wider"] for record in self.records if record["wider"] is not None]
        return [_number(value) for value in found]

    @property
    def solved(self) -> bool:
        """Whether most seeds are right at the longest trained length."""
        return 2 * len(self.solvers) > len(self.records)

    @property
    def solvers(self) -> list[Record]:
        """The seeds that are right there."""
        return [r for r in self.records if _number(r["success_rates"]["1"]) >= SOLVED]

    def median(self, key: str) -> float | None:
        """Return the median over the seeds that solve it of a number in their records."""
        found = [r[key] for r in self.solvers if r.get(key) is not None]
        return statistics.median(found) if found else None


def _number(value: Any) -> float:
    return value if isinstance(value, float) else 0.0


def _left_out(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(tasks.LEFT_OUT)


@dataclass(frozen=True)
class EntrantSummary:
    """What the records say of one entrant, to the four questions and beyond.

    Attributes:
        entrant: Who.
        attempted: Its results on the tasks that it could face.
        memory: Samples to solve a task whose memory is four times as large, in multiples of those
            for the small one; None where it does not solve both.
        parameters: Likewise, its trained numbers.
    """

    entrant: Entrant
    attempted: Sequence[EntrantResult]
    memory: float | None
    parameters: float | None

    @property
    def won(self) -> list[EntrantResult]:
        """The results of the tasks that it solves."""
        return [result for result in self.attempted if result.solved]

    @property
    def supervision(self) -> str:
        """What it learns from."""
        return str(self.attempted[0].records[0]["supervision"]) if self.attempted else ""

    @property
    def solved(self) -> tuple[int, int]:
        """How many tasks it solves, and how many it faces."""
        return len(self.won), len(self.attempted)

    @property
    def complex(self) -> tuple[int, int]:
        """Likewise, of the tasks that need more than moving data."""
        hard = [result for result in self.attempted if tasks.kind(result.env) != "moves"]
        return sum(result.solved for result in hard), len(hard)

    @property
    def steps(self) -> float:
        """The longest program solved, in steps of the expert; 0 for none."""
        return max((tasks.program_length(result.env) for result in self.won), default=0.0)

    def at(self, multiple: int) -> float | None:
        """Return the mean success over solved tasks at a multiple of the trained length."""
        return _mean([rate for result in self.won for rate in result.at(multiple)])

    @property
    def wider(self) -> float | None:
        """The same at wider values; None where no task that it solves has such a thing."""
        return _mean([rate for result in self.won for rate in result.wider])

    def median(self, key: str) -> float | None:
        """Return the median over solved tasks of "samples", "cpu_seconds" or "parameters"."""
        return _median(result.median(key) for result in self.won)


class ComparisonSummary:
    """The records of a comparison, arranged.

    Args:
        records: Of all cells.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self.records = list(records)
        standard = [record for record in self.records if record["length"] is None]
        present = {record["entrant"] for record in standard}
        self.entrants = [entrant for entrant in ENTRANTS if entrant.name in present]
        self.envs = list(dict.fromkeys(record["env"] for record in standard))
        self.results = _grouped(standard)
        self.grown = {
            factor: _grouped(record for record in self.records if _factor(record) == factor)
            for factor in sorted({_factor(record) for record in self.records} - {1})
        }

    def of(self, entrant: str, env: str) -> EntrantResult | None:
        """Return a result, if that cell was asked for."""
        return self.results.get((entrant, env))

    def family(self, name: str) -> list[str]:
        """Return the tasks of a family."""
        return [env for env in self.envs if find(env).family == name]

    @property
    def families(self) -> list[str]:
        """The families that take part."""
        return list(dict.fromkeys(find(env).family for env in self.envs))

    def attempted(self, entrant: str, family: str | None = None) -> list[EntrantResult]:
        """Return the results of the tasks, of a family if one is named, that one could face."""
        envs = self.envs if family is None else self.family(family)
        mine = (self.of(entrant, env) for env in envs)
        return [result for result in mine if result is not None and result.measured]

    def answers(self, entrant: Entrant) -> EntrantSummary:
        """Return what the records say of one entrant."""
        growth = (self._growth(entrant.name, key) for key in ("samples", "parameters"))
        return EntrantSummary(entrant, self.attempted(entrant.name), *growth)

    def _growth(self, entrant: str, key: str) -> float | None:
        """Return the ratio of a number at the largest memory to that at the default one."""
        if not self.grown:
            return None
        largest = self.grown[max(self.grown)]
        pairs = [(self.of(*key), large) for key, large in largest.items() if key[0] == entrant]
        ratios = [_ratio(small, large, key) for small, large in pairs if small is not None]
        return _median(ratios)


def _ratio(small: EntrantResult, large: EntrantResult, key: str) -> float | None:
    """Return the ratio of a number where both memories are solved."""
    if not (small.measured and large.measured and small.solved and large.solved):
        return None
    before, after = small.median(key), large.median(key)
    return after / before if before and after else None


def _grouped(records: Iterable[Record]) -> dict[tuple[str, str], EntrantResult]:
    found: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        found.setdefault((record["entrant"], record["env"]), []).append(record)
    return {key: EntrantResult(*key, tuple(rows)) for key, rows in found.items()}


def _factor(record: Record) -> int:
    if record["length"] is None:
        return 1
    return int(record["length"][1]) // tasks.longest(record["env"])


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _median(values: Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return float(statistics.median(found)) if found else None
