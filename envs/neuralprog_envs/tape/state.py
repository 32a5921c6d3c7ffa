"""The arrays of the tape family: posed instances, and machines at work."""

from __future__ import annotations

from dataclasses import dataclass

from neuralprog_envs.core.task import Bools, Ints


@dataclass(frozen=True)
class TapeInstances:
    """B posed instances.

    Attributes:
        tape: The input, shape (B, M), int32, values 0..M-1.
        answer: What the scored cells must hold, shape (B, M), int32.
        mask: The scored cells, shape (B, M), bool; at least one in each row.
        length: The instances' lengths, shape (B,), int32.
    """

    tape: Ints
    answer: Ints
    mask: Bools
    length: Ints


@dataclass(frozen=True)
class TapeState:
    """B machines at work.

    Attributes:
        tape: Shape (B, M), int32.
        registers: Shape (B, R), int32.
        halted: Which have halted by their own action, shape (B,), bool.
        steps: Steps executed, shape (B,), int32.
        last_actions: The last k actions, the latest first, each number plus 1; 0 where there were
            none yet; shape (B, k, K), int32. k may be 0.
    """

    tape: Ints
    registers: Ints
    halted: Bools
    steps: Ints
    last_actions: Ints
