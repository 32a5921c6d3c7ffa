"""The ranges of settings, declared with their types: ``batch: ranges.Count = 16``.

A frozen dataclass of settings calls ``ranges.check(self)`` in its ``__post_init__``.
A rule tells whether it ``holds`` of a value; as a text it follows "must be".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Annotated, Any, get_type_hints

LARGEST = 10**12
"""No setting is larger: whoever asks for more has made a slip of the keyboard."""


@dataclass(frozen=True)
class Within:
    """A number from ``low`` to ``high``; ``above`` and ``below`` leave the ends out."""

    low: float
    high: float = LARGEST
    above: bool = False
    below: bool = False

    def holds(self, value: float) -> bool:
        """Return whether a number is in the range; NaN is not."""
        lower = self.low < value if self.above else self.low <= value
        return lower and (value < self.high if self.below else value <= self.high)

    def __str__(self) -> str:
        low = f"{'above' if self.above else 'at least'} {self.low:,}"
        return f"{low} and {'below' if self.below else 'at most'} {self.high:,}"


@dataclass(frozen=True)
class Ascending:
    """Two numbers in ascending order, within a range."""

    within: Within

    def holds(self, value: tuple[float, float] | None) -> bool:
        """Return whether both are in the range and the first is not above the second."""
        return value is None or (all(map(self.within.holds, value)) and value[0] <= value[1])

    def __str__(self) -> str:
        return f"two ascending numbers {self.within}"


@dataclass(frozen=True)
class Each:
    """Any number of numbers, each within a range."""

    within: Within

    def holds(self, value: tuple[float, ...]) -> bool:
        """Return whether each is in the range."""
        return all(map(self.within.holds, value))

    def __str__(self) -> str:
        return f"numbers {self.within}"


Seed = Annotated[int, Within(0, 2**63 - 1)]
Count = Annotated[int, Within(1)]
RESTARTS = Within(1, 10**6)
Restarts = Annotated[int, RESTARTS]
Natural = Annotated[int, Within(0)]
Positive = Annotated[float, Within(0, above=True)]
NonNegative = Annotated[float, Within(0)]
Share = Annotated[float, Within(0, 1)]
PartialShare = Annotated[float, Within(0, 1, below=True)]
Lengths = Annotated[tuple[int, int], Ascending(Within(1))]
Counts = Annotated[tuple[int, ...], Each(Within(1, 10**6))]


def without_length(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return an environment's settings; raise ValueError if the length is among them."""
    if "length" in settings:
        raise ValueError("settings cannot hold length, which is a setting of the agent: --length")
    return dict(settings)


type_hints: Callable[[Any], dict[str, Any]] = cache(partial(get_type_hints, include_extras=True))
"""The types of a dataclass's fields with their ranges. Evaluating these texts anew each time took a
third of the time to read a config."""


def check(config: Any) -> None:
    """Check every field of a dataclass whose type declares a range.

    Raises:
        ValueError: A value is out of its range; the message names both.
    """
    for name, hint in type_hints(type(config)).items():
        for rule in getattr(hint, "__metadata__", ()):
            value = getattr(config, name)
            if not rule.holds(value):
                given = list(value) if isinstance(value, tuple) else value
                raise ValueError(f"{name} must be {rule}, got {given}")
