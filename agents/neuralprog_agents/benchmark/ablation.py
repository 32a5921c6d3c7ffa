"""What each operation and each trick of the 2017 system is good for, on real tables.

Every row leaves something out or changes one setting. Each has the same short training, with
the same seeds, on the questions about a fifth of a file's tables, and answers those about
a tenth. The programs of all questions are searched once. A row without an operation drops
the programs that have it, and searches again where that may find others.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agents.neural_programmer_2017 import data
from neuralprog_agents.agents.neural_programmer_2017.config import Config
from neuralprog_agents.agents.neural_programmer_2017.data import Example, Questions
from neuralprog_agents.agents.neural_programmer_2017.labels import Values
from neuralprog_agents.agents.neural_programmer_2017.train import WikiLearner, steps_of
from neuralprog_agents.benchmark.log import Log
from neuralprog_agents.benchmark.seeds import check as check_seeds
from neuralprog_agents.training.config import changed_settings
from neuralprog_agents.training.files import locked, write_atomically
from neuralprog_envs.table.ops import SETS
from neuralprog_envs.table.wiki import Release, WikiSource

_HEAD = """\
# Ablation: real tables

Written by `neuralprog benchmark ablation --data FOLDER`, where FOLDER has the release of
WikiTableQuestions; `ablation.jsonl` has every network. All have the same short training: {epochs}
epoch of {learned:,} questions of random-split-1-train, {batch} questions in a step, {programs}
programs of each, and else the settings of `np-wikitables`. With a beam of {beam} they answer
{asked:,} questions of the same file about other tables. Nothing was chosen by this table.
{networks} networks, {seconds:.0f} CPU-seconds each, {minutes:.0f} CPU-minutes in all.

- **right**: the mean of {seeds} seeds, and the lowest and the highest.
- **change**: the mean change against "everything" with the same seed, ± the standard deviation of
  these {seeds} changes.
- **covered**: the questions to learn from that have a right program.

| network | right, % | change | covered, % |
|---|---|---|---|"""
LOG, REPORT = "ablation.jsonl", "ablation.md"
SHORT = Config(epochs=1, batch=16, programs_per_question=6, beam=4)
"""The settings of the row that has everything."""
SEEDS = 3
_FEWEST = 2
"""Seeds: the changes have a spread."""
_LEARNED, _HELD_OUT = (1, 6), (0,)
"""The last digits of the numbers of tables that are learned from, and of those held out."""
_LONG = 4
"""Some programs of so many steps are only searched where no shorter one is right."""

OURS = tuple(name for name in SETS["wiki"] if name not in SETS["2017"])
"""The operations that the published system does not have."""


@dataclass(frozen=True)
class Row:
    """One row of the table: what it is called, and the settings that differ from ``SHORT``."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)


EVERYTHING = Row("everything")
OPERATIONS = (
    *(Row(f"without `{name}`", {"without": (name,)}) for name in OURS),
    Row(f"without all {len(OURS)}: the operations of 2017", {"without": OURS}),
)
TRICKS = (
    Row("no flags of words", {"without": ("links",)}),
    Row("no features of columns", {"without": ("traits",)}),
    Row("nothing of what a program has selected", {"without": ("selection",)}),
    Row("probabilities of equal answers not added", {"without": ("sums",)}),
    Row("beam of 1, not 4", {"beam": 1}),
    Row("one program of a question in a step, not 6", {"programs_per_question": 1}),
    Row("long programs weigh as much from the start", {"simplicity": 0.0}),
    Row("learning rate 0.001, not 0.003", {"learning_rate": 1e-3}),
    Row("states of 128, not 160", {"hidden": 128}),
    Row("no dropout", {"dropout": 0.0}),
)
ROWS = (EVERYTHING, *OPERATIONS, *TRICKS)


@dataclass(frozen=True)
class NetworkScore:
    """One network.

    Attributes:
        settings: Its settings, as far as they are not the agent's defaults.
        right: How many of the questions about held-out tables it answers rightly.
        asked: How many these are.
        covered: How many questions to learn from have a right program.
        learned: How many there are to learn from.
        cpu_seconds: The time of training and answering, without the search of programs.
    """

    settings: dict[str, Any]
    right: int
    asked: int
    covered: int
    learned: int
    cpu_seconds: float


def main(
    base: Config, output: Path, seeds: int = SEEDS, rows: Sequence[Row] = ROWS, measure: bool = True
) -> None:
    """Measure what is missing in ``output``'s log, then write the report.

    Args:
        base: The settings of the row that has everything.
        output: The folder to write to, made if it is missing.
        seeds: How many networks a row has.
        rows: The rows, the one that has everything first.
        measure: Whether to measure, or only to report what is measured.

    Raises:
        ValueError: There are no data, the log is no log, or the number of seeds is out of its
            range.
        BusyError: Another process is at work in the folder.
    """
    check_seeds(seeds, _FEWEST)
    configs = [_config(base, row, seed) for seed in range(seeds) for row in rows]
    output.mkdir(parents=True, exist_ok=True)
    with locked(output / ".lock"):
        log = Log(output / LOG, NetworkScore)
        missing = [config for config in configs if _network(log, config) is None]
        if missing and measure:
            _measure(missing, log)
        write_atomically(output / REPORT, report(log, base, seeds, rows).encode())


