"""The settings of the program search; a YAML file holds differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from neuralprog_agents.circuits import examples
from neuralprog_agents.circuits.lanes import MOST_REGISTERS
from neuralprog_agents.training import ranges


@dataclass(frozen=True)
class Config:
    """A search for the circuits of one tape task; ``README.md`` explains the defaults.

    The score of a proposal is 0 to 1; the settings that name a share of it say what earns it.
    """

    env: str
    """The id of the environment to learn, such as NRAMSort-v0."""
    seed: ranges.Seed = 0
    """The seed of all randomness: the same seed gives the same program."""
    restarts: ranges.Count = 200
    """How many times the search may start again from new random circuits."""

    registers: Annotated[int, ranges.Within(1, MOST_REGISTERS)] = 3
    """R: how many registers the machine has. A program sees only which of them hold 0."""
    length: ranges.Lengths = (1, 4)
    """The shortest and the longest instance to learn from."""
    steps: Annotated[tuple[int, ...], ranges.Each(ranges.Within(0))] = (1, 2)
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
    unveil: bool = False
    """Whether a restart begins with the first cell of each answer, and adds the next whenever all
    are right."""
    groups: ranges.Count = 2
    """How many groups of 64 pairs each proposal is scored on."""
    pairs: ranges.Count = 1000
    """How many different input/output pairs all restarts of a run may see in all."""
    longer_pairs: ranges.Count = 128
    """How many of them have twice the longest length, for the last judgement."""
    check: ranges.Count = 256
    """On how many other pairs a program must be right before it counts as found."""

    proposals: ranges.Count = 2_000_000
    """How many changes a restart tries."""
    initial_temperature: ranges.Positive = 0.012
    """The temperature of simulated annealing at the start of a restart."""
    final_temperature: ranges.Positive = 0.006
    """The temperature at its end."""
    changed: ranges.NonNegative = 3.0
    """How many more times a cell counts if the answer differs from the input there."""
    exact: ranges.Share = 0.5
    """The share of the score for pairs that are right in all cells; the rest is for right cells."""
    prefix: ranges.Share = 0.0
    """The share of the score for right cells before the first wrong one; for answers that are
    written from left to right."""
    hint: ranges.Share = 0.0
    """The share of the score for having read the answer's value, or holding it in a register, at
    any time; for answers of one cell."""
    contrast: ranges.Share = 0.0
    """The share of the score for registers that are 0 at different times in two pairs exactly if
    their answers differ."""

    register: ranges.Share = 0.4
    """The probability that a changed wire comes from a register, and not from a module."""
    more_changes: ranges.Share = 0.3
    """The probability that a proposal makes another change, after each one."""
    copy_wiring: ranges.Share = 0.05
    """The probability that a change copies a wire from the circuit of another pattern."""
    change_unvisited: ranges.Share = 0.5
    """The probability that a proposal also replaces the circuit of a pattern that no run met."""
    tied: ranges.Share = 0.0
    """The probability that a change is made at once in all patterns that have the same circuit."""
    join: ranges.Share = 0.0
    """The probability that a change replaces a circuit by that of another pattern that runs met."""
    uniform: ranges.Share = 0.0
    """The probability that a change may fall on wires that have no effect (for comparison)."""

    def __post_init__(self) -> None:
        ranges.check(self)
        examples.check(self)
        if self.unveil and self.halt:
            raise ValueError("unveil and halt exclude each other: a part has no end to halt at")
        if self.final_temperature > self.initial_temperature:
            raise ValueError("final_temperature must be at most initial_temperature")
