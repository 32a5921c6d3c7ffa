"""Population-based training: several restarts as one, in which the worst copy the best.

Source: Jaderberg et al., "Population Based Training of Neural Networks", 2017. Members train in
turn. After every few chunks the worst share of them copies the best (truncation selection) and
changes what it copied. A population is one learner to the loop (``training.loop``), so it is saved,
resumed and counted as one restart. Its samples are those of one member: all learn from the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from neuralprog_agents.agent import Learner, Outcome, Pulse, Tensors
from neuralprog_envs.core.draws import key_of


class Member(Learner, Protocol):
    """A learner that can be ranked and can copy another."""

    finished: bool
    """Whether it succeeded or gave up; one that gave up waits to be replaced."""

    @property
    def success(self) -> bool:
        """Whether what it learned is right."""

    @property
    def rank(self) -> tuple[float, ...]:
        """How good it is: the larger, the better."""

    def copy(self, other: Any, random: np.random.Generator) -> None:
        """Become another member, with random changes."""


@dataclass(frozen=True)
class Exchange:
    """After how many chunks of each member the worst ``share`` copies the best; the seed."""

    chunks: int
    share: float
    seed: int


class Population:
    """Members that train in turn, a chunk each; a success of any ends it."""

    def __init__(self, members: Sequence[Member], exchange: Exchange) -> None:
        self.members, self.exchange, self.turn = list(members), exchange, 0

    @property
    def finished(self) -> bool:
        """Whether a member succeeded, or all gave up."""
        return any(m.success for m in self.members) or all(m.finished for m in self.members)

    def advance(self, pulse: Pulse) -> None:
        """Train the next member for a chunk; after the last of them it may be time to copy."""
        member = self.members[self.turn % len(self.members)]
        if not member.finished:
            member.advance(pulse)
        self.turn += 1
        if self.turn % (self.exchange.chunks * len(self.members)) == 0 and not self.finished:
            self._copy_best()

    def _copy_best(self) -> None:
        random = np.random.Generator(np.random.Philox(key=key_of(self.exchange.seed, self.turn)))
        order = sorted(self.members, key=_merit, reverse=True)
        count = max(1, int(len(order) * self.exchange.share))
        for good, bad in zip(order[:count], order[: -count - 1 : -1], strict=True):
            bad.copy(good, random)

    @property
    def best(self) -> Member:
        """The member that succeeded, or the best so far."""
        return max(self.members, key=_merit)

    def status(self) -> dict[str, float]:
        """Return the best member's, with the steps of all."""
        steps = sum(member.status()["step"] for member in self.members)
        return {**self.best.status(), "step": steps}

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return every member's state, and whose turn it is."""
        states = [member.state() for member in self.members]
        tensors = {f"{i}.{k}": v for i, (arrays, _) in enumerate(states) for k, v in arrays.items()}
        kept = [
            [member.finished, own] for member, (_, own) in zip(self.members, states, strict=True)
        ]
        return tensors, {"members": kept, "turn": self.turn}

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Load what ``state`` returned."""
        self.turn = metadata["turn"]
        for i, (member, (finished, own)) in enumerate(
            zip(self.members, metadata["members"], strict=True)
        ):
            parts = [(name.partition("."), array) for name, array in tensors.items()]
            member.restore({k: array for (j, _, k), array in parts if j == str(i)}, own)
            member.finished = finished

    def outcome(self) -> Outcome:
        """Return the best member's, with the population's size."""
        best = self.best.outcome()
        return replace(best, metrics={**best.metrics, "population": float(len(self.members))})


def _merit(member: Member) -> tuple[Any, ...]:
    return member.success, not member.finished, *member.rank
