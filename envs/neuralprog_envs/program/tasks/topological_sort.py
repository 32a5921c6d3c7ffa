"""Sort the vertices of an acyclic graph so that every edge points forwards, by depth-first search.

    edges 1-2 1-5 2-4 2-5 3-5          after
    COLOR    0  0  0  0  0  3          2  2  2  2  2  3      0 white, 1 grey, 2 black, 3 none
    RESULT   .  .  .  .  .  .          4  5  2  1  3  .      read backwards: 3 1 2 5 4
    STACK    .  .  .  .  .  .          the path of the search
    CHILD    1  1  1  1  1  .          for each vertex its next child: a place in its list

Length: the number of vertices. Input: about as many edges as vertices, at random, along a random
order. A user's input is a list of edges between vertices 1, 2, …, as in "1-2 1-5 3-5", or between
named ones, as in "shirt-tie tie-jacket".
RESULT holds the vertices as they turn black, which is the reverse of a topological order; any
right order counts.
View: the colour at START; the colour of ACTIVE's next child; whether the stack is empty.
ACT(1 WRITE, what, colour): COLOR_CURR and COLOR_NEXT with GREY or BLACK, ACTIVE_START,
ACTIVE_NEIGHB, ACTIVE_STACK, SAVE, STACK_PUSH, STACK_POP, RESULT; ACT(2 MOVE, pointer, 1 UP or
2 DOWN): RESULT, STACK, START, CHILD_ACTIVE, CHILD_SAVE.
Source: Cai, Shin and Song 2017, appendix. The stack's pointer is at its first free place, so
ACTIVE_STACK and STACK_POP mean the place before it, and "empty" is 0, not 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.draws import Draws
from neuralprog_envs.core.task import Bools, Floats, Ints, fraction
from neuralprog_envs.program.definition import Recursion
from neuralprog_envs.program.drawings import graph
from neuralprog_envs.program.library import Library, Program, loop, sequence
from neuralprog_envs.program.state import ProgramInstances, ProgramState
from neuralprog_envs.program.tasks import depth_first, graphs
from neuralprog_envs.program.world import Apply, Effect, Pointer, Rows, World, left, right

COLOR, RESULT, STACK, CHILD = range(4)
TOP_RESULT, TOP_STACK, START, ACTIVE, SAVE = range(5)
WHITE, GREY, BLACK, NONE = range(4)
HOLE = -1


class TopologicalSort:
    """RESULT := the vertices, every one after its children."""

    variants: tuple[Recursion, ...] = (True, False)
    observations = ("colors",)
    shortest = 1
    split_from = 5
    drawing = staticmethod(graph.drawing)

    def world(self, n: int, observation: str) -> World:
        """Return four rows of a cell for each vertex and one more; the children are given."""
        return World(
            rows=("COLOR", "RESULT", "STACK", "CHILD"),
            columns=n + 1,
            pointers=(
                Pointer("RESULT", RESULT),
                Pointer("STACK", STACK),
                Pointer("START", COLOR, "s"),
                Pointer("ACTIVE", COLOR, "a"),
                Pointer("SAVE", None),
            ),
            view=(("START", 4), ("CHILD", 4), ("EMPTY", 2)),
            look=look,
            effects=(*_writes(), *_moves(n)),
            symbols={HOLE: "."},
            given_columns=n * n,
        )

    def library(self, world: World, recursive: Recursion) -> Library:
        """Return TOPOSORT and what it calls."""
        recurse = bool(recursive)
        explore = depth_first.explore_recursively if recurse else depth_first.explore
        up = "MOVE CHILD_ACTIVE UP"
        programs = (
            Program("STACK", 1, depth_first.use_stack, arguments=(("PUSH", "POP"),)),
            loop("CHECK_CHILD", 1, depth_first.is_child_done, up, recursive=recurse),
            loop("NEXT_START", 1, depth_first.is_start_done, "MOVE START UP", recursive=recurse),
            Program("EXPLORE", 2, explore, recursive=recurse),
            sequence("TRAVERSE", 3, "CHECK_CHILD", "EXPLORE"),
            loop("TOPOSORT", 4, depth_first.is_vertex_left, *depth_first.VISIT, recursive=recurse),
        )
        return Library(programs, world.effects)

    def steps(self, n: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return 40 actions for each vertex, 3 for each possible edge, and 3."""
        return 40 * n + 3 * n * (n - 1) // 2 + 3

    def depth(self, n: int, recursive: Recursion) -> int:
        """Return all programs but NEXT_START, as often as they can be under way."""
        return 4 * n + 4 if recursive else 4

    def sample(self, draws: Draws, lengths: Ints, world: World) -> ProgramInstances:
        """Return graphs in which a vertex has about one child on average."""
        n = world.columns - 1
        rank = draws.ranks(lengths, n)
        chance = np.minimum(2**29, 2**31 // lengths.astype(np.int64))[:, None]
        chosen = draws.integers(0, 2**30, n * n) < chance
        forwards = rank[:, :, None] < rank[:, None, :]
        inside = np.arange(n) < lengths[:, None]
        edges = chosen.reshape(-1, n, n) & forwards & inside[:, :, None] & inside[:, None, :]
        backwards = np.argsort(np.where(inside, -rank, n), axis=1, kind="stable")
        return posed(edges, backwards.astype(np.int32), lengths)

    def encode(self, values: Any) -> tuple[list[tuple[int, int]], int]:
        """Return the edges and the number of vertices, the largest that is named."""
        edges = (
            graphs.edges_of_text(values)
            if isinstance(values, str)
            else [graphs.edge(v) for v in values]
        )
        if not edges or min(map(min, edges)) < 1:
            raise ValueError("give edges between vertices 1, 2, …, as in '1-2 1-5 3-5'")
        return edges, max(map(max, edges))

    def pose(self, encoded: list[tuple[int, int]], world: World) -> ProgramInstances:
        """Return a graph as a batch of one instance; raise ValueError if it has a cycle."""
        n, V = world.columns - 1, max(map(max, encoded))
        edges = np.zeros((1, n, n), dtype=bool)
        for one, other in encoded:
            edges[0, one - 1, other - 1] = True
        backwards = np.arange(n, dtype=np.int32)[None]
        backwards[0, :V] = graphs.children_first(edges[0, :V, :V])
        return posed(edges, backwards, np.array([V], dtype=np.int32))

    def content(self, instances: ProgramInstances) -> Ints:
        """Return each vertex's children plus 1."""
        n = instances.pad.shape[2] - 1
        return instances.given.reshape(-1, n, n) + 1

    def judge(self, state: ProgramState, instances: ProgramInstances) -> Floats:
        """Return the fraction of the vertices that are in RESULT, after all of their children."""
        B, _, columns = state.pad.shape
        n, rows = columns - 1, np.arange(B)[:, None]
        written = state.pad[:, RESULT, :n]
        place = np.full((B, n + 1), n, dtype=np.int32)
        place[rows, written] = np.where(written >= 0, np.arange(n), n)
        children = instances.given.reshape(B, n * n)
        latest = np.where(children >= 0, place[rows, children], -1).reshape(B, n, n).max(axis=2)
        return fraction((place[:, :n] < n) & (latest < place[:, :n]), instances.mask)

    def read(self, state: ProgramState) -> str:
        """Return the vertices in topological order, from 1."""
        return " ".join(str(v + 1) for v in state.pad[0, RESULT, ::-1] if v >= 0)

    def spell(self, answer: str, values: Any) -> str:
        """Return the vertices by their names, where the user gave names."""
        names = graphs.names_of(values) if isinstance(values, str) else []
        return " ".join(names[int(v) - 1] for v in answer.split()) if names else answer


def posed(edges: Bools, backwards: Ints, lengths: Ints) -> ProgramInstances:
    """Return graphs, shape (B, n, n), and a right RESULT for each, (B, n), as instances."""
    B, n, _ = edges.shape
    inside = np.arange(n) < lengths[:, None]
    children = np.argsort(~edges, axis=2, kind="stable").astype(np.int32)
    places = np.arange(n) < edges.sum(axis=2, keepdims=True)
    pad = np.full((B, 4, n + 1), HOLE, dtype=np.int32)
    pad[:, COLOR] = NONE
    pad[:, COLOR, :n] = np.where(inside, WHITE, NONE)
    pad[:, CHILD, :n] = np.where(inside, 0, HOLE)
    return ProgramInstances(
        pad=pad,
        pointers=np.zeros((B, 5), dtype=np.int32),
        given=np.where(places, children, np.int32(HOLE)).reshape(B, n * n),
        answer=np.where(inside, backwards, np.int32(HOLE)),
        mask=inside,
        length=lengths,
    )


def look(state: ProgramState, rows: Rows) -> list[Any]:
    """Return the colour at START, that of the active vertex's next child, whether all is popped."""
    pointers = state.pointers
    start = state.pad[rows, COLOR, pointers[rows, START]]
    child = _child(state, rows)
    return [start, state.pad[rows, COLOR, child], pointers[rows, TOP_STACK] == 0]


def _child(state: ProgramState, rows: Rows) -> Any:
    """Return the active vertex's next child, -1 (whose colour is none) if there is no more."""
    active = state.pointers[rows, ACTIVE]
    n = state.pad.shape[2] - 1
    return state.given[rows, active * n + state.pad[rows, CHILD, active]]


def _writes() -> Iterator[Effect]:
    for number, name in ((1, "GREY"), (2, "BLACK")):
        yield Effect(f"WRITE COLOR_CURR {name}", (1, 1, number), _paint_active(number))
        yield Effect(f"WRITE COLOR_NEXT {name}", (1, 2, number), _paint_child(number))
    others = {
        "ACTIVE_START": _from_start,
        "ACTIVE_NEIGHB": _from_child,
        "ACTIVE_STACK": _from_stack,
        "SAVE": _save,
        "STACK_PUSH": _push,
        "STACK_POP": _pop,
        "RESULT": _append,
    }
    for number, (name, apply) in enumerate(others.items(), start=3):
        yield Effect(f"WRITE {name}", (1, number, 0), apply)


def _moves(n: int) -> Iterator[Effect]:
    named = {"RESULT": TOP_RESULT, "STACK": TOP_STACK, "START": START}
    for number, (name, pointer) in enumerate(named.items(), start=1):
        yield Effect(f"MOVE {name} UP", (2, number, 1), right(pointer, n))
        yield Effect(f"MOVE {name} DOWN", (2, number, 2), left(pointer))
    for number, (name, pointer) in enumerate((("ACTIVE", ACTIVE), ("SAVE", SAVE)), start=4):
        yield Effect(f"MOVE CHILD_{name} UP", (2, number, 1), _next_child(pointer, n - 1))
        yield Effect(f"MOVE CHILD_{name} DOWN", (2, number, 2), _previous_child(pointer))


def _paint_active(colour: int) -> Apply:
    def apply(state: ProgramState, rows: Rows) -> None:
        state.pad[rows, COLOR, state.pointers[rows, ACTIVE]] = colour

    return apply


def _paint_child(colour: int) -> Apply:
    def apply(state: ProgramState, rows: Rows) -> None:
        child = _child(state, rows)
        state.pad[rows, COLOR, child] = NONE + (colour - NONE) * (child >= 0)

    return apply


def _next_child(pointer: int, last: int) -> Apply:
    def apply(state: ProgramState, rows: Rows) -> None:
        vertex = state.pointers[rows, pointer]
        state.pad[rows, CHILD, vertex] += state.pad[rows, CHILD, vertex] < last

    return apply


def _previous_child(pointer: int) -> Apply:
    def apply(state: ProgramState, rows: Rows) -> None:
        vertex = state.pointers[rows, pointer]
        state.pad[rows, CHILD, vertex] -= state.pad[rows, CHILD, vertex] > 0

    return apply


def _activate(state: ProgramState, rows: Rows, vertex: Any) -> None:
    """Make a vertex active; one that is not there changes nothing."""
    active, length = state.pointers[rows, ACTIVE], state.length[rows]
    is_there = (vertex >= 0) & (vertex < length)
    state.pointers[rows, ACTIVE] = active + (vertex - active) * is_there


def _from_start(state: ProgramState, rows: Rows) -> None:
    _activate(state, rows, state.pointers[rows, START])


def _from_child(state: ProgramState, rows: Rows) -> None:
    _activate(state, rows, _child(state, rows))


def _from_stack(state: ProgramState, rows: Rows) -> None:
    _activate(state, rows, state.pad[rows, STACK, state.pointers[rows, TOP_STACK] - 1])


def _save(state: ProgramState, rows: Rows) -> None:
    state.pointers[rows, SAVE] = state.pointers[rows, ACTIVE]


def _push(state: ProgramState, rows: Rows) -> None:
    top = state.pointers[rows, TOP_STACK]
    state.pad[rows, STACK, top] = state.pointers[rows, ACTIVE]


def _pop(state: ProgramState, rows: Rows) -> None:
    state.pad[rows, STACK, state.pointers[rows, TOP_STACK] - 1] = HOLE


def _append(state: ProgramState, rows: Rows) -> None:
    top = state.pointers[rows, TOP_RESULT]
    state.pad[rows, RESULT, top] = state.pointers[rows, ACTIVE]
