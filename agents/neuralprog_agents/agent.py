"""What an agent is: a module that trains (``AgentModule``) and the ``Policy`` that it learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.task import Episode, Task

Actions = NDArray[np.int64]
Masks = NDArray[np.bool_]


class Policy(Protocol):
    """A learned (or written) program that acts in n environments of one id.

    A policy may also have ``program_text() -> str``, which ``neuralprog run`` prints as the
    learned program, and ``program_source() -> str``, the same as a Python file standing alone
    (``--save``). If its choices have probabilities, ``action_probabilities() -> Mapping[str,
    NDArray]`` may return those of its last actions, each distribution (n, choices) by its name: an
    entry of the machine's ``action_names`` ("operation", "column", "READ.a" …), or "words" and
    "numbers" for its attention to those of a question. The viewer shows them.
    """

    @property
    def env_id(self) -> str:
        """The environment that the policy was made for."""

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's keyword arguments for instances of one length.

        For tapes: ``action``, ``observation``, ``registers``, ``memory_size``, ``max_steps`` …;
        whatever is left out takes the environment's default for that length.
        """

    def start(self, n: int) -> None:
        """Forget everything of earlier episodes; n new ones begin."""

    def act(self, observation: Any, action_mask: Masks) -> Actions:
        """Return the next action of every slot.

        Args:
            observation: As the vector environment gives it: an array (n, …), or a dictionary of
                such arrays. Slots whose episode is over still have rows; theirs are ignored.
            action_mask: The legal choices, shape (n, sum of choices).

        Returns:
            Shape (n, K), int64.
        """


class UnreadableError(ValueError):
    """What is posed cannot be read by an answerer's network; the message says why."""


@runtime_checkable
class Answerer(Protocol):
    """An agent that does not act: it reads what is posed, and says the answer."""

    @property
    def env_id(self) -> str:
        """The environment that it was made for."""

    def settings(self, length: int) -> dict[str, Any]:
        """Return the environment's keyword arguments; see ``Policy``.

        Raises:
            ValueError: It cannot read instances of that length.
        """

    def answer(self, task: Any, instances: Any) -> list[list[Any]]:
        """Return the answer to each of n instances, as ``Task.answers`` lists it.

        Raises:
            UnreadableError: It cannot read one of them.
        """


@runtime_checkable
class Privileged(Protocol):
    """A policy that is shown more than an agent may see: only references are."""

    def prepare(self, task: Task, instances: Any) -> None:
        """Look at the n instances that the next episodes pose, before ``start``."""


@runtime_checkable
class Versatile(Protocol):
    """A policy that has learned several environments, and acts in one of them at a time."""

    @property
    def env_ids(self) -> tuple[str, ...]:
        """Every environment that it has learned."""

    def acting_in(self, env_id: str) -> Policy:
        """Return the policy that acts in one of ``env_ids``."""


class Played(Protocol):
    """An episode that a policy has played to its end."""

    @property
    def episode(self) -> Episode:
        """The episode."""

    @property
    def actions(self) -> list[tuple[int, ...]] | None:
        """What was done; None if that was not kept."""


@runtime_checkable
class Player(Protocol):
    """A policy that plays whole episodes by itself, faster than ``act`` and just as it does."""

    def play(
        self, task: Any, instances: Any, limits: Sequence[int], keep: bool = False
    ) -> Sequence[Played]:
        """Play each of the n instances to its end, in at most ``limits[i]`` steps.

        ``keep`` says whether to keep the actions.
        """


Tensors = dict[str, NDArray[Any]]
Report = Callable[[Mapping[str, float]], None]
Stop = Callable[[], bool]


class AgentConfig(Protocol):
    """The fields that every agent's ``Config``, a frozen dataclass, has.

    An optional field ``test_lengths: tuple[int, ...]`` gives the lengths at which ``evaluate``
    scores by default. An optional field ``also`` holds further environments that the same weights
    learn: records with ``env`` and ``test_lengths`` of their own. ``__post_init__`` raises
    ValueError for a value out of its range.
    """

    @property
    def env(self) -> str:
        """The environment id to learn."""

    @property
    def seed(self) -> int:
        """Where all randomness comes from, together with the restart's index."""

    @property
    def restarts(self) -> int:
        """The most restarts that ``train`` tries, and the number that ``sweep`` does."""


