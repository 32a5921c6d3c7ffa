"""Tuning: a study tries settings, gives up hopeless ones early, and tries the best with new seeds.

A trial trains with settings that Optuna's TPE sampler proposes. Its score is the mean, over its
seeds, of a number that the agent reports on validation instances; a training that succeeds scores 1
and the share of its time that it did not need. Successive halving ends a trial that, at one of a
few fixed shares of its time, is not among the better half so far. The best trials are then trained
again with seeds that no trial had: luck with a seed is not to decide.

Sources: Akiba et al., "Optuna", KDD 2019; Li et al., "A System for Massively Parallel
Hyperparameter Tuning", MLSys 2020 (successive halving).

The study is a folder: ``journal.log``, one JSON object a line, in which Optuna keeps the trials,
and a folder for each training, with its checkpoint and its score so far. Nothing in it executes
code when it is read.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from neuralprog_agents import registry
from neuralprog_agents.training import config as settings
from neuralprog_agents.training.clock import CpuClock
from neuralprog_agents.training.files import parse_yaml, read_json, write_json
from neuralprog_agents.training.loop import restart
from neuralprog_agents.training.schema import structured

JOURNAL = "journal.log"
SCORE = "score.json"
_PARTS = 8
"""A trial is judged after each of so many equal parts of its time."""
_FINALISTS = 3
"""How many of the best trials are tried with new seeds."""
_REPEATS = 50
"""A study ends when so many proposals in a row had been tried before: a space may be small."""
_RANGE = re.compile(r"(?P<low>\S+?)\.\.(?P<high>[^:\s]+)(?P<log>:log)?")

Space = Mapping[str, str]
"""For each setting a range, "1e-4..1e-2:log" or "1..8", or a list of choices, "[64, 128]"."""


@dataclass(frozen=True)
class Search:
    """What is tuned of an agent unless the user says otherwise.

    Attributes:
        metric: What a trial is judged by: a number of the learner's status, the more the better.
        space: The settings; "{name}" stands for the value of another setting.
    """

    metric: str = ""
    space: Space = field(default_factory=dict)


_RATE = {"learning_rate": "3e-4..1e-2:log"}

SEARCHES: Mapping[str, Search] = MappingProxyType(
    {
        "rl": Search(
            "best",
            {
                "options.{algorithm}.learning_rate": "3e-4..5e-3:log",
                "options.{algorithm}.ent_coef": "3e-3..1e-1:log",
                "gamma": "[0.9, 0.95, 0.99, 1.0]",
                "width": "[64, 128, 256]",
                "envs": "[64, 256, 1024]",
            },
        ),
        "search": Search("best", {"tied": "0.0..0.8", "prefix": "0.0..0.8", "exact": "0.2..0.8"}),
        "neural_programmer": Search("best", {**_RATE, "hidden": "[32, 64, 128]"}),
        "neural_programmer_2017": Search("best", {**_RATE, "hidden": "[64, 128, 256]"}),
        "seq2seq": Search("success", {**_RATE, "hidden": "[64, 128, 256]", "layers": "1..2"}),
        "ntm": Search("success", {**_RATE, "clip_norm": "0.3..10:log"}),
    }
)
"""The one table of what is tuned by default, by agent."""


@dataclass(frozen=True)
class StudyPlan:
    """A study.

    Attributes:
        agent: The agent's name.
        config: The file of the settings that stay as they are.
        overrides: Words of a command line that change them.
        search: What is tuned, and the metric.
        seconds: The CPU-seconds of the whole study, the last trainings with new seeds included.
        trial_seconds: The CPU-seconds of one training.
        seeds: The trainings of a trial, and those with new seeds of each finalist.
        trials: The most trials.
    """

    agent: str
    config: str
    overrides: tuple[str, ...]
    search: Search
    seconds: float
    trial_seconds: float
    seeds: int
    trials: int

    def with_settings(self, tuned: Mapping[str, Any]) -> Any:
        """Return the agent's ``Config`` with some tuned settings.

        Raises:
            ValueError: There is no such setting, or the agent refuses its value.
        """
        words = [f"--{key}={json.dumps(value)}" for key, value in tuned.items()]
        made = settings.parse(self.agent, Path(self.config), [*self.overrides, *words])
        registry.check(self.agent, made)
        return made

    def check(self, key: str, text: str) -> None:
        """Raise ValueError if the agent has no such setting, or refuses the ends of its values."""
        first, last = _ends(key, text)
        try:
            self.with_settings({key: first})
        except ValueError:
            self.with_settings({key: last})

    def accepts(self, key: str, text: str) -> bool:
        """Return whether the agent has a setting, as some have with some algorithms only."""
        try:
            self.check(key, text)
        except ValueError:
            return False
        return True

    @property
    def final_seconds(self) -> float:
        """The CPU-seconds that are kept for new seeds."""
        return _FINALISTS * self.seeds * self.trial_seconds


def searched(
    agent: str, path: Path, overrides: Sequence[str], own: Space, metric: str | None
) -> Search:
    """Return what is tuned: the user's own space, or else what the agent accepts of the table's.

    Raises:
        ValueError: The table has no row for the agent and the user gave not both.
    """
    row = SEARCHES.get(agent, Search())
    config = settings.plain_settings(settings.parse(agent, path, overrides))
    listed = {key.format(**config): text for key, text in row.space.items()}
    plan = StudyPlan(agent, str(path), tuple(overrides), row, 0, 0, 0, 0)
    space = own or {key: text for key, text in listed.items() if plan.accepts(key, text)}
    if not space or not (metric or row.metric):
        raise ValueError(
            f"nothing is tuned of {agent} by default: give --search KEY=LOW..HIGH and --metric NAME"
        )
    for key, text in space.items():
        plan.check(key, text)
    return Search(metric or row.metric, space)


def _values(key: str, text: str) -> list[Any] | tuple[float, float, bool]:
    """Return the choices of a setting, or its range and whether that is logarithmic."""
    wrong = f"--search {key}={text}: give a range, 1e-4..1e-2:log or 1..8, or choices, [64, 128]"
    found = _RANGE.fullmatch(text)
    if found is None:
        choices = parse_yaml(text, f"--search {key}")
        if not isinstance(choices, list) or not choices:
            raise ValueError(wrong)
        return choices
    try:
        ends = [int(e) if e.lstrip("-").isdigit() else float(e) for e in found.group("low", "high")]
    except ValueError:
        raise ValueError(wrong) from None
    log = found["log"] is not None
    if not ends[0] < ends[1] or (log and ends[0] <= 0):
        raise ValueError(wrong)
    return ends[0], ends[1], log


def _ends(key: str, text: str) -> tuple[Any, Any]:
    """Return the first and the last value of a setting."""
    values = _values(key, text)
    return (values[0], values[-1]) if isinstance(values, list) else values[:2]


def _proposed(trial: Any, space: Space) -> dict[str, Any]:
    """Return the settings that Optuna proposes for a trial."""
    found = {}
    for key, text in space.items():
        values = _values(key, text)
        if isinstance(values, list):
            texts = [json.dumps(value) for value in values]
            found[key] = json.loads(trial.suggest_categorical(key, texts))
        else:
            low, high, log = values
            whole = isinstance(low, int) and isinstance(high, int)
            suggest = trial.suggest_int if whole else trial.suggest_float
            found[key] = suggest(key, low, high, log=log)
    return found


@dataclass
class Study:
    """A study in its folder: a new one, or the rest of one that was interrupted.

    Args:
        plan: The study.
        folder: Where it is; made if it is not there.
        notify: Takes a line of text after each trial.

    Raises:
        ModuleNotFoundError: Optuna is not installed.
        ValueError: The folder has a study of other settings.
    """

    plan: StudyPlan
    folder: Path
    notify: Callable[[str], None] = lambda text: None

    def __post_init__(self) -> None:
        import optuna
        from optuna.storages.journal import JournalFileBackend

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._optuna = optuna
        self.folder.mkdir(parents=True, exist_ok=True)
        self._study = optuna.create_study(
            storage=optuna.storages.JournalStorage(JournalFileBackend(str(self.folder / JOURNAL))),
            study_name="tune",
            direction="maximize",
            pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2),
            load_if_exists=True,
        )
        self._begin()

    def _begin(self) -> None:
        """Write the plan into the journal or compare it; trials that were cut off begin again."""
        plan = asdict(self.plan) | {"seconds": None, "trials": None}  # later there may be more
        known = self._study.user_attrs.get("plan")
        if known is None:
            self._study.set_user_attr("plan", plan)
        elif known != json.loads(json.dumps(plan)):
            raise ValueError(f"{self.folder}: holds a study of other settings; name another folder")
        states = self._optuna.trial.TrialState
        for trial in self._study.get_trials(states=(states.RUNNING,)):
            self._study.tell(trial.number, state=states.FAIL)
            self._study.enqueue_trial(trial.params)

    def run(self) -> tuple[Any, float]:
        """Try settings until the time is over; return the best ``Config`` and its score."""
        while self._goes_on():
            self._try_one()
        tried = [trial for trial in self._done() if not _repeats(trial)]
        finalists = sorted(tried, key=lambda trial: -trial.value)[:_FINALISTS]
        scores = [self._final_score(trial) for trial in finalists]
        best = max(range(len(finalists)), key=scores.__getitem__)
        return self.plan.with_settings(self._settings(finalists[best])), scores[best]

    def _goes_on(self) -> bool:
        states = self._optuna.trial.TrialState
        tried = self._study.get_trials(states=(states.COMPLETE, states.PRUNED))
        has_time = self._spent() + self.plan.final_seconds < self.plan.seconds
        return not self._done() or (
            len(tried) < self.plan.trials and has_time and not self._is_exhausted()
        )

    def _is_exhausted(self) -> bool:
        last = self._study.trials[-_REPEATS:]
        return len(last) == _REPEATS and all(map(_repeats, last))

    def _done(self) -> list[Any]:
        return self._study.get_trials(states=(self._optuna.trial.TrialState.COMPLETE,))

    def _settings(self, trial: Any) -> dict[str, Any]:
        return _proposed(self._optuna.trial.FixedTrial(trial.params), self.plan.search.space)

    def _spent(self) -> float:
        """Return the CPU-seconds of all trials so far."""
        return sum(trial.user_attrs.get("cpu_seconds", 0.0) for trial in self._study.trials)

    def _try_one(self) -> None:
        seed = len(self._study.trials)  # so that an interrupted study goes on with the same draws
        self._study.sampler = self._optuna.samplers.TPESampler(seed=seed, n_startup_trials=8)
        trial = self._study.ask()
        tuned = _proposed(trial, self.plan.search.space)
        try:
            config = self.plan.with_settings(tuned)
        except ValueError as error:
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
            self._give_up_if_none_works(error)
            return
        score, pruned = self._known_score(trial) or self._score(trial, config)
        state = self._optuna.trial.TrialState
        self._study.tell(trial, None if pruned else score, state.PRUNED if pruned else None)
        verdict = f"given up at {score:.3f}" if pruned else f"{score:.3f}"
        self.notify(f"trial {trial.number}: {verdict}  {json.dumps(tuned)}")

    def _give_up_if_none_works(self, error: ValueError) -> None:
        failed = self._study.get_trials(states=(self._optuna.trial.TrialState.FAIL,))
        if len(failed) >= 20 and not self._done():
            raise ValueError(f"no settings of this space are accepted: {error}") from None

    def _known_score(self, trial: Any) -> tuple[float, bool] | None:
        """Return the score of an earlier trial of the same settings, and whether it was given up.

        None if there is none.
        """
        states = self._optuna.trial.TrialState
        for known in self._study.get_trials(states=(states.COMPLETE, states.PRUNED)):
            if known.params == trial.params:
                trial.set_user_attr("repeats", known.number)
                return known.value or 0.0, known.state == states.PRUNED
        return None

    def _score(self, trial: Any, config: Any) -> tuple[float, bool]:
        """Return a trial's score, and whether it was given up."""
        scores, spent = [], 0.0
        for index in range(self.plan.seeds):
            one = Training(self.plan, config, index, self.folder)
            charge = partial(_charge, trial, spent)
            scores.append(one.run(None if index else trial, charge))
            spent += one.seconds
            charge(one.seconds)
            if one.pruned:
                return scores[-1], True
        return sum(scores) / len(scores), False

    def _final_score(self, trial: Any) -> float:
        config, seeds = self.plan.with_settings(self._settings(trial)), self.plan.seeds
        again = [Training(self.plan, config, seeds + i, self.folder) for i in range(seeds)]
        score = sum(one.run(None) for one in again) / seeds
        self.notify(f"trial {trial.number} with new seeds: {score:.3f}")
        return score


