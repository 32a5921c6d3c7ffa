"""The arrays of the program family: posed instances, and machines at work."""

from __future__ import annotations

from dataclasses import dataclass

from neuralprog_envs.core.task import Bools, Ints


@dataclass(frozen=True)
class ProgramInstances:
    """B posed instances.

    Attributes:
        pad: The scratch pad at the start, shape (B, R, N), int32.
        pointers: The pointers and variables at the start, shape (B, P), int32.
        given: What is never written, such as a graph's edges, shape (B, G), int32; G may be 0.
        answer: What the task's judge compares with, shape (B, A), int32.
        mask: The scored parts of the answer, shape (B, A), bool; at least one in each row.
        length: The instances' lengths, shape (B,), int32.
    """

    pad: Ints
    pointers: Ints
    given: Ints
    answer: Ints
    mask: Bools
    length: Ints


@dataclass(frozen=True)
class ProgramState:
    """B machines at work.

    Attributes:
        pad: Shape (B, R, N), int32.
        pointers: Shape (B, P), int32.
        given: Shape (B, G), int32, never written.
        length: Shape (B,), int32, never written.
        stack: The calls under way, outermost first: program, a1, a2, a3; shape (B, D, 4),
            int32. Only the first ``depth`` of them count.
        depth: Shape (B,), int32, 0..D; 0 when the outermost program has returned.
        halted: Which have returned, or called when D calls were under way; shape (B,), bool.
        steps: Actions executed, shape (B,), int32.
        last_actions: The last k actions, the latest first, each number plus 1; 0 where there were
            none yet; shape (B, k, 4), int32. k may be 0.
    """

    pad: Ints
    pointers: Ints
    given: Ints
    length: Ints
    stack: Ints
    depth: Ints
    halted: Bools
    steps: Ints
    last_actions: Ints
