"""Find the address of the first node of a linked list that holds a given value.

    n = 3     cell  0 1 2 3 4 5 6 7 8 9
    input           5 6 2 0 6 8 4 7 3 6
    output          . . 8 . . . . . . .    (dots are not scored; the list is 4, 6, 6)

Input: head, v, out, nodes; a node is two adjacent cells (next, value) anywhere in cells 3..M-1,
with any gaps; next = 0 ends the list; out = 2 points to itself; unused cells hold random trash,
never 0; values are at least 1, may repeat, and v is among them. Output: cell 2 holds the address
of the first node, in list order, whose value is v. A user's input is the tape.
Source: Kurach et al. 2016, appendix A, task 8 (ListSearch). The paper does not say where the
pointer goes: we use an out cell as ListK does (so does ANC); DENN overwrites the head, cell 0.
"""

from __future__ import annotations

import numpy as np

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import check_list, link, one_cell, places, read_one
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look


class ListSearch:
    """Cell 2 := the address of v's node."""

    registers = 3
    shortest = 1
    split_from = 3
    look = Look(("head", "v", "out"), links="list")

    def memory_size(self, n: int) -> int:
        """Return 2n + 3: head, v, out, the nodes."""
        return 2 * n + 3

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions: three a node, one a hop, six more."""
        return 4 * n + 5

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return tapes of random 1..M-1 with lists at random places; v is a random node's."""
        tape = draws.integers(1, M, M)
        nodes = places(draws, n, 2, 3, M, columns=(M - 3) // 2)
        link(tape, nodes, n)
        target = read_one(nodes, draws.integer(0, n))
        tape[:, 0] = nodes[:, 0]
        tape[:, 1] = read_one(tape, target + 1)
        tape[:, 2] = 2
        return tape

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return the address at which a walk along the list first meets v."""
        node, v = tape[:, 0], tape[:, 1]
        for _ in range(int(n.max()) - 1):
            node = np.where(read_one(tape, node + 1) == v, node, read_one(tape, node))
        return one_cell(tape, 2, node)

    def encode(self, values: list[int]) -> tuple[list[int], int]:
        """Return the given tape and the length of its list."""
        nodes = check_list(values)
        held = [values[node + 1] for node in nodes]
        if values[1] not in held:
            raise ValueError(f"v = {values[1]} is not in the list: it must be one of {held}")
        return list(values), len(nodes)

    def expert(self, cpu: Cpu) -> Instructions:
        """Compare and hop until the values are equal."""
        node, v, value = range(3)
        yield cpu.read(node, node)
        yield cpu.one(v)
        yield cpu.read(v, v)
        while True:
            yield cpu.inc(value, node)
            yield cpu.read(value, value)
            yield cpu.equal(value, value, v)
            if not cpu.is_zero(value):
                break
            yield cpu.read(node, node)
        yield cpu.two(value)
        yield cpu.write(value, node, to=value)
        yield cpu.halt()
