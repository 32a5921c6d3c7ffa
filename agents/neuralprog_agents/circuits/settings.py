"""The settings that every learner of circuits from pairs has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from neuralprog_agents.circuits.lanes import MOST_REGISTERS
from neuralprog_agents.circuits.tables import Coefficients
from neuralprog_agents.training import ranges


@dataclass(frozen=True)
class PairSettings:
    """A task, its pairs, and the score of a program on them, 0 to 1: what earns which share."""

    env: str
    """The id of the environment to learn, such as NRAMCopy-v0."""
    seed: ranges.Seed = 0
    """The seed of all randomness: the same seed gives the same program."""

    modules: tuple[str, ...] = ()
    """Agents whose learned programs are modules of the machine, beside the fourteen: pretrained
    names, or run folders. Each has learned a function of numbers, such as NRAMGcd-v0."""
    registers: Annotated[int, ranges.Within(1, MOST_REGISTERS)] = 3
    """R: how many registers the machine has. A program sees only which of them hold 0."""
    length: ranges.Lengths = (1, 4)
    """The shortest and the longest instance to learn from."""
    steps: Coefficients = (1, 2)
    """T: how many steps an instance of length n may take, as the coefficients of a polynomial in
    n, the highest power first: [2, 3] is 2·n + 3, and [1, 0, 0] is n²."""
    spare: ranges.Natural = 2
    """Memories have up to so many cells more than needed, so that no program relies on the size."""
    test_lengths: ranges.Counts = ()
    """The lengths that `evaluate` scores at; empty: the longest in training, 2 and 10 times it."""
    halt: bool = False
    """Whether a program must halt by itself before T; otherwise it runs until T."""

    begin: ranges.Natural = 0
    """A restart begins with instances of at most this length, and adds longer ones when a program
    fails on them; 0: with all lengths."""
    balanced: bool = False
    """Whether a restart begins with as many pairs of each answer, as far as there are; for answers
    of one cell, most of which are alike."""
    groups: ranges.Count = 2
    """How many groups of 64 pairs each program is scored on."""
    pairs: ranges.Count = 1000
    """How many different input/output pairs all restarts of a run may see in all."""
    longer_pairs: ranges.Count = 128
    """How many of them have twice the longest length, for the last judgement."""
    check: ranges.Count = 256
    """On how many other pairs a program must be right before it counts as found."""

    changed: ranges.NonNegative = 3.0
    """How many more times a cell counts if the answer differs from the input there."""
    exact: ranges.Share = 0.5
    """The share of the score for pairs that are right in all cells; the rest is for right cells."""
    prefix: ranges.Share = 0.0
    """The share of the score for right cells before the first wrong one; for answers that are
    written from left to right."""
    hint: ranges.Share = 0.0
    """The share of the score for having read the answer's value at any time, or holding it in a
    register at the end; for answers of one cell."""
    contrast: ranges.Share = 0.0
    """The share of the score for registers that are 0 at different times in two pairs exactly if
    their answers differ."""
