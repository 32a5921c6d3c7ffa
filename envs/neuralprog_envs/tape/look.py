"""How the tape of a task is to be drawn: what its cells are called, as bars, with links.

An algorithm may have such a value as its attribute ``look``; without one its tape is plain cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Count = int | Callable[[list[int], int], int]
Part = str | tuple[str, Count]


@dataclass(frozen=True)
class Look:
    """How a tape is drawn.

    Attributes:
        parts: The names of what stands on the input tape, from cell 0 on: a name alone is one cell;
            a name and a whole number k are k·n cells, n being the instance's length; a name and a
            function of the tape and n are as many cells as it returns.
        bars: Whether the cells of parts with a count, and the scored ones, stand below bars.
        links: "list" or "tree": what the nodes on the tape are, the first of which cell 0 points
            to; see ``tasks/list_k.py`` and ``tasks/walk_bst.py``.
    """

    parts: tuple[Part, ...] = ()
    bars: bool = False
    links: Literal["list", "tree"] | None = None

    def named(self, tape: list[int], n: int) -> Iterator[tuple[str, range]]:
        """Yield each part's name and its cells."""
        first = 0
        for part in self.parts:
            name, count = (part, 1) if isinstance(part, str) else _counted(part, tape, n)
            yield name, range(first, min(first + count, len(tape)))
            first += count

    def barred(self, tape: list[int], n: int) -> set[int]:
        """Return the cells of the parts that have bars."""
        pairs = zip(self.parts, self.named(tape, n), strict=True)
        return {
            i
            for part, (_, cells) in pairs
            if self.bars and not isinstance(part, str)
            for i in cells
        }


def _counted(part: tuple[str, Count], tape: list[int], n: int) -> tuple[str, int]:
    name, count = part
    return name, count(tape, n) if callable(count) else count * n
