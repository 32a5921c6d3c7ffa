"""Bodies of programs as decision trees, and the bodies of a library as one table of nodes.

A node of a body returns, or makes a call (of a program or an effect of ACT) and continues, or
tests one component of the view and branches on its value. A body's actions depend only on the views
since its call began: it is an explicit form of the function that the NPI's core computes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.specifications.call_model import settings_of
from neuralprog_envs.program import library as library_module
from neuralprog_envs.program.library import Library, Look
from neuralprog_envs.registry import make_task

RETURN, CALL, MATCH = range(3)
"""The kinds of nodes."""
KIND, WHAT, NEXT = range(3)
"""The columns of a table: kind; choice or component; then the following nodes."""
NOWHERE = -1
"""The following node of a value without a case."""

Nodes = NDArray[np.int32]


@dataclass(frozen=True)
class ReturnNode:
    """Return from the call."""


@dataclass(frozen=True)
class CallNode:
    """Make a call, then continue with a body."""

    choice: int
    then: Body


@dataclass(frozen=True)
class MatchNode:
    """Branch on the value of one component of the view."""

    component: int
    cases: Mapping[int, Body]

    def __hash__(self) -> int:
        return hash((self.component, tuple(sorted(self.cases.items(), key=lambda case: case[0]))))


Body = ReturnNode | CallNode | MatchNode


def size(body: Body) -> int:
    """Return the number of calls and cases in a body."""
    if isinstance(body, CallNode):
        return 1 + size(body.then)
    return sum(1 + size(case) for case in body.cases.values()) if isinstance(body, MatchNode) else 0


def tabulate(bodies: Sequence[Body], values: int) -> tuple[Nodes, NDArray[np.int32]]:
    """Return the bodies of P programs as a table.

    ``values`` is V, the most values of a component of the view, at least 1.

    Returns:
        The K different nodes, shape (K, 2 + V), and the root of each body, shape (P,).
    """
    rows: dict[tuple[int, ...], int] = {}

    def number(body: Body) -> int:
        following = [NOWHERE] * values
        kind, what = RETURN, 0
        if isinstance(body, CallNode):
            kind, what, following[0] = CALL, body.choice, number(body.then)
        elif isinstance(body, MatchNode):
            kind, what = MATCH, body.component
            for value, case in sorted(body.cases.items(), key=lambda item: item[0]):
                following[value] = number(case)
        return rows.setdefault((kind, what, *following), len(rows))

    roots = [number(body) for body in bodies]
    nodes = np.array(list(rows), dtype=np.int32).reshape(-1, 2 + values)
    return nodes, np.array(roots, dtype=np.int32)


def body_of(nodes: Nodes, root: int) -> Body:
    """Return the body at a root; the inverse of ``tabulate``."""
    kind, what, *following = nodes[root].tolist()
    if kind == CALL:
        return CallNode(what, body_of(nodes, following[0]))
    if kind == MATCH:
        known = [value for value, node in enumerate(following) if node != NOWHERE]
        return MatchNode(what, {value: body_of(nodes, following[value]) for value in known})
    return ReturnNode()


def check(tables: Mapping[str, NDArray[Any]], library: Library, seen: Sequence[int]) -> None:
    """Raise ValueError unless "nodes" and "roots" hold the bodies of a library's programs.

    ``seen`` has the number of values of each component of a view.
    """
    if set(tables) != {"nodes", "roots"}:
        raise ValueError(f"bodies are two arrays, nodes and roots; got {sorted(tables)}")
    nodes, roots = tables["nodes"], tables["roots"]
    shapes = (nodes.shape[0] if nodes.ndim else 0, NEXT + max(seen)), (len(library.programs),)
    if (nodes.shape, roots.shape) != shapes or {nodes.dtype.name, roots.dtype.name} != {"int32"}:
        raise ValueError("these bodies are of another library or view")
    if not _is_sound(nodes, roots, len(library.actions), len(seen)):
        raise ValueError("these nodes are not bodies of this library's programs")


def _is_sound(nodes: Nodes, roots: NDArray[Any], choices: int, components: int) -> bool:
    """Return whether numbers are in range and nodes lead to earlier ones, so that bodies end."""
    kind, what, following = nodes[:, KIND], nodes[:, WHAT], nodes[:, NEXT:]
    bounds = np.select([kind == CALL, kind == MATCH], [choices, components], 1)
    earlier = (following < np.arange(len(nodes))[:, None]) & (following >= NOWHERE)
    return bool(
        np.isin(kind, (RETURN, CALL, MATCH)).all()
        and ((what >= 0) & (what < bounds)).all()
        and earlier.all()
        and (following[kind == CALL, 0] != NOWHERE).all()
        and ((roots >= 0) & (roots < len(nodes))).all()
    )


def task_of(env_id: str, length: int, bodies: Sequence[Body]) -> Any:
    """Return the task, on a pad for a length, with the bodies as its expert."""
    task: Any = make_task(env_id, length=length, **settings_of(env_id, True))
    return replace(task, bodies=experts(task.machine.library, bodies))


def experts(library: Library, found: Sequence[Body]) -> dict[str, library_module.Body]:
    """Return bodies as functions, by program; see ``ProgramTask.bodies``."""
    words = list(library.actions)
    return {
        program.name: _expert(words, body)
        for program, body in zip(library.programs, found, strict=True)
    }


def _expert(words: Sequence[str], body: Body) -> library_module.Body:
    def run(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
        node: Body | None = body
        while isinstance(node, CallNode | MatchNode):
            if isinstance(node, CallNode):
                yield words[node.choice]
                node = node.then
            else:
                node = node.cases.get(int(look()[node.component]))

    return run


def text(library: Library, view: Sequence[tuple[str, int]], bodies: Sequence[Body]) -> str:
    """Return a library's bodies in words."""
    words = list(library.actions)
    parts = []
    for program, body in zip(library.programs, bodies, strict=True):
        parts.append("\n".join([f"{program.name}:", *_lines(words, view, body, "    ")]))
    return "\n\n".join(parts)


def _lines(
    words: Sequence[str], view: Sequence[tuple[str, int]], body: Body, indent: str
) -> Iterator[str]:
    if isinstance(body, ReturnNode):
        yield f"{indent}RETURN"
    elif isinstance(body, CallNode):
        yield f"{indent}{words[body.choice]}"
        yield from _lines(words, view, body.then, indent)
    else:
        name = view[body.component][0]
        for values, case in _merged(body.cases):
            yield f"{indent}{name} = {values}:"
            yield from _lines(words, view, case, indent + "    ")


def _merged(cases: Mapping[int, Body]) -> Iterator[tuple[str, Body]]:
    """Yield the values with equal cases, and the case."""
    equal: dict[Body, list[int]] = {}
    for value, case in sorted(cases.items(), key=lambda item: item[0]):
        equal.setdefault(case, []).append(value)
    for case, values in equal.items():
        yield ", ".join(map(str, values)), case
