"""The settings of the program search; a YAML file holds differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass

from neuralprog_agents.circuits import examples
from neuralprog_agents.circuits.settings import PairSettings
from neuralprog_agents.training import ranges


@dataclass(frozen=True)
class SearchConfig(PairSettings):
    """A search for the circuits of one tape task; ``README.md`` explains the defaults.

    A proposal is a program, scored as ``PairSettings`` says.
    """

    restarts: ranges.Restarts = 200
    """How many times the search may start again from new random circuits."""

    unveil: bool = False
    """Whether a restart begins with the first cell of each answer, and adds the next whenever all
    are right."""

    proposals: ranges.Count = 2_000_000
    """How many changes a restart tries."""
    initial_temperature: ranges.Positive = 0.012
    """The temperature of simulated annealing at the start of a restart."""
    final_temperature: ranges.Positive = 0.006
    """The temperature at its end."""
    register: ranges.PartialShare = 0.4
    """The probability that a changed wire comes from a register, and not from a module."""
    learned: ranges.PartialShare = 0.0
    """The probability that a module which becomes a source is a learned one; 0: all are alike."""
    more_changes: ranges.PartialShare = 0.3
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
