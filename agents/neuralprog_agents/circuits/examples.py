"""The pairs that a run may use: one list for all its restarts, used from its front.

Pair i is a pure function of (config.seed, i), whichever restart asks, so that all restarts of a
run together use no more than ``config.pairs`` pairs, those for checking fits included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.circuits import program, tables
from neuralprog_agents.circuits.interpreter import Problem, Weights
from neuralprog_agents.circuits.lanes import LANES, MOST_MEMORY, MOST_STEPS
from neuralprog_agents.circuits.pairs import in_lanes, problem
from neuralprog_agents.circuits.program import ModuleList, with_learned
from neuralprog_agents.circuits.settings import PairSettings
from neuralprog_envs.core import batch
from neuralprog_envs.core.draws import key_of
from neuralprog_envs.core.instances import check_lengths, draw
from neuralprog_envs.registry import find, make_task
from neuralprog_envs.tape.learned import LearnedModule
from neuralprog_envs.tape.state import TapeInstances

_PAIRS, _LONGER = 1, 2
_ROUNDING = 1e-9


def check(config: PairSettings) -> None:
    """Raise ValueError where the settings do not go together."""
    low, high = config.length
    if config.begin and not low <= config.begin <= high:
        raise ValueError(f"begin must be 0 or from {low} to {high}, got {config.begin}")
    if not 1 <= most_steps(config, low) <= most_steps(config, high) <= MOST_STEPS:
        raise ValueError(f"steps must give 1 to {MOST_STEPS} steps, got {list(config.steps)}")
    shares = config.prefix + config.exact + config.hint + config.contrast
    if shares > 1 + _ROUNDING:
        raise ValueError(
            "prefix, exact, hint and contrast are shares of one score and must be at most 1 "
            f"together, got {shares:g}"
        )
    if shorter_pairs(config) < LANES * config.groups:
        raise ValueError(
            f"pairs must be at least {LANES * config.groups + config.longer_pairs} "
            f"(64 for each of {config.groups} groups, and {config.longer_pairs} longer ones)"
        )


def check_memory(config: PairSettings) -> None:
    """Raise ValueError where there are no such tapes, too long ones, or too few pairs."""
    row = find(config.env)
    if row.family != "tape":
        raise ValueError(f"circuits are for tape tasks only; {row.id} is a {row.family} task")
    longest = task_of(config, config.length[1], config.spare)
    check_lengths(longest, config.length, "train")
    memory = longest.machine.memory_size
    if memory > MOST_MEMORY:
        raise ValueError(
            f"the longest pair needs {memory} cells, the interpreter has at most {MOST_MEMORY}"
        )
    _rows_of_first_lengths(config)


def shorter_pairs(config: PairSettings) -> int:
    """Return how many pairs have the trained lengths."""
    return config.pairs - config.longer_pairs


def time_limit(config: PairSettings) -> tuple[int, ...]:
    """Return (c_0, c_1, c_2): an instance of length n runs for at most Σ_k c_k · n^k steps."""
    return tables.coefficients(config.steps)


def most_steps(config: PairSettings, n: int) -> int:
    """Return T for an instance of length n."""
    return sum(c * n**k for k, c in enumerate(time_limit(config)))


def score_weights(config: PairSettings) -> Weights:
    """Return what the score of a config consists of; the rest is for right cells.

    No share is below 0: a score just below 0 would count as that of a program that fell behind.
    """
    cells = 1.0 - config.prefix - config.exact - config.hint - config.contrast
    return Weights(
        max(cells, 0.0), config.prefix, config.exact, config.hint, config.contrast, config.halt
    )


def task_of(
    config: PairSettings, length: int, spare: int = 0, learned: Sequence[LearnedModule] = ()
) -> Any:
    """Return the config's task on a machine of circuits and flags, with learned modules.

    Its memory has ``spare`` cells more than the length needs.
    """
    least: Any = make_task(config.env, length=length)
    return make_task(
        config.env,
        length=length,
        memory_size=least.machine.memory_size + spare,
        registers=config.registers,
        action="circuit",
        observation="flags",
        modules=with_learned(learned),
    )


@lru_cache(maxsize=4)
def pairs(config: PairSettings) -> tuple[TapeInstances, NDArray[np.int64]]:
    """Return the pairs of a run, of the training lengths in turn, and the memory of each.

    Returns:
        The pairs, padded with zeros to the widest memory, and M, shape (pairs,).
    """
    low, high = config.length
    lengths = _lengths(config)
    spares = np.arange(shorter_pairs(config)) // (high - low + 1) % (config.spare + 1)
    width = task_of(config, high, config.spare).machine.memory_size
    blank = np.zeros((shorter_pairs(config), width), dtype=np.int32)
    found = TapeInstances(blank, blank.copy(), blank > 0, lengths.astype(np.int32))
    memory = np.zeros(shorter_pairs(config), dtype=np.int64)
    for n in range(low, high + 1):
        for spare in range(config.spare + 1):
            rows = np.flatnonzero((lengths == n) & (spares == spare))
            task = task_of(config, n, spare)
            memory[rows] = M = task.machine.memory_size
            part = draw(task, key_of(config.seed, _PAIRS), rows, (n, n))
            batch.assign(found, rows, _padded(part, width - M))
    return found, memory


def _lengths(config: PairSettings) -> NDArray[np.int64]:
    """Return the length of each of ``pairs``."""
    low, high = config.length
    return low + np.arange(shorter_pairs(config)) % (high - low + 1)


def _padded(part: TapeInstances, by: int) -> TapeInstances:
    def widen(array: NDArray[Any]) -> NDArray[Any]:
        return np.pad(array, ((0, 0), (0, by)))

    return TapeInstances(widen(part.tape), widen(part.answer), widen(part.mask), part.length)


def module_list(config: PairSettings, learned: Sequence[LearnedModule]) -> ModuleList:
    """Return the machine's modules for the compiled interpreter, on all pairs of a run."""
    return program.module_list(learned, pairs(config)[1].tolist() if learned else ())


