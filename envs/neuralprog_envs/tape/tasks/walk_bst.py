"""Follow a path down a binary search tree.

    n = 3     cell  0  1  2  3  4  5  6  7  8  9 10 11 12 13
    input           8  1  2  0  0  3  0  0  7  5 11  9  0  0
    output          .  9  .  .  .  .  .  .  .  .  .  .  .  .     (dots are not scored)

The root, 7 at cell 8, has 3 (cell 5) at its left and 9 (cell 11) at its right; the path is 2.

Input: root, out, d_1 .. d_k, 0, nodes; a node is three adjacent cells (value, left, right)
anywhere after the path's 0, with any gaps; a missing child is 0; out = 1 points to itself;
d = 1 steps left, d = 2 right, and 0 ends the path, which never leaves the tree; unused cells are
0; values are distinct and at least 1. The length n is the tree's size. Output: cell 1 holds the
value at the path's end. A user's input is the tape.
Source: Kurach et al. 2016, appendix A, task 10 (WalkBST). There left is 0, so that the end of
the path (also 0) cannot be seen; the digits 1 and 2 are ANC's (Bunel et al. 2016). DENN stops
where the child is missing instead. out = 1 is DENN's.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Ints
from neuralprog_envs.tape.algorithm import Answer, Counts, Instructions
from neuralprog_envs.tape.arrays import (
    check_node,
    check_values,
    one_cell,
    places,
    read,
    read_one,
    write,
)
from neuralprog_envs.tape.cpu import Cpu
from neuralprog_envs.tape.look import Look


class WalkBST:
    """Cell 1 := the value at the end of the path."""

    registers = 3
    shortest = 1
    split_from = 3
    look = Look(("root", "out", ("path", lambda tape, n: tape.index(0, 2) - 2)), links="tree")

    def memory_size(self, n: int) -> int:
        """Return 4n + 2: root, out, a path of up to n - 1 steps and its 0, the nodes."""
        return 4 * n + 2

    def steps(self, n: Counts) -> Counts:
        """Return the expert's instructions: two to begin, four a step, five at the end."""
        return 4 * n + 3

    def sample(self, draws: Draws, n: Ints, M: int) -> Ints:
        """Return trees grown by inserting random values, and paths to random nodes."""
        N = (M - 2) // 4
        values = draws.ranks(M - 1, M - 1)[:, :N] + 1
        parent, side, depth = _grow(values, int(n.max()))
        target = draws.integer(0, n)
        nodes = places(draws, n, 3, 3 + read_one(depth, target), M, columns=N)
        used = np.arange(N) < n[:, None]
        tape = np.zeros((len(n), M), dtype=np.int32)
        write(tape, nodes, values, used)
        write(tape, read(nodes, parent) + side, nodes, used & (side > 0))
        _write_path(tape, target, parent, side, depth)
        tape[:, 0], tape[:, 1] = nodes[:, 0], 1
        return tape

    def answer(self, tape: Ints, n: Ints) -> Answer:
        """Return the value at the end of the path."""
        node, step = tape[:, 0], np.ones(len(tape), dtype=np.int32)
        for cell in range(2, int(n.max()) + 2):
            step = np.where(step > 0, tape[:, cell], np.int32(0))
            node = np.where(step > 0, read_one(tape, node + step), node)
        return one_cell(tape, 1, read_one(tape, node))

    def encode(self, values: list[int]) -> tuple[list[int], int]:
        """Return the given tape and the size of its tree."""
        check_values(values, least=0)
        if len(values) < 4 or 0 not in values[2:]:
            raise ValueError("the tape is too short: it is root, out, path, 0, nodes")
        if values[1] != 1:
            raise ValueError(f"cell 1 holds {values[1]}, but must point to itself: 1")
        if values[0] == 0:
            raise ValueError("cell 0 holds 0, but must point to the root")
        cells, end = [*values, 0, 0], values.index(0, 2)
        taken = set(range(end + 1))
        held = _in_order(cells, values[0], taken)
        check_values(held)
        if any(a >= b for a, b in pairwise(held)):
            raise ValueError(f"no search tree: its values from left to right are {held}")
        _check_path(cells, end)
        return cells[: max(len(values), max(taken) + 1)], len(held)

    def expert(self, cpu: Cpu) -> Instructions:
        """Add each step to the node's address and read the child's address there."""
        node, pointer, step = range(3)
        yield cpu.read(node, node)
        yield cpu.two(pointer)
        while True:
            yield cpu.read(step, pointer)
            if cpu.is_zero(step):
                break
            yield cpu.add(node, node, step)
            yield cpu.read(node, node)
            yield cpu.inc(pointer, pointer)
        yield cpu.read(node, node)
        yield cpu.one(step)
        yield cpu.write(step, node, to=step)
        yield cpu.halt()


def _grow(values: Ints, n: int) -> tuple[Ints, Ints, Ints]:
    """Insert the first n of distinct values, shape (B, N), in order, into search trees.

    A value's parent is the later of its two neighbours among the values before it; to find them,
    the values leave the sorted order again, the last first. Return for each node its parent's
    column, its side (1 left, 2 right; 0 the root), and its depth, each of shape (B, N).
    """
    parent, side, depth = np.zeros((3, *values.shape), dtype=np.int32)
    row, order = np.arange(len(values)), np.argsort(values[:, :n], axis=1)
    below, above = np.full((2, len(values), n + 1), -1)  # the last column, -1, is no node's
    np.put_along_axis(below, order[:, 1:], order[:, :-1], axis=1)
    np.put_along_axis(above, order[:, :-1], order[:, 1:], axis=1)
    for i in range(n - 1, 0, -1):
        less, more = below[:, i], above[:, i]
        parent[:, i] = np.maximum(less, more)
        side[:, i] = np.where(less > more, 2, 1)
        above[row, less], below[row, more] = more, less
    for i in range(1, n):
        depth[:, i] = depth[row, parent[:, i]] + 1
    return parent, side, depth


def _write_path(tape: Ints, target: Ints, parent: Ints, side: Ints, depth: Ints) -> None:
    """Write the steps from the root to the target, in place; the one to depth k in cell k + 1."""
    rows = np.arange(len(tape))
    node = target
    while rows.size:
        level = depth[rows, node]
        rows, node, level = rows[level > 0], node[level > 0], level[level > 0]
        tape[rows, level + 1] = side[rows, node]
        node = parent[rows, node]


def _in_order(cells: list[int], root: int, taken: set[int]) -> list[int]:
    """Return the tree's values from left to right; add its cells to the taken ones."""
    held, waiting, node = list[int](), list[int](), root
    while node or waiting:
        if node:
            check_node(len(cells), node, 3, taken)
            waiting.append(node)
            node = cells[node + 1]
        else:
            node = waiting.pop()
            held.append(cells[node])
            node = cells[node + 2]
    return held


def _check_path(cells: list[int], end: int) -> None:
    node = cells[0]
    for position in range(2, end):
        step = cells[position]
        if step not in (1, 2):
            raise ValueError(f"step {step} of the path is neither 1 (left) nor 2 (right)")
        node = cells[node + step]
        if node == 0:
            raise ValueError(f"the path leaves the tree at its step {position - 1}")