def _measure(configs: Sequence[Config], log: Log[NetworkScore]) -> None:
    """Measure networks one after the other, and keep each at once."""
    programs = Programs(questions(configs[0]))
    for number, config in enumerate(configs, 1):
        record = measured(config, programs)
        log.add(record)
        print(f"{number} of {len(configs)}: {record}", file=sys.stderr, flush=True)


def _config(base: Config, row: Row, seed: int) -> Config:
    return replace(base, seed=seed, **row.settings)


def _settings(config: Config) -> dict[str, Any]:
    """Return the settings that differ from the agent's defaults, but not where the data are."""
    return {name: v for name, v in changed_settings(config).items() if name != "data"}


def questions(config: Config) -> Questions:
    """Return the questions of a config's first file, those about other tables held out."""
    whole = data.source_of(config, config.questions, ()).release
    learned, judged = (_about(whole, digits) for digits in (_LEARNED, _HELD_OUT))
    vocabulary = data.vocabulary_of(learned, config.word_cutoff)
    words = vocabulary.words[2:]
    machine = data.source_of(config, config.questions, words).machine
    sources = WikiSource(learned, machine), WikiSource(judged, machine)
    return Questions(data.settings(config, words), len(vocabulary), *sources)


def _about(release: Release, digits: Sequence[int]) -> Release:
    """Return the questions about tables whose numbers, in the order of names, end with a digit."""
    names = sorted({question.context for question in release.questions})
    tables = {name for number, name in enumerate(names) if number % 10 in digits}
    return replace(release, questions=tuple(q for q in release.questions if q.context in tables))


class Programs:
    """The right programs of questions, with all operations or without some."""

    def __init__(self, questions: Questions) -> None:
        self.questions = questions

    @cached_property
    def all(self) -> list[Example | None]:
        """The example of each question; None without a right program."""
        return list(data.examples(self.questions.source))

    def without(self, names: Sequence[str]) -> list[Example | None]:
        """Return the examples whose programs have none of these operations."""
        machine = self.questions.source.machine
        dropped = [machine.operations.index(n) for n in names if n in machine.operations]
        if not dropped:
            return self.all
        return [self._reduced(number, names, dropped) for number in range(len(self.all))]

    def _reduced(self, number: int, names: Sequence[str], dropped: Sequence[int]) -> Example | None:
        example = self.all[number]
        if example is None:
            return None
        programs = example.programs
        kept = ~np.isin(programs.actions[:, :, 0], dropped).any(axis=1)
        if kept.all() or (kept & (steps_of(programs.actions) < _LONG)).any():
            return replace(example, programs=programs.take(np.flatnonzero(kept)))
        source = self.questions.source
        table = source.release.table(source.questions[number].context).table
        return data.example(source, number, Values.of(table), names)


def measured(config: Config, programs: Programs) -> NetworkScore:
    """Train a network and let it answer the questions about held-out tables."""
    examples = programs.without(config.without)
    started = time.process_time()
    learner = WikiLearner(config, 0, programs.questions, examples)
    while not learner.finished:
        learner.advance(lambda: None)
    asked = len(programs.questions.judged.questions)
    return NetworkScore(
        settings=_settings(config),
        right=round(learner.progress.accuracy * asked),
        asked=asked,
        covered=sum(example is not None for example in examples),
        learned=len(examples),
        cpu_seconds=round(time.process_time() - started, 1),
    )


def _network(log: Log[NetworkScore], config: Config) -> NetworkScore | None:
    """Return the record of a network; None if it is not measured."""
    wanted = _settings(config)
    return next((each for each in log.records if each.settings == wanted), None)


def report(log: Log[NetworkScore], base: Config, seeds: int, rows: Sequence[Row] = ROWS) -> str:
    """Return the table as Markdown; rows that are not measured with all seeds are left out."""
    networks = {
        row.name: [_network(log, _config(base, row, seed)) for seed in range(seeds)] for row in rows
    }
    whole = {
        name: [each for each in found if each is not None]
        for name, found in networks.items()
        if None not in found
    }
    if rows[0].name not in whole:
        raise ValueError(f"{log.path}: {rows[0].name} is not measured with {seeds} seeds")
    everything = whole[rows[0].name]
    lines = [_line(name, found, everything) for name, found in whole.items()]
    seconds = sum(each.cpu_seconds for found in whole.values() for each in found)
    return "\n".join(
        [
            _HEAD.format(
                learned=everything[0].learned,
                asked=everything[0].asked,
                networks=len(lines) * seeds,
                seeds=seeds,
                epochs=base.epochs,
                batch=base.batch,
                beam=base.beam,
                programs=base.programs_per_question,
                seconds=seconds / seeds / len(lines),
                minutes=seconds / 60,
            ),
            *lines,
            "",
        ]
    )


def _line(name: str, found: Sequence[NetworkScore], everything: Sequence[NetworkScore]) -> str:
    shares, all_shares = _shares(found), _shares(everything)
    change, covered = shares - all_shares, 100 * found[0].covered / found[0].learned
    changed = "" if found is everything else f"{change.mean():+.1f} ± {change.std(ddof=1):.1f}"
    span = f"{shares.mean():.1f} ({shares.min():.1f} to {shares.max():.1f})"
    return f"| {name} | {span} | {changed} | {covered:.1f} |"


def _shares(records: Sequence[NetworkScore]) -> NDArray[np.float64]:
    return np.array([100 * each.right / each.asked for each in records])