def longer_pairs(
    config: PairSettings, learned: Sequence[LearnedModule] = ()
) -> tuple[Any, TapeInstances]:
    """Return the task at twice the longest length, and held-out pairs of it to judge a fit."""
    task = task_of(config, 2 * config.length[1], learned=learned)
    n = (2 * config.length[1],) * 2
    rows = np.arange(config.longer_pairs)
    return task, draw(task, key_of(config.seed, _LONGER), rows, n, "validation")


def limits(config: PairSettings, lengths: NDArray[Any]) -> NDArray[np.int64]:
    """Return the time limit T of each length, same shape."""
    found: NDArray[np.int64] = tables.limits(time_limit(config), lengths)
    return found


def arranged(config: PairSettings, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return rows of ``pairs`` in the order in which the lanes hold them; see ``in_lanes``."""
    instances, memory = pairs(config)
    return in_lanes(instances, memory, rows, alike=config.contrast > 0)


def first_rows(config: PairSettings) -> NDArray[np.int64]:
    """Return the rows of ``pairs`` that a restart begins with: the first ones short enough.

    Raises:
        ValueError: There are too few of them.
    """
    rows = _rows_of_first_lengths(config)
    if config.balanced:
        found = pairs(config)[0]
        rows = rows[_rare_first(np.where(found.mask, found.answer, 0).sum(axis=1)[rows])]
    return arranged(config, rows[: LANES * config.groups])


def _rows_of_first_lengths(config: PairSettings) -> NDArray[np.int64]:
    """Return all rows of ``pairs`` that are short enough to begin with; see ``first_rows``."""
    rows = np.flatnonzero(_lengths(config) <= (config.begin or config.length[1]))
    if len(rows) < (wanted := LANES * config.groups):
        raise ValueError(
            f"only {len(rows)} of {shorter_pairs(config)} pairs are at most {config.begin} long, "
            f"but {wanted} are scored: raise begin, or pairs"
        )
    return rows


def _rare_first(answers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return an order in which each answer occurs once before any occurs again, and so on."""
    turn = np.zeros(len(answers), dtype=np.int64)
    for answer in np.unique(answers):
        same = answers == answer
        turn[same] = np.arange(same.sum())
    return np.argsort(turn, kind="stable")


def more_cells(config: PairSettings, rows: NDArray[np.int64], unveiled: int) -> int:
    """Return how many scored cells of pairs are to count after so many; 0 if that is all."""
    most = pairs(config)[0].mask[rows].sum(axis=1).max()
    return unveiled + 1 if most > unveiled + 1 else 0


def pack(config: PairSettings, rows: NDArray[np.int64], unveiled: int | None = None) -> Problem:
    """Return a multiple of 64 pairs as the compiled interpreter wants them.

    Of the scored cells of each pair the first ``unveiled`` count, in the time of that length; by
    default all count.
    """
    found, memory = pairs(config)
    chosen = batch.take(found, rows)
    limit = limits(config, chosen.length)
    if unveiled is not None:
        shown = chosen.mask & (np.cumsum(chosen.mask, axis=1) <= unveiled)
        chosen = replace(chosen, mask=shown)
        limit = np.minimum(limit, most_steps(config, unveiled))
    return problem(chosen, memory[rows], limit, config.changed)
