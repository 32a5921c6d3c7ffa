"""Cells of the comparison: one entrant on one task with one seed, trained and scored."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from math import isnan
from pathlib import Path
from typing import Any

from neuralprog_agents import registry
from neuralprog_agents.agent import Answerer, Outcome, Policy, UnreadableError
from neuralprog_agents.benchmark.comparison import tasks
from neuralprog_agents.benchmark.comparison.entrants import ENTRANTS, Entrant, NotApplicableError
from neuralprog_agents.benchmark.speed import machine
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.evaluate import check, evaluate
from neuralprog_agents.evaluation.reference import reference
from neuralprog_agents.training import config as settings
from neuralprog_agents.training.clock import CpuClock
from neuralprog_agents.training.loop import restart

SOLVED = 0.99
"""Success at the longest trained length, on test instances, that counts as solved."""
MEASURED, REFUSED, FAILED = "measured", "not applicable", "failed"

Record = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """What is measured at once.

    Attributes:
        entrant: A name of ``ENTRANTS``.
        env: The task.
        seed: The agent's.
        seconds: The budget of CPU time for training.
        length: The trained lengths, where they are not the entrant's own: for the question
            whether memory can grow.
    """

    entrant: str
    env: str
    seed: int
    seconds: float
    length: tuple[int, int] | None = None

    @property
    def who(self) -> Entrant:
        """The entrant."""
        return next(entrant for entrant in ENTRANTS if entrant.name == self.entrant)


@dataclass(frozen=True)
class ConfiguredCell:
    """A cell with what it needs of this machine's files, so that any machine can measure it.

    Attributes:
        cell: The cell.
        config: The settings of its agent; None for a reference.
        refused: Why its entrant cannot face the task; empty if it can.
    """

    cell: Cell
    config: Any = None
    refused: str = ""

    @property
    def key(self) -> str:
        """A name of the cell with its settings: a measurement is kept as long as both stay."""
        own = None if self.config is None else settings.plain_settings(self.config)
        text = json.dumps([asdict(self.cell), own], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def configure(cell: Cell) -> ConfiguredCell:
    """Look up a cell's settings."""
    if not cell.who.agent:
        return ConfiguredCell(cell)
    config, refused = _config(cell.who, cell.env, cell.length)
    return ConfiguredCell(cell, None if refused else replace(config, seed=cell.seed), refused)


@cache
def _config(who: Entrant, env: str, length: tuple[int, int] | None) -> tuple[Any, str]:
    """Return an entrant's settings for a task, or None and why it has none."""
    own = {} if length is None else {"length": list(length)}
    try:
        return who.config(env, **own), ""
    except NotApplicableError as error:
        return None, str(error)


def measure(configured: ConfiguredCell) -> Record:
    """Train and score; return what came of it in the types of JSON. Errors are recorded too."""
    if configured.refused:
        return {**_head(configured), "status": REFUSED, "reason": configured.refused}
    try:
        return {**_head(configured), "status": MEASURED, **_measured(configured)}
    except Exception as error:
        return failed(configured, f"{type(error).__name__}: {' '.join(str(error).split())}")


def failed(configured: ConfiguredCell, reason: str) -> Record:
    """Return the record of a cell whose measurement broke; it is measured again next time."""
    return {**_head(configured), "status": FAILED, "reason": reason}


def _head(configured: ConfiguredCell) -> Record:
    return {**asdict(configured.cell), "key": configured.key, "machine": machine()["machine"]}


def _measured(configured: ConfiguredCell) -> Record:
    cell = configured.cell
    first = cell.length[1] if cell.length else tasks.longest(cell.env)
    if not cell.who.agent:
        policy: Policy | Answerer = reference(cell.entrant, cell.env, cell.seed)
        return {"supervision": "nothing", **_scores(policy, cell.env, first)}
    outcome, restarts, seconds = train(configured)
    found = {
        "supervision": registry.supervision(cell.who.agent, configured.config),
        "success": outcome.success,
        "restarts": restarts,
        "cpu_seconds": round(seconds, 3),
        "samples": _samples(outcome),
        "parameters": sum(tensor.size for tensor in outcome.tensors.values()),
    }
    if not outcome.tensors:
        return {
            **found,
            "success_rates": dict.fromkeys(map(str, tasks.MULTIPLES), 0.0),
            "wider": 0.0,
        }
    policy = policy_of(cell.who.agent, outcome.tensors, outcome.card)
    return {**found, **_scores(policy, cell.env, first)}


def train(configured: ConfiguredCell) -> tuple[Outcome, int, float]:
    """Make restarts until one succeeds or the budget is spent.

    The budget is processor time, so a busy machine does not matter; loading and compiling an
    agent's code, once a process, does not count.

    Returns:
        The first success, or what the last restart has learned; how many restarts were begun; the
        CPU-seconds until the success or the end.
    """
    cell, config = configured.cell, configured.config
    module = registry.find(cell.who.agent)
    with tempfile.TemporaryDirectory() as folder:
        _warm_up(module, config, Path(folder) / "warm-up")
        clock = CpuClock()

        def stop() -> bool:
            return clock.spent() >= cell.seconds

        for index in range(config.restarts):
            outcome = restart(module, config, index, Path(folder) / str(index), stop=stop)
            if outcome.success or stop():
                break
    return outcome, index + 1, clock.spent()


_warm: set[str] = set()


def _warm_up(module: Any, config: Any, folder: Path) -> None:
    """Let an agent begin once, so that its code is loaded and compiled."""
    if module.__name__ in _warm:
        return
    _warm.add(module.__name__)
    answers = iter((False,))
    restart(module, config, 0, folder, stop=lambda: next(answers, True))


def _samples(outcome: Outcome) -> int | None:
    """Return how many samples were taken, as the agent counts them."""
    count = outcome.metrics.get("samples")
    return None if count is None or isnan(count) else round(count)


def _scores(policy: Policy | Answerer, env_id: str, first: int) -> Record:
    """Return success at multiples of the trained length, and at wider values."""
    rates = dict(_success_rates(policy, env_id, tasks.evaluations(env_id, first)))
    more = tasks.wider(env_id)
    values = None if more is None else _score(policy, env_id, first, tasks.EPISODES, more)
    return {"success_rates": rates, "wider": values}


def _success_rates(
    policy: Policy | Answerer, env_id: str, evaluations: Iterable[tasks.Evaluation]
) -> Iterator[tuple[str, float | str]]:
    """Yield each length's success rate, or why there is none; beyond a rate of 0 it stays 0."""
    answers = isinstance(policy, Answerer)
    reached: float | str = 1.0
    for evaluation in evaluations:
        if reached == 0.0:
            pass
        elif reason := evaluation.left_out(answers):
            reached = reason
        else:
            reached = _score(policy, env_id, evaluation.length, evaluation.episodes, {})
        yield str(evaluation.multiple), reached


def _score(
    policy: Policy | Answerer, env_id: str, length: int, episodes: int, more: dict[str, Any]
) -> float | str:
    """Return the success rate, or why the policy cannot face such instances."""
    try:
        check(policy, env_id, [length], episodes)
    except ValueError as error:
        return " ".join(str(error).split())
    own = policy.settings(length)
    if "memory_size" in more and "memory_size" in own:
        return f"it reads tapes of {own['memory_size']} cells"
    try:
        [score] = evaluate(policy, env_id, [length], episodes, **more)
    except UnreadableError as error:
        return str(error)
    return score.success_rate
