"""The nodes of linked lists and trees on a tape, as drawings.

A tape may hold anything while a program runs: a link that leads nowhere, or to a node that was
there before, ends the drawing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from neuralprog_envs.core.drawing import Drawing, Line, Shape, Text
from neuralprog_envs.core.parts import WIDTH, Shapes, caption, cell

NODE, GAP, HIGH = 50.0, 26.0, 34.0
"""The width of a node, the room between two of them, its height."""

_LEVEL = 52.0
_MOST_LEVELS = 5


@dataclass(frozen=True)
class Node:
    """A node of a tree: its address, its depth, the addresses of its children."""

    address: int
    depth: int
    children: tuple[int, int]


def linked_list(tape: Sequence[int], marked: frozenset[int]) -> Drawing:
    """Return a list as a chain; a node is (next, value), and cell 0 points to the first.

    ``marked`` are the addresses of cells that the last step used.
    """
    addresses = list(_chain(tape))
    most = int((WIDTH - NODE) // (NODE + GAP))
    shown = addresses if len(addresses) <= most else addresses[: most - 1]
    shapes: list[Shape] = [Text(0, HIGH / 2, "list", 15, "soft")]
    for number, address in enumerate(shown):
        x = NODE + number * (NODE + GAP)
        used = bool({address, address + 1} & marked)
        shapes.append(Line(((x - GAP, HIGH / 2), (x - 2, HIGH / 2)), "soft", arrow=True))
        shapes += _of_list(tape[address + 1], address, x, used)
    if len(shown) < len(addresses):
        shapes.append(Text(NODE + len(shown) * (NODE + GAP), HIGH / 2, "…", 20, "soft"))
    return Drawing(WIDTH, HIGH + 20, tuple(shapes))


def _chain(tape: Sequence[int]) -> Iterator[int]:
    seen, node = set[int](), tape[0]
    while 0 < node < len(tape) - 1 and node not in seen:
        yield node
        seen.add(node)
        node = tape[node]


def tree(tape: Sequence[int], levels: int, path: Sequence[int], marked: frozenset[int]) -> Drawing:
    """Return a search tree; a node is (value, left, right), and cell 0 points to the root.

    ``path`` are the steps from the root, 1 left and 2 right: their edges are coloured.
    """
    levels = min(levels, _MOST_LEVELS)
    every = list(_in_order(tape))
    nodes = [node for node in every if node.depth < levels]
    column = min(NODE + GAP, WIDTH / max(1, len(nodes)))
    shapes: list[Shape] = [Text(0, HIGH / 2, "tree", 15, "soft")]
    shapes += _of_tree(tape, nodes, column, set(_walk(tape, path)), marked)
    if len(nodes) < len(every):
        words = f"… {len(every) - len(nodes):,} more nodes below"
        shapes.append(Text(0, levels * _LEVEL - 8, words, 13, "soft"))
    return Drawing(WIDTH, levels * _LEVEL, tuple(shapes))


def _of_tree(
    tape: Sequence[int],
    nodes: Sequence[Node],
    column: float,
    walked: set[int],
    marked: frozenset[int],
) -> Iterator[Shape]:
    """Yield the edges and the nodes, one above each column from left to right."""
    left = (WIDTH - column * len(nodes)) / 2
    at = {
        node.address: (left + (place + 0.5) * column, node.depth * _LEVEL)
        for place, node in enumerate(nodes)
    }
    for node in nodes:
        for child in set(node.children) & set(at):
            yield _edge(at[node.address], at[child], {node.address, child} <= walked)
    for node in nodes:
        used = bool(set(range(node.address, node.address + 3)) & marked)
        yield from _node(tape[node.address], node.address, at[node.address], column, used)


def _node(value: int, address: int, at: tuple[float, float], column: float, used: bool) -> Shapes:
    """Return a node of a tree and, where there is room, its address at its right."""
    line, fill = ("read", "read-tint") if used else ("soft", "card")
    wide = min(NODE, column - 3)
    box = cell(at[0] - wide / 2, at[1], wide, HIGH, f"{value}", fill=fill, line=line)
    if column < NODE + GAP:
        return box
    return (*box, caption(at[0] + wide / 2 + 5, at[1] + HIGH / 2, f"cell {address}", width=56))


def _edge(parent: tuple[float, float], child: tuple[float, float], walked: bool) -> Line:
    colour, weight = ("accent", 2.5) if walked else ("soft", 1.5)
    ends = (parent[0], parent[1] + HIGH), (child[0], child[1] - 1)
    return Line(ends, colour, weight, arrow=walked)


def _of_list(value: int, address: int, x: float, used: bool) -> Shapes:
    line, fill = ("read", "read-tint") if used else ("soft", "card")
    both = f"cells {address}, {address + 1}"
    label = caption(x + NODE / 2, HIGH + 10, both, "middle", NODE + GAP)
    return (*cell(x, 0, NODE, HIGH, f"{value}", fill=fill, line=line), label)


def _walk(tape: Sequence[int], path: Sequence[int]) -> Iterator[int]:
    node = tape[0]
    yield node
    for step in path:
        if not (step in (1, 2) and 0 < node < len(tape) - 2):
            return
        node = tape[node + step]
        yield node


def _in_order(tape: Sequence[int]) -> Iterator[Node]:
    """Yield the nodes of a tree from left to right."""
    seen, waiting = set[int](), list[tuple[int, int]]()
    address, depth = tape[0], 0
    while waiting or _is_new(address, tape, seen):
        if _is_new(address, tape, seen):
            seen.add(address)
            waiting.append((address, depth))
            address, depth = tape[address + 1], depth + 1
        else:
            address, depth = waiting.pop()
            children = tape[address + 1], tape[address + 2]
            yield Node(address, depth, children)
            address, depth = children[1], depth + 1


def _is_new(address: int, tape: Sequence[int], seen: set[int]) -> bool:
    return 0 < address < len(tape) - 2 and address not in seen
