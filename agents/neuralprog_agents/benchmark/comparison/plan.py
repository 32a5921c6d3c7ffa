"""Which cells there are, in three stages, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import fmean

import numpy as np

from neuralprog_agents.benchmark.comparison.cells import Cell, ConfiguredCell, configure
from neuralprog_agents.benchmark.comparison.entrants import ENTRANTS, entrant
from neuralprog_agents.benchmark.comparison.log import Log
from neuralprog_agents.benchmark.comparison.records import (
    Record,
    group,
    solved_within,
    success_at,
)
from neuralprog_envs.registry import REGISTRY, find

GROWING = ("NRAMCopy-v0", "NPIBubbleSort-v0", "NPSingleColumn-v0")
"""Tasks that are also learned at ``FACTORS`` times the default length: can memory grow?"""
FACTORS = (2, 4, 8)


@dataclass(frozen=True)
class Stage:
    """A part of a plan.

    Attributes:
        name: Of it.
        cells: Its cells, as far as they are known: later stages depend on what is measured.
        most: How many there may be at most, and CPU-seconds that each may take further.
    """

    name: str
    cells: tuple[ConfiguredCell, ...]
    most: tuple[int, float]


@dataclass(frozen=True)
class Plan:
    """What is to be compared.

    Attributes:
        entrants: Names; see ``entrants.entrant``.
        envs: The tasks.
        seeds: 0, 1 … below this.
        seconds: The budget of CPU time of every training.
        longer: That of the trainings that go on; at most ``seconds`` if none does.
        growing: Whether ``GROWING`` is part of it.
    """

    entrants: tuple[str, ...]
    envs: tuple[str, ...]
    seeds: int
    seconds: float
    longer: float = 0.0
    growing: bool = True

    def stages(self, log: Log) -> list[Stage]:
        """Return the stages, given what is measured."""
        every = self.every
        parts = [Stage(f"every entrant to {self.seconds:g} s", every, (0, self.seconds))]
        if self.longer > self.seconds:
            name = f"the best that has not solved it, to {self.longer:g} s"
            most = len({(c.cell.env, group(c.supervision)) for c in every if c.trained})
            cells = tuple(self._longer(log))
            parts.append(Stage(name, cells, (most * self.seeds, self.longer - self.seconds)))
        if self.growing and set(GROWING) & set(self.envs):
            name = f"memory × {', '.join(map(str, FACTORS))} for those that solve half of it"
            most = len(FACTORS) * sum(c.cell.env in GROWING and c.trained for c in every)
            parts.append(Stage(name, tuple(self._grown(log)), (most, self.seconds)))
        return parts

    def cells(self, log: Log) -> list[ConfiguredCell]:
        """Return all cells that are known to be asked for."""
        return [cell for stage in self.stages(log) for cell in stage.cells]

    @cached_property
    def every(self) -> tuple[ConfiguredCell, ...]:
        """The first stage, one seed after another, so that what is cut short is balanced.

        What needs no training is judged once: it plays the same instances whatever the seed.
        """
        return tuple(
            configure(Cell(name, env, seed), self.seconds)
            for seed in range(self.seeds)
            for env in self.envs
            for name in self.entrants
            if seed == 0 or entrant(name).agent
        )

    def _longer(self, log: Log) -> Iterator[ConfiguredCell]:
        """Yield the best of each task and kind of supervision, rewards first."""
        teams: dict[tuple[str, str], dict[str, list[ConfiguredCell]]] = {}
        for cell in (cell for cell in self.every if cell.trained):
            team = teams.setdefault((group(cell.supervision), cell.cell.env), {})
            team.setdefault(cell.cell.entrant, []).append(cell)
        for key in sorted(teams, key=lambda key: key[0] != "rewards"):
            for cell in self._best(list(teams[key].values()), log):
                yield configure(cell.cell, self.longer)

    def _best(self, team: list[list[ConfiguredCell]], log: Log) -> list[ConfiguredCell]:
        """Return the cells of the best entrant of those that are all measured and not solved."""
        open_: list[tuple[float, list[ConfiguredCell]]] = []
        for cells in team:
            records = [log.measured(cell) for cell in cells]
            known = [record for record in records if record is not None]
            if len(known) < len(cells):
                return []
            if not _mostly(solved_within(record, self.seconds) for record in known):
                open_.append((fmean(success_at(r, self.seconds) for r in known), cells))
        return max(open_, key=lambda pair: pair[0])[1] if open_ else []

    def _grown(self, log: Log) -> Iterator[ConfiguredCell]:
        """Yield, for each factor, those that solve half of it in most seeds."""
        for env in (env for env in self.envs if env in GROWING):
            for name in (name for name in self.entrants if entrant(name).agent):
                lengths = [None, *(grown(env, factor) for factor in FACTORS)]
                for half, length in pairwise(lengths):
                    if not self._solves(log, name, env, half):
                        break
                    for seed in range(self.seeds):
                        yield configure(Cell(name, env, seed, length), self.seconds)

    def _solves(self, log: Log, name: str, env: str, length: tuple[int, int] | None) -> bool:
        cells = [configure(Cell(name, env, s, length), self.seconds) for s in range(self.seeds)]
        records = [log.measured(cell) for cell in cells]
        return _mostly(r is not None and solved_within(r, self.seconds) for r in records)


def _mostly(answers: Iterable[bool]) -> bool:
    found = list(answers)
    return 2 * sum(found) > len(found)


def grown(env_id: str, factor: int) -> tuple[int, int]:
    """Return a task's default lengths with the longest so many times as long."""
    low, high = np.broadcast_to(find(env_id).defaults["length"], 2).tolist()
    return (low, factor * high)


_TASKS = tuple(row.id for row in REGISTRY.values() if not row.tags & {"real", "function", "stage"})
"""Functions of numbers and stages, tasks that lead to harder ones, are for sequences of tasks. Real
questions have splits and rules of their own: `evaluate --split random-split-1-dev`."""

FULL = Plan(tuple(each.name for each in ENTRANTS), _TASKS, seeds=3, seconds=60.0, longer=600.0)
QUICK = Plan(FULL.entrants, GROWING, seeds=1, seconds=3.0, growing=False)


class Costs:
    """What cells are likely to cost, by what others have cost.

    Args:
        records: Of what is measured.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self._found: dict[tuple[str, ...], list[float]] = {}
        for r in (r for r in records if "cpu_seconds" in r):
            for key in ((r["entrant"], r["env"]), (r["entrant"],)):
                share = (r["cpu_seconds"] + r["judging"]) / r["budget"]
                self._found.setdefault(key, []).append(share)

    def likely(self, cell: ConfiguredCell) -> float:
        """Return CPU-seconds, judging included: as the same entrant's, there or else anywhere."""
        keys = ((cell.cell.entrant, cell.cell.env), (cell.cell.entrant,))
        found = next((self._found[key] for key in keys if key in self._found), [1.0])
        return fmean(found) * cell.seconds if cell.cell.who.agent else 0.0


def size(plan: Plan, log: Log) -> list[tuple[str, int, int, float, float]]:
    """Return each stage's name, cells, cells left, and the CPU-hours left, likely and at most."""
    costs, rows = Costs(log.records.values()), []
    for stage in plan.stages(log):
        count = len([cell for cell in stage.cells if not cell.refused])
        left = log.missing(stage.cells)
        unknown = max(0, stage.most[0] - count)
        likely = sum(map(costs.likely, left)) / 3600
        most = sum(c.seconds for c in left if c.trained) + unknown * stage.most[1]
        rows.append((stage.name, count, len(left), likely, most / 3600))
    return rows
