"""The two protocols that every family implements: a machine and a task posed on it.

A *machine* is dynamics alone: it is batch-first (every array starts with the batch axis B), and
its ``step`` is a pure function from a state to a new one. A *task* poses instances on a
machine, judges its final state, and has an expert. The interfaces (a Gymnasium environment, a
vector environment, a dataset, traces) need these two and, for pictures and texts, the protocol of
``core/display.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.draws import Bits, Draws
from neuralprog_envs.core.events import Event
from neuralprog_envs.core.loops import Loop

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def fields_only(record: Any) -> dict[str, Any]:
    """Return a dataclass's fields without its cached properties, for ``pickle``."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


@lru_cache(maxsize=16)
def pairs_of(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return each two of ``count`` indices, (0, 1), (0, 2), …, as two arrays, shared by callers."""
    one, other = np.triu_indices(count, 1)
    return one, other


def ordered(values: Ints) -> NDArray[np.int8]:
    """Compare each two of P values a row: 0 less, 1 equal, 2 greater; (B, P) to (B, pairs)."""
    i, j = pairs_of(values.shape[1])
    one, other = values[:, i], values[:, j]
    return (one > other).astype(np.int8) + (one >= other)


def remember(last_actions: Ints, action: NDArray[Any]) -> None:
    """Put actions, (B, K) or (K,), before the last ones of a state, (B, k, K), in place."""
    last_actions[:, 1:] = last_actions[:, :-1].copy()
    last_actions[:, 0] = action + 1


@Loop
def fraction(right: Bools, mask: Bools) -> Floats:
    """Return how many of a row's marked cells are right, as a fraction; (B, A) and (B, A) to (B,).

    Cells of ``right`` that have no mark do not count. Every row has a mark.
    """
    return (right & mask).sum(axis=1) / mask.sum(axis=1)


class LengthError(ValueError):
    """A task has no instances of the given length; the message names the lengths that it has."""


@dataclass(frozen=True)
class Field:
    """One array of an observation: its shape (without B), inclusive bounds and dtype."""

    shape: tuple[int, ...]
    low: float
    high: float
    dtype: type[np.generic] = np.int32


class Episode(Protocol):
    """One instance on a machine, one action at a time: a batch of one, made for speed."""

    halted: bool

    def step(self, action: Any) -> None:
        """Execute one action, K integers; raise ValueError when one is out of range."""

    def observe(self) -> dict[str, NDArray[Any]]:
        """Return new observation arrays, without a batch axis."""

    def action_mask(self) -> Bools:
        """Return the legal choices, shape (sum of the machine's ``actions``,)."""

    def state(self) -> Any:
        """Return the state as a batch of one row."""


class Machine(Protocol):
    """The dynamics of a family."""

    @property
    def actions(self) -> tuple[int, ...]:
        """The number of choices of each of the K integers of an action."""

    @property
    def action_names(self) -> tuple[str, ...]:
        """What each of the K integers chooses."""

    @property
    def observation(self) -> Mapping[str, Field]:
        """The arrays of an observation, by name."""

    def initial(self, instances: Any) -> Any:
        """Return the initial state of B instances; ``advance`` never changes their arrays."""

    def step(self, state: Any, action: NDArray[Any]) -> Any:
        """Return the next state; ``action`` has shape (B, K) and is in range."""

    def advance(self, state: Any, action: NDArray[Any]) -> Any:
        """Do what ``step`` does, faster: it may overwrite the arrays of ``state``."""

    def halted(self, state: Any) -> Bools:
        """Return which rows have halted by their own action, shape (B,)."""

    def observe(
        self, state: Any, kept: Mapping[str, NDArray[Any]] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Return new observation arrays, each with the leading axis B.

        ``kept`` is an observation of the same episodes: what can't have changed since may be
        returned as it is.
        """

    def action_mask(self, state: Any, seen: Mapping[str, NDArray[Any]] | None = None) -> Bools:
        """Return the legal choices of all K integers, concatenated: (B, sum of ``actions``).

        What ``observe`` has returned for the state may spare computing it again.
        """

    def begin(self, instances: Any) -> Episode:
        """Start an episode on a batch of one instance."""


class Task(Protocol):
    """What a machine must compute: instances, a score and an expert.

    Instances are a frozen dataclass of arrays with the leading axis B, one of them ``length``.
    """

    @property
    def machine(self) -> Machine:
        """The machine on which the task is posed."""

    @property
    def lengths(self) -> tuple[int, int]:
        """The shortest and the longest instance that the machine can hold."""

    @property
    def split_from(self) -> int:
        """The shortest length whose instances are divided into splits; shorter ones are "train"."""

    def sample(self, draws: Draws, lengths: Ints) -> Any:
        """Return one instance for each address; ``lengths`` has shape (B,)."""

    def pose_input(self, values: Any) -> Any:
        """Return a user's own input as a batch of one instance; raise ValueError if it is bad."""

    def fingerprint(self, instances: Any) -> Bits:
        """Return a hash of each instance's content, shape (B,); equal content, equal hash."""

    def score(self, state: Any, instances: Any) -> Floats:
        """Return how much of the answer is right, 0 to 1, shape (B,); 1 means success."""

    def answers(self, state: Any, instances: Any) -> tuple[list[Any], list[Any] | None]:
        """Return the answer that a state of one row holds, and the right one (None: unknown).

        Both are lists of what a user would write: integers or texts.
        """

    def horizon(self, lengths: Ints) -> NDArray[np.int64]:
        """Return the default step limit of each instance, shape (B,)."""

    def expert(self, instances: Any) -> Iterator[Event]:
        """Solve a batch of one instance: the events of the algorithm, acts, calls and returns."""
