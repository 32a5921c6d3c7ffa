"""What a program search can be told; YAML files hold differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass

from neuralprog_agents.circuits.lanes import LANES, MOST_MEMORY, MOST_REGISTERS, MOST_STEPS


@dataclass(frozen=True)
class Config:
    """One task's search; the defaults come from ``README.md`` in this folder."""

    env: str
    """The task's environment id."""
    seed: int = 0
    """The pairs come from the seed, the proposals of restart i from (seed, i)."""
    restarts: int = 200
    """The most restarts that `train` tries before it gives up."""

    registers: int = 3
    """R, at most 6."""
    length: tuple[int, int] = (1, 4)
    """The shortest and the longest pair."""
    steps: tuple[int, int] = (1, 2)
    """(a, b): an instance of length n runs for at most T = square·n² + a·n + b steps."""
    square: int = 0
    """See ``steps``."""
    spare: int = 2
    """Pairs have up to so many cells more than their length needs, lest a program rely on M."""
    test_lengths: tuple[int, ...] = ()
    """Where `evaluate` scores; by default the longest pair's length, twice and ten times that."""
    halt: bool = False
    """Whether the program must halt by itself, by its finish bit, before T."""

    begin: int = 0
    """The longest pair that a restart begins with; longer ones come in as fits fail on them."""
    unveil: bool = False
    """Whether a restart begins with each pair's first scored cell alone, to be right in the time
    of length 1; whenever all are right, one more cell, and length, counts."""
    groups: int = 2
    """Groups of 64 pairs that every proposal is scored on."""
    pairs: int = 1000
    """The most pairs that all restarts together may see, those for checking fits included."""
    far: int = 128
    """Of these, held-out ones of twice the longest length that a fit is judged on at the end."""
    check: int = 256
    """A fit must be right on so many pairs that it was not scored on."""

    proposals: int = 2_000_000
    """The length of a restart."""
    hot: float = 0.012
    """The temperature at its beginning; scores go from 0 to 1."""
    cold: float = 0.006
    """The temperature at its end."""
    changed: float = 3.0
    """How much more a cell counts where the answer differs from the input."""
    exact: float = 0.5
    """The part of the score for examples that are wholly right; the rest is for right cells."""
    prefix: float = 0.0
    """The part for right cells before the first wrong one; for answers written in order."""
    hint: float = 0.0
    """The part for "the answer was ever read, or stands in a register" (one scored cell)."""
    contrast: float = 0.0
    """The part for "flags differ in time exactly if the answers do" in neighbouring pairs."""

    register: float = 0.4
    """The probability that a wire's new source is a register, not a module."""
    again: float = 0.3
    """The probability that a proposal makes one more change, after each."""
    borrow: float = 0.05
    """The probability that a change copies wiring from another pattern."""
    wander: float = 0.5
    """The probability that a proposal also replaces the circuit of a pattern not visited."""
    tied: float = 0.0
    """The probability that a change is made in all patterns with the same circuit at once."""
    join: float = 0.0
    """The probability that a change replaces a circuit by that of another visited pattern."""
    uniform: float = 0.0
    """The probability that a change ignores what is live and visited (for comparison)."""

    def __post_init__(self) -> None:
        for name in ("restarts", "registers", "groups", "check", "proposals", "far"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        self._check_lengths()
        if self.unveil and self.halt:
            raise ValueError("unveil and halt exclude each other: a part has no end to halt at")
        if self.registers > MOST_REGISTERS:
            raise ValueError(f"registers must be at most {MOST_REGISTERS}, got {self.registers}")
        if not 0 < self.cold <= self.hot:
            raise ValueError(f"need 0 < cold <= hot, got {self.cold} and {self.hot}")
        if self.time_limit(self.length[0]) < 1 or self.time_limit(self.length[1]) > MOST_STEPS:
            raise ValueError(f"steps and square must give 1 to {MOST_STEPS} steps")
        if self.near < LANES * self.groups:
            raise ValueError(
                f"pairs must be at least {LANES * self.groups + self.far} "
                f"(64 for each of {self.groups} groups, and {self.far} far ones)"
            )

    def _check_lengths(self) -> None:
        low, high = self.length
        if not 1 <= low <= high:
            raise ValueError(f"length must be two ascending numbers, got {self.length}")
        if self.begin and not low <= self.begin <= high:
            raise ValueError(f"begin must be 0 or from {low} to {high}, got {self.begin}")

    @property
    def near(self) -> int:
        """The pairs of the training lengths."""
        return self.pairs - self.far

    def time_limit(self, n: int) -> int:
        """Return T for an instance of length n."""
        return self.square * n * n + self.steps[0] * n + self.steps[1]


def check_memory(memory_size: int) -> None:
    """Raise ValueError if tapes are too long for the compiled interpreter."""
    if memory_size > MOST_MEMORY:
        raise ValueError(
            f"the longest pair needs {memory_size} cells, the search has at most {MOST_MEMORY}"
        )
