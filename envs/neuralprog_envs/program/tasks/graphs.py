"""Graphs as a user writes them, and an order of their vertices without any search."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from neuralprog_envs.core.arguments import integers, shown
from neuralprog_envs.core.task import Bools

_EDGE = re.compile(r"([^\s,>-]+)(?:->|-|>)([^\s,>-]+)")


def edges_of_text(text: str) -> list[tuple[int, int]]:
    """Return the edges of "1-2 1-5", or of "shirt-tie tie-jacket"; else raise ValueError."""
    pairs, numbers = _pairs(text), {name: i for i, name in enumerate(names_of(text), start=1)}
    if numbers:
        return [(numbers[one], numbers[other]) for one, other in pairs]
    return [edge(pair) for pair in pairs]


def names_of(text: str) -> list[str]:
    """Return the names of vertices 1, 2, …: words as they come; none where all are numbers."""
    words = [word for pair in _pairs(text) for word in pair]
    whole = all(word.isascii() and word.isdecimal() for word in words)
    return [] if whole else list(dict.fromkeys(words))


def _pairs(text: str) -> list[tuple[str, str]]:
    found = [_EDGE.fullmatch(word) for word in text.replace(",", " ").split()]
    if not all(found):
        raise ValueError(f"give edges, as in '1-2 1-5 3-5', not {shown(text)}")
    return [(match[1], match[2]) for match in found if match]


def edge(pair: Iterable[Any]) -> tuple[int, int]:
    """Return an edge; raise ValueError if it is not a pair of whole numbers."""
    try:
        one, other = integers("vertices", [int(v) if isinstance(v, str) else v for v in pair])
    except (TypeError, ValueError):
        raise ValueError(f"an edge is two vertices, as in (1, 2), not {shown(pair)}") from None
    return one, other


def children_first(edges: Bools) -> list[int]:
    """Return the vertices so that each comes after its children (Kahn's algorithm).

    ``edges`` says whether there is an edge from vertex i to vertex j, shape (V, V). Raise
    ValueError if the graph has a cycle.
    """
    count, order = edges.sum(axis=1), list[int]()
    ready = np.flatnonzero(count == 0).tolist()
    while ready:
        vertex = ready.pop()
        order.append(vertex)
        parents = np.flatnonzero(edges[:, vertex])
        count[parents] -= 1
        ready += parents[count[parents] == 0].tolist()
    if len(order) < len(edges):
        raise ValueError("this graph has a cycle: its vertices have no topological order")
    return order
