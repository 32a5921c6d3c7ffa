"""Find the k-th element of a linked list.

    n = 3     cell  0 1 2 3 4 5 6 7 8
    input           5 2 2 0 8 7 4 3 6
    output          . . 6 . . . . . .  (dots are not scored; the list is 4, 6, 8)

Input: head, k, out, nodes; a node is two adjacent cells (next, value) anywhere in cells 3..M-1,
with any gaps; next = 0 ends the list; out = 2 points to itself; unused cells are 0; values are
at least 1. k in 1..n, and k = 1 asks for the first element. Output: cell 2 holds the k-th
value. A user's input is the tape.
Source: Kurach et al. 2016, appendix A, task 7 (ListK). The base of k is ANC's (Bunel et al.
2016); DENN counts hops, k = 0 for the first. out = 2 is DENN's.
"""

from __future__ import annotations

import numpy as np

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import check_list, link, one_cell, places, read_one, write
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look


class ListK:
    """Cell 2 := the k-th value of the list."""

    registers = 2
    shortest = 1
    split_from = 3
    look = Look(("head", "k", "out"), links="list")

    def memory_size(self, n: int) -> int:
        """Return 2n + 3: head, k, out, the nodes."""
        return 2 * n + 3

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions: four to begin, two a hop, five at the end."""
        return 2 * n + 7

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return tapes with lists at random places, of values in 1..M-1."""
        tape = np.zeros((len(n), M), dtype=np.int32)
        nodes = places(draws, n, 2, 3, M, columns=(M - 3) // 2)
        used = link(tape, nodes, n)
        write(tape, nodes + 1, draws.integers(1, M, nodes.shape[1]), used)
        tape[:, 0] = nodes[:, 0]
        tape[:, 1] = draws.integer(1, n + 1)
        tape[:, 2] = 2
        return tape

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return the value that k - 1 hops from the head lead to."""
        node, k = tape[:, 0], tape[:, 1]
        for hop in range(1, int(k.max())):
            node = np.where(hop < k, read_one(tape, node), node)
        return one_cell(tape, 2, read_one(tape, node + 1))

    def encode(self, values: list[int]) -> tuple[list[int], int]:
        """Return the given tape and the length of its list."""
        n = len(check_list(values))
        if not 1 <= values[1] <= n:
            raise ValueError(f"k = {values[1]} is outside the list: it has elements 1..{n}")
        return list(values), n

    def expert(self, cpu: Cpu) -> Instructions:
        """Hop while k counts down to 0."""
        node, k = range(2)
        yield cpu.read(node, node)
        yield cpu.one(k)
        yield cpu.read(k, k)
        yield cpu.dec(k, k)
        while not cpu.is_zero(k):
            yield cpu.read(node, node)
            yield cpu.dec(k, k)
        yield cpu.inc(node, node)
        yield cpu.read(node, node)
        yield cpu.two(k)
        yield cpu.write(k, node, to=node)
        yield cpu.halt()