def _charge(trial: Any, before: float, seconds: float) -> None:
    """Let the study know what a trial has taken: at once, as it may be cut off."""
    trial.set_user_attr("cpu_seconds", before + seconds)


def _repeats(trial: Any) -> bool:
    """Return whether a trial's settings had been tried before, so that it took their score."""
    return "repeats" in trial.user_attrs


@dataclass
class Training:
    """One training of a study.

    Attributes:
        seconds: The CPU-seconds that it took here, without those before an interruption.
        pruned: Whether it was given up.
    """

    plan: StudyPlan
    config: Any
    index: int
    folder: Path
    seconds: float = 0.0
    pruned: bool = False
    _best: float = 0.0
    _part: int = 0

    def run(self, trial: Any, charge: Callable[[float], None] = lambda seconds: None) -> float:
        """Train, or go on where it was cut off; return the score.

        Args:
            trial: Takes the scores on the way and says when to give up; None never gives up.
            charge: Takes the CPU-seconds so far, in each part of the time.

        Raises:
            ValueError: The folder's score can't be read.
        """
        clock, score = CpuClock(), self._own_folder / SCORE
        if score.exists():
            self._best = structured(float, read_json(score))

        def report(status: Mapping[str, float]) -> None:
            self._note(status)
            spent = status.get("cpu_seconds", clock.spent())
            part = int(_PARTS * spent / self.plan.trial_seconds)
            if part > self._part:
                self._part = part
                charge(clock.spent())
                self._ask(trial, part)

        outcome = restart(
            registry.find(self.plan.agent),
            self.config,
            self.index,
            self._own_folder,
            report,
            lambda: self.pruned,
            self.plan.trial_seconds,
        )
        self.seconds = clock.spent()
        saved = max(0.0, 1 - outcome.metrics["cpu_seconds"] / self.plan.trial_seconds)
        return 1 + saved if outcome.success else self._best

    @property
    def _own_folder(self) -> Path:
        own = f"{settings.plain_settings(self.config)}"
        name = hashlib.sha256(own.encode()).hexdigest()[:12]
        return self.folder / "trainings" / f"{name}-{self.index}"

    def _note(self, status: Mapping[str, float]) -> None:
        """Keep a better score, in the folder too: who goes on later may have no time to report."""
        metric = self.plan.search.metric
        if metric not in status:
            raise ValueError(f"--metric {metric}: {self.plan.agent} reports {', '.join(status)}")
        if status[metric] > self._best:
            self._best = float(status[metric])
            write_json(self._own_folder / SCORE, self._best)

    def _ask(self, trial: Any, part: int) -> None:
        """Ask the study in a new part of the time whether to give up."""
        if trial is not None:
            trial.report(self._best, part)
            self.pruned = trial.should_prune()
