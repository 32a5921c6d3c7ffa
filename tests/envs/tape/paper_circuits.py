"""The five circuits that Kurach et al. 2016 print (figures 4 to 9, tables 2 to 6), by name.

Reconstructed from the tables and the text of sections 4.3 and 4.4; every printed row agrees.
A circuit that the paper shows without a WRITE still has one here, as the machine demands: it
writes back what it has read.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Wires = dict[str, str]


@dataclass(frozen=True)
class Program:
    """A printed run.

    Attributes:
        task: The id of its environment.
        registers: R.
        tape: The printed input, whose length is M.
        output: Printed final contents, by cell.
        circuits: The distinct circuits.
        order: Which circuit each step executes.
        repetitions: How often the machine's circuits hold the list of modules.
    """

    task: str
    registers: int
    tape: tuple[int, ...]
    output: dict[int, int]
    circuits: tuple[Wires, ...]
    order: tuple[int, ...]
    repetitions: int = field(default=1)


def _cells(start: int, *values: int) -> dict[int, int]:
    return {start + i: value for i, value in enumerate(values)}


COPY = Program(
    task="NRAMCopy",
    registers=4,
    tape=(6, 2, 10, 6, 8, 9, 0, 0, 0, 0, 0, 0),
    output=_cells(6, 2, 10, 6, 8, 9),
    circuits=(
        {
            "READ.a": "r1",
            "WRITE.a": "r1",
            "WRITE.b": "READ",
            "DEC.a": "READ",
            "r1": "ZERO",
            "r2": "DEC",
            "r3": "ZERO",
            "r4": "ONE",
        },
        {
            "READ.a": "r4",
            "ADD.a": "r2",
            "ADD.b": "r4",
            "WRITE.a": "ADD",
            "WRITE.b": "READ",
            "INC.a": "r3",
            "MIN.a": "INC",
            "MIN.b": "r2",
            "r1": "ZERO",
            "r2": "r2",
            "r3": "r4",
            "r4": "MIN",
        },
    ),
    order=(0, *[1] * 10),
)

ACCESS = Program(
    task="NRAMAccess",
    registers=2,
    tape=(3, 1, 12, 4, 7, 12, 1, 13, 8, 2, 1, 3, 11, 11, 12, 0),
    output={0: 4},
    circuits=(
        {"READ.a": "r1", "WRITE.a": "r1", "WRITE.b": "READ", "r1": "READ", "r2": "ZERO"},
        {"READ.a": "r1", "WRITE.a": "r2", "WRITE.b": "READ", "r1": "r1", "r2": "ZERO"},
    ),
    order=(0, 1),
)

INCREMENT = Program(
    task="NRAMIncrement",
    registers=5,
    tape=(1, 11, 3, 8, 1, 2, 9, 8, 5, 3, 0, 0, 0, 0, 0, 0),
    output=_cells(0, 2, 12, 4, 9, 2, 3, 10, 9, 6, 4),
    circuits=(
        {
            "READ.a": "r1",
            "INC.a": "READ",
            "WRITE.a": "r1",
            "WRITE.b": "INC",
            "ADD.a": "r1",
            "ADD.b": "ONE",
            "r1": "ADD",
            "r2": "INC",
            "r3": "INC",
            "r4": "INC",
            "r5": "ADD",
        },
    ),
    order=(0,) * 10,
)

REVERSE = Program(
    task="NRAMReverse",
    registers=4,
    tape=(8, 8, 1, 3, 5, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0),
    output=_cells(8, 2, 1, 1, 5, 3, 1, 8),
    circuits=(
        {
            "READ.a": "r1",
            "WRITE.a": "r1",
            "WRITE.b": "READ",
            "r1": "READ",
            "r2": "ZERO",
            "r3": "ONE",
            "r4": "ONE",
        },
        {
            "READ.a": "r3",
            "ADD.a": "r1",
            "ADD.b": "r1",
            "SUB.a": "ADD",
            "SUB.b": "r3",
            "DEC.a": "SUB",
            "WRITE.a": "DEC",
            "WRITE.b": "READ",
            "INC.a": "r3",
            "r1": "r1",
            "r2": "ONE",
            "r3": "INC",
            "r4": "ONE",
        },
    ),
    order=(0, *[1] * 7),
)

SWAP = Program(
    task="NRAMSwap",
    registers=2,
    tape=(4, 13, 6, 10, 5, 4, 6, 3, 7, 1, 1, 11, 13, 12, 0, 0),
    output={4: 12, 13: 5},
    circuits=(
        {
            "READ1.a": "r1",
            "WRITE1.a": "r1",
            "WRITE1.b": "READ1",
            "READ2.a": "READ1",
            "WRITE2.a": "ZERO1",
            "WRITE2.b": "READ2",
            "r1": "ONE1",
            "r2": "READ1",
        },
        {
            "READ1.a": "r1",
            "WRITE1.a": "r1",
            "WRITE1.b": "READ1",
            "READ2.a": "READ1",
            "WRITE2.a": "r2",
            "WRITE2.b": "READ2",
            "r1": "ZERO1",
            "r2": "READ1",
        },
        {
            "READ1.a": "r1",
            "WRITE1.a": "r2",
            "WRITE1.b": "READ1",
            "READ2.a": "r2",
            "WRITE2.a": "r2",
            "WRITE2.b": "READ2",
            "r1": "READ1",
            "r2": "ONE1",
        },
    ),
    order=(0, 1, 2),
    repetitions=2,
)

PROGRAMS = {
    "copy": COPY,
    "access": ACCESS,
    "increment": INCREMENT,
    "reverse": REVERSE,
    "swap": SWAP,
}
