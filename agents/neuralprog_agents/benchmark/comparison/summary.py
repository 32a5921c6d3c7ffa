"""The records of a comparison, arranged by entrant and task, and read under a budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf
from statistics import fmean, median

from neuralprog_agents.benchmark.comparison import statistics, tasks
from neuralprog_agents.benchmark.comparison.cells import ConfiguredCell
from neuralprog_agents.benchmark.comparison.entrants import Entrant, entrant
from neuralprog_agents.benchmark.comparison.plan import FACTORS, Plan, grown
from neuralprog_agents.benchmark.comparison.records import (
    GROUPS,
    MEASURED,
    Record,
    group,
    solved_within,
    success_at,
)
from neuralprog_agents.benchmark.comparison.statistics import Estimate
from neuralprog_envs.registry import find

BUDGETS = (10.0, 60.0, 600.0)
"""CPU-seconds under which curves are read, as far as a plan goes."""


@dataclass(frozen=True)
class Result:
    """One entrant on one task.

    Attributes:
        env: The task.
        runs: The records that are measured, one a seed.
    """

    env: str
    runs: tuple[Record, ...]

    def reached(self, seconds: float) -> bool:
        """Return whether all runs got to a budget or were solved before; False without runs.

        What needs no training has no budget to get to.
        """
        return bool(self.runs) and all(
            r["solved"] is not None or r["budget"] >= seconds or "cpu_seconds" not in r
            for r in self.runs
        )

    def at(self, seconds: float) -> list[float]:
        """Return each run's success under a budget."""
        return [success_at(record, seconds) for record in self.runs]

    def solvers(self, seconds: float) -> list[Record]:
        """Return the runs that solve it within a budget."""
        return [record for record in self.runs if solved_within(record, seconds)]

    def solved(self, seconds: float) -> bool:
        """Return whether most runs solve it within a budget."""
        return 2 * len(self.solvers(seconds)) > len(self.runs)

    def beyond(self, multiple: int) -> list[float]:
        """Return each run's success at the end, at so many times the longest default length.

        What cannot be read at all counts as 0; what says nothing about the agent is left out.
        """
        found = [record["success_rates"][str(multiple)] for record in self.runs]
        return [_number(value) for value in found if not _left_out(value)]

    def kept(self, multiple: int, seconds: float) -> list[float]:
        """Return each run's success at a multiple; 0 where it has not solved its task in time."""
        return [
            rate if solved_within(record, seconds) else 0.0
            for record in self.runs
            for rate in replace(self, runs=(record,)).beyond(multiple)
        ]

    @property
    def wider(self) -> list[float]:
        """Each run's success at wider values, where the task has such a thing."""
        found = [record["wider"] for record in self.runs if record["wider"] is not None]
        return [_number(value) for value in found]

    def time(self, seconds: float) -> float | None:
        """Return the median of the CPU-seconds that solved it; None unless most runs do."""
        found = [record["solved"] for record in self.solvers(seconds)]
        return _median(found) if self.solved(seconds) else None

    def samples(self, seconds: float) -> float | None:
        """Return the median of the samples that solved it; None unless most runs do."""
        found = [record["curve"][-1].get("samples") for record in self.solvers(seconds)]
        return _median(found) if self.solved(seconds) else None


def _number(value: object) -> float:
    return value if isinstance(value, float) else 0.0


def _left_out(value: object) -> bool:
    return isinstance(value, str) and value.startswith(tasks.LEFT_OUT)


