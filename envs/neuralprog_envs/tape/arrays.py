"""Array helpers for the tasks: spans of cells, computed addresses, nodes at random places."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.loops import Loop
from neuralprog_envs.core.task import Bools, Ints


def span(M: int, start: ArrayLike, count: ArrayLike) -> Bools:
    """Return which of M cells lie in start..start+count-1, shape (B, M)."""
    start, count = np.reshape(start, (-1, 1)), np.reshape(count, (-1, 1))
    ahead = np.arange(M, dtype=np.int32) - start.astype(np.int32)
    return ahead.view(np.uint32) < count.astype(np.uint32)  # what lies before start is huge


@Loop
def array(draws: Draws, n: Ints, M: int, *head: ArrayLike, least: int = 1) -> Ints:
    """Return tapes, (B, M): ``head``, n[b] uniform values in least..M-1, zeros."""
    tape = np.where(span(M, len(head), n), draws.integers(least, M, M), np.int32(0))
    for cell, value in enumerate(head):
        tape[:, cell] = value
    return tape


@Loop
def read(tape: Ints, addresses: NDArray) -> Ints:
    """Return ``tape[b, addresses[b, j]]``, shape of ``addresses``; addresses are clipped."""
    rows, M = tape.shape
    cells = np.maximum(addresses, 0, dtype=np.intp)
    np.minimum(cells, M - 1, out=cells)
    cells = cells + np.arange(0, rows * M, M)[:, None]
    return tape.reshape(-1).take(cells)  # half the time of take_along_axis


def read_one(tape: Ints, address: NDArray) -> Ints:
    """Return ``tape[b, address[b]]``, shape (B,)."""
    return read(tape, address[:, None])[:, 0]


def write(tape: Ints, addresses: NDArray, values: ArrayLike, where: Bools) -> None:
    """Set ``tape[b, addresses[b, j]]`` to ``values[b, j]``, in place, where ``where[b, j]``."""
    rows, columns = np.nonzero(where)
    tape[rows, addresses[rows, columns]] = np.broadcast_to(values, where.shape)[rows, columns]


@Loop
def shifted(tape: Ints, by: ArrayLike) -> Ints:
    """Return the tape moved right: cell j holds what cell j - by held, shape (B, M)."""
    return read(tape, np.arange(tape.shape[1]) - np.reshape(by, (-1, 1)))


def one_cell(tape: Ints, cell: int, value: Ints) -> tuple[Ints, Bools]:
    """Return the answer, and the scored cells, of a task that fills one cell; value is (B,)."""
    scored = np.zeros(tape.shape, dtype=bool)
    scored[:, cell] = True
    return np.broadcast_to(value[:, None], tape.shape), scored


def ascending(tape: Ints, n: Ints) -> tuple[Ints, Bools]:
    """Return cells 1..n[b] sorted in place, and which cells these are."""
    M = tape.shape[1]
    scored = span(M, 1, n)
    return shifted(np.sort(np.where(scored, tape, np.int32(M)), axis=1), 1), scored


def places(draws: Draws, n: Ints, width: int, first: ArrayLike, M: int, columns: int) -> Ints:
    """Return addresses for n[b] nodes of ``width`` cells, shape (B, columns), in random order.

    Every way to lay the nodes into cells first..M-1 without overlap, with any gaps, is equally
    likely: choose n cells out of a tape in which each node is shrunk to one cell, then widen.

    Args:
        draws: The source of randomness.
        n: Nodes in each row, shape (B,); the columns from n[b] on are unspecified.
        width: Cells of one node.
        first: The first cell that a node may take, a number or shape (B,).
        M: The number of cells.
        columns: Width of the result; a function of M alone: rows of a batch are independent.
    """
    shrunk = draws.subset(n, M - np.asarray(first) - n * (width - 1), M)[:, :columns]
    widened = np.reshape(first, (-1, 1)) + shrunk + np.arange(columns) * (width - 1)
    return np.take_along_axis(widened, draws.ranks(n, columns), axis=1).astype(np.int32)


def link(tape: Ints, nodes: Ints, n: Ints) -> Bools:
    """Write each node's first cell, in place: the next node's address, in the last node 0.

    ``nodes`` are the addresses in list order, shape (B, N), of which the first n[b] count. Return
    which columns of ``nodes`` count, shape (B, N).
    """
    column, count = np.arange(nodes.shape[1]), n[:, None]
    following = np.where(column == count - 1, np.int32(0), np.roll(nodes, -1, axis=1))
    write(tape, nodes, following, column < count)
    return column < count


def check_values(values: list[int], least: int = 1) -> None:
    """Raise ValueError if an array is empty or has a value that is too small for the format."""
    if not values:
        raise ValueError("the input is empty: give at least one number")
    if min(values) < least:
        raise ValueError(f"value {min(values)} is too small: values here are at least {least}")


def encode_array(values: list[int]) -> tuple[list[int], int]:
    """Return the tape and the length of a user's array whose values are at least 1."""
    check_values(values)
    return list(values), len(values)


def sample_pointed(draws: Draws, n: Ints, M: int) -> Ints:
    """Return tapes in Copy's format: the first cell after the array, values in 1..M-1, zeros."""
    return array(draws, n, M, n + 1)


def encode_pointed(values: list[int]) -> tuple[list[int], int]:
    """Return the tape of a user's array in Copy's format, without zeros, and its length."""
    check_values(values)
    return [len(values) + 1, *values], len(values)


def check_node(size: int, address: int, width: int, taken: set[int]) -> None:
    """Add a node's cells to the taken ones; raise ValueError if one is taken or not on the tape."""
    cells = range(address, address + width)
    if address + width > size:
        raise ValueError(
            f"there is no room for a node of {width} cells at address {address}: "
            f"the tape has {size} cells"
        )
    if not taken.isdisjoint(cells):
        raise ValueError(
            f"the node at address {address} overlaps another node, or cells before the nodes"
        )
    taken.update(cells)


def check_list(cells: list[int]) -> list[int]:
    """Return the addresses of a linked list's nodes, in list order; cell 0 holds the first.

    Raise ValueError if the tape is not ``head, a number, out, nodes (next, value)`` with out = 2.
    """
    if len(cells) < 5:
        raise ValueError("the tape is too short: it has 3 cells, then nodes (next, value)")
    check_values(cells, least=0)
    if cells[2] != 2:
        raise ValueError(f"cell 2 holds {cells[2]}, but must point to itself: 2")
    address, nodes, taken = cells[0], list[int](), {0, 1, 2}
    while address or not nodes:
        check_node(len(cells), address, 2, taken)
        check_values([cells[address + 1]])
        nodes.append(address)
        address = cells[address]
    return nodes