@dataclass(frozen=True)
class Outcome:
    """What one restart came to.

    Attributes:
        success: Whether the learned program is right, as the agent judges it.
        metrics: Final numbers, by name.
        tensors: The weights of the policy, by name.
        card: What ``load`` needs besides the weights (sizes, the environment id …); plain JSON.
        pruned: Whether it was given up early as hopeless.
    """

    success: bool
    metrics: dict[str, float] = field(default_factory=dict)
    tensors: Tensors = field(default_factory=dict)
    card: dict[str, Any] = field(default_factory=dict)
    pruned: bool = False


Pulse = Callable[[], None]


class Learner(Protocol):
    """One restart of an agent, advanced chunk by chunk by the loop (``training.loop``).

    What it does next depends on its config, its index and its ``state`` alone, and on the global
    generators if the state holds theirs: they are its own while it trains. So a learner that is
    restored ends with the same bits as one that was never interrupted.

    It may also have ``go_on() -> None``, for a judge who finds that what it takes for a success is
    none: it is not ``finished`` then, until it succeeds again or more of it is hopeless.
    """

    @property
    def finished(self) -> bool:
        """Whether training is over, as it succeeded or more of it is hopeless."""

    def advance(self, pulse: Pulse) -> None:
        """Learn for a chunk: a second or less, after which the state is whole.

        Args:
            pulse: To be called several times a second within longer chunks. It may raise
                ``LeaveError``, and then ``outcome`` is still asked for, but ``state`` no more.
        """

    def status(self) -> dict[str, float]:
        """Return what is reported when its "step", an integer, has grown.

        With "samples": the pairs, frames, questions, calls or actions that were learned from so
        far. Maybe "progress" (0 to 1), and others, the same names every time.
        """

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return all that a checkpoint must hold: arrays, and what JSON can hold."""

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Load what ``state`` returned, in a new learner of the same config and index."""

    def outcome(self) -> Outcome:
        """Return what has been learned so far."""


class AgentModule(Protocol):
    """The module of an agent; importing it should be quick (import torch inside functions).

    It may also have ``check(config) -> None``, which raises ValueError where settings do not go
    together; ``train`` asks it before anything is written. Where what is learned from depends on
    the settings, ``supervision(config) -> str`` says it instead of ``SUPERVISION``. Where numba
    compiles its code, ``COMPILED = True`` lets the first restart begin alone: it is compiled once.
    ``check_certificate(weights, card, record) -> None`` checks a certificate by other code than
    made it, and raises ValueError where it does not stand; without it ``neuralprog recheck``
    proves again. ``ensemble(policies) -> Policy`` makes one policy of several, for
    ``evaluate --agent NAME,NAME``. An agent that can't be a ``Learner`` has, in place of
    ``learner``, ``restart(config, index, folder, report, stop) -> Outcome``: it writes its own
    checkpoints into its folder and goes on from them, and asks ``stop`` every second or so.
    """

    SUPERVISION: str
    """What the agent learns from, in words such as "input/output pairs".

    The comparison groups agents by the first of these words that it names: rewards, pairs, traces,
    demonstrations, specifications, answers.
    """

    @property
    def Config(self) -> type[Any]:  # noqa: N802
        """The agent's frozen dataclass of settings; see ``AgentConfig``."""

    def learner(self, config: Any, index: int) -> Learner:
        """Return what does one complete training run, a restart, when the loop drives it.

        Args:
            config: A ``Config``.
            index: With ``config.seed`` it decides everything random.
        """

    @property
    def Card(self) -> type[Any]:  # noqa: N802
        """The agent's frozen dataclass of what ``load`` needs besides the weights.

        It is the schema of an ``Outcome``'s ``card`` (``training.schema``): what a file holds is
        checked against it, the sizes that memory is taken for and the times included.
        """

    def load(self, weights: Tensors, card: Any) -> Policy | Answerer:
        """Return the policy of an ``Outcome``'s ``tensors`` and a ``Card``.

        The weights are finite; their names, dtypes and shapes are still to be checked.

        Raises:
            ValueError: They do not fit each other.
        """