class EntrantSummary:
    """One entrant on all tasks that it can face.

    Args:
        who: The entrant.
        supervisions: What it learns from, in its own words, and on which tasks.
        results: A result for each task that it can face, measured or not.
    """

    def __init__(
        self, who: Entrant, supervisions: Mapping[str, Sequence[str]], results: Sequence[Result]
    ) -> None:
        self.who, self.supervisions, self.results = who, supervisions, results

    @property
    def group(self) -> str:
        """The kind of its supervision."""
        return group(next(iter(self.supervisions)))

    def of(self, family: str | None) -> list[Result]:
        """Return the results of a family; None means all."""
        return [each for each in self.results if family in (None, find(each.env).family)]

    def reached(self, seconds: float, family: str | None = None) -> bool:
        """Return whether every task was measured up to a budget."""
        own = self.of(family)
        return bool(own) and all(each.reached(seconds) for each in own)

    def won(self, seconds: float, family: str | None = None) -> list[Result]:
        """Return the results of the tasks that most runs solve within a budget."""
        return [each for each in self.of(family) if each.runs and each.solved(seconds)]

    def solved(self, seconds: float, family: str | None = None) -> Estimate | None:
        """Return the share of runs that solve their task within a budget; None if not reached."""
        if not self.reached(seconds, family):
            return None
        scores = [[float(solved_within(r, seconds)) for r in e.runs] for e in self.of(family)]
        return statistics.estimate(scores, statistics.mean)

    def success(self, seconds: float, family: str | None = None) -> Estimate | None:
        """Return the interquartile mean of success under a budget; None if not reached."""
        if not self.reached(seconds, family):
            return None
        scores = [each.at(seconds) for each in self.of(family)]
        return statistics.estimate(scores, statistics.interquartile_mean)

    def mean(self, seconds: float) -> Estimate | None:
        """Return the mean of success under a budget; None if not reached."""
        if not self.reached(seconds):
            return None
        return statistics.estimate([each.at(seconds) for each in self.results], statistics.mean)

    def rank(self, seconds: float, family: str | None = None) -> tuple[int, float]:
        """Return the number of tasks solved within a budget, and the sum of all mean successes."""
        rates = [fmean(each.at(seconds)) for each in self.of(family) if each.runs]
        return len(self.won(seconds, family)), sum(rates)

    def end(self, family: str | None = None) -> float | None:
        """Return the CPU-seconds that every unsolved run got; None if all runs were solved."""
        runs = [run for each in self.of(family) for run in each.runs]
        return min((run["budget"] for run in runs if run["solved"] is None), default=None)

    def times(self, seconds: float, family: str | None = None) -> tuple[list[float], list[bool]]:
        """Return when each run was solved, or ended, within a budget, and whether it was solved.

        No run is followed beyond ``end``: which runs went on depended on what they had reached,
        and an estimate with censored times must not depend on such a choice.
        """
        last = min(seconds, self.end(family) or inf)
        runs = [run for each in self.of(family) for run in each.runs]
        solved = [solved_within(run, last) for run in runs]
        times = [run["solved"] if done else last for run, done in zip(runs, solved, strict=True)]
        return times, solved

    def beyond(self, multiple: int, seconds: float) -> float | None:
        """Return the mean success at a multiple of the longest default length.

        It is that of the runs that solved their task within a budget, of the tasks that most did.
        """
        return _mean([rate for each in self._solvers(seconds) for rate in each.beyond(multiple)])

    def played(self, multiple: int, seconds: float) -> int:
        """Return of how many tasks ``beyond`` is the mean."""
        return sum(bool(each.beyond(multiple)) for each in self._solvers(seconds))

    def kept(self, multiple: int, seconds: float) -> float | None:
        """Return the mean of ``Result.kept`` over all runs; None if a budget is not reached."""
        rates = [rate for each in self.results for rate in each.kept(multiple, seconds)]
        return _mean(rates) if self.reached(seconds) else None

    def wider(self, seconds: float) -> float | None:
        """Return the same at wider values."""
        return _mean([rate for each in self._solvers(seconds) for rate in each.wider])

    def _solvers(self, seconds: float) -> list[Result]:
        """Return the results of the tasks that most runs solve, with these runs alone."""
        return [replace(each, runs=tuple(each.solvers(seconds))) for each in self.won(seconds)]

    def samples(self, seconds: float) -> float | None:
        """Return the median over solved tasks of the samples that solved them."""
        return _median([each.samples(seconds) for each in self.won(seconds)])

    def parameters(self, seconds: float) -> float | None:
        """Return the median over solved tasks of the numbers trained."""
        runs = [run for each in self.won(seconds) for run in each.solvers(seconds)]
        return _median([run.get("parameters") for run in runs])

    def longest(self, seconds: float) -> float:
        """Return the longest program solved, in steps of the expert; 0 for none."""
        lengths = (tasks.program_length(each.env) for each in self.won(seconds))
        return max(filter(None, lengths), default=0.0)

    @property
    def seeds(self) -> int:
        """How many trainings each of its tasks has."""
        return max((len(result.runs) for result in self.results), default=0)


class ComparisonSummary:
    """All records of a plan.

    Args:
        plan: What is compared.
        records: What is measured of it, refused or failed.
    """

    def __init__(self, plan: Plan, records: Iterable[Record]) -> None:
        self.plan, self.records = plan, list(records)
        self._found: dict[tuple[str, str, int], list[Record]] = {}
        for record in self.records:
            if record["status"] == MEASURED:
                key = (record["entrant"], record["env"], _longest(record))
                self._found.setdefault(key, []).append(record)
        self._cells = [cell for cell in plan.every if not cell.refused and cell.cell.seed == 0]
        self.entrants = [
            self._summary(name)
            for name in plan.entrants
            if any(c.cell.entrant == name for c in self._cells)
        ]

    @cached_property
    def budgets(self) -> list[float]:
        """The budgets to read: those of ``BUDGETS`` that the plan reaches, and its own."""
        own = {self.plan.seconds, max(self.plan.seconds, self.plan.longer)}
        return sorted(own | {b for b in BUDGETS if b < max(own)})

    @cached_property
    def reached(self) -> float:
        """The longest budget that every trained entrant has reached, of those that have the first.

        Those that have not are still being measured, and shown so.
        """
        first = self.budgets[0]
        known = [each for each in self.entrants if each.who.agent and each.reached(first)]
        done = [b for b in self.budgets if known and all(each.reached(b) for each in known)]
        return done[-1] if done else first

    @property
    def families(self) -> list[str]:
        """The families that take part."""
        return list(dict.fromkeys(find(env).family for env in self.plan.envs))

    def size(self, family: str) -> int:
        """Return how many tasks of a family take part."""
        return sum(find(env).family == family for env in self.plan.envs)

    @property
    def groups(self) -> dict[str, list[EntrantSummary]]:
        """The trained entrants by kind of supervision, in the order of ``GROUPS``."""
        names = (*GROUPS, "other")
        trained = [each for each in self.entrants if each.who.agent]
        found = {name: [each for each in trained if each.group == name] for name in names}
        return {name: those for name, those in found.items() if those}

    def _summary(self, name: str) -> EntrantSummary:
        cells = [each for each in self._cells if each.cell.entrant == name]
        results = _balanced([self._result(cell) for cell in cells])
        supervisions: dict[str, list[str]] = {}
        for cell in cells:
            supervisions.setdefault(cell.supervision, []).append(cell.cell.env)
        return EntrantSummary(entrant(name), supervisions, results)

    def _result(self, cell: ConfiguredCell) -> Result:
        key = (cell.cell.entrant, cell.cell.env, 0)
        return Result(cell.cell.env, tuple(self._found.get(key, ())))

    def tries(self, who: EntrantSummary, env: str) -> tuple[Record, ...]:
        """Return all trainings of an entrant on a task, those of single seeds, too."""
        return tuple(self._found.get((who.who.name, env, 0), ()))

    @property
    def waiting(self) -> int:
        """How many trainings are not counted yet; see ``_balanced``."""
        return sum(
            len(self.tries(each, result.env)) - len(result.runs)
            for each in self.entrants
            for result in each.results
        )

    def grown(self, who: EntrantSummary, env: str) -> dict[int, Result]:
        """Return the results with so many times the memory, of the seeds that all of them have."""
        lengths = {factor: grown(env, factor)[1] if factor > 1 else 0 for factor in (1, *FACTORS)}
        runs = {k: self._found.get((who.who.name, env, n), ()) for k, n in lengths.items()}
        found = {factor: Result(env, tuple(those)) for factor, those in runs.items() if those}
        return dict(zip(found, _balanced(list(found.values())), strict=True))


def _balanced(results: Sequence[Result]) -> list[Result]:
    """Return results with the seeds that all measured tasks have: else easy tasks count more."""
    seeds = [{run["seed"] for run in each.runs} for each in results if each.runs]
    common = set.intersection(*seeds) if seeds else set()
    return [
        replace(each, runs=tuple(run for run in each.runs if run["seed"] in common or not common))
        for each in results
    ]


def _longest(record: Record) -> int:
    return int(record["length"][1]) if record["length"] else 0


def won_and_tried(members: Sequence[EntrantSummary], seconds: float) -> tuple[int, int]:
    """Return how many tasks any of these agents solves within a time, of how many measured ones."""
    won = {result.env for each in members for result in each.won(seconds)}
    tried = {result.env for each in members for result in each.results if result.runs}
    return len(won), len(tried)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _median(values: Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return float(median(found)) if found else None
