"""Search for the body of a program: the shortest decision tree that meets the specification.

The search is iterative deepening over the most calls, and the most tests of the view, on any path
through the body. At each node of the body every example that reaches it is in some state. A call
changes the states of all these examples; a test of the view splits the examples. A call does what
the callee's specification says, and is made only where it is legal in every example.

A bound prunes the search: a path cannot be shorter than the shortest sequence of calls that solves
the example farthest from its goal alone. Each example computes this length once for each state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from neuralprog_agents.agents.synthesis.bodies import Body, CallNode, MatchNode, ReturnNode
from neuralprog_agents.specifications.call_model import STOP, CallModel, View
from neuralprog_agents.specifications.specification import same
from neuralprog_envs.program.state import ProgramState


class NoBodyError(Exception):
    """The search was stopped, or no body exists within its bounds."""


@dataclass(eq=False)
class _Point:
    """A state that an example can reach.

    Attributes:
        state: The state.
        view: Its view.
        gap: The number of cells and pointers that differ from the goal.
        after: The state after each legal call, nearest to the goal first; None until computed.
        short: A number of calls known not to reach the goal.
        enough: A number of calls known to reach it.
    """

    state: ProgramState
    view: View
    gap: int
    after: dict[int, _Point] | None = None
    short: int = -1
    enough: int = 1 << 30


class _Example:
    """A state in which the program is called, and the states that it can reach from there."""

    def __init__(self, search: BodySearch, before: ProgramState) -> None:
        self._search, self._before = search, before
        self._wanted = search.call_model.target(search.program, before)
        self._points: dict[bytes, _Point] = {}
        self.start = self._point(before)

    def _point(self, state: ProgramState) -> _Point:
        key = state.pad.tobytes() + state.pointers.tobytes()
        if key not in self._points:
            wanted = self._wanted
            gap = (state.pad != wanted.pad).sum() + (state.pointers != wanted.pointers).sum()
            self._points[key] = _Point(state, self._search.call_model.view(state), int(gap))
        return self._points[key]

    def after(self, point: _Point) -> dict[int, _Point]:
        """Return the state after each legal call, nearest to the goal first."""
        if point.after is None:
            call_model, program = self._search.call_model, self._search.program
            self._search.tick(len(self._search.order))
            legal = call_model.legal(program, self._before, point.state)
            calls = [choice for choice in self._search.order if choice in legal]
            found = {c: self._point(call_model.act(program, c, point.state)) for c in calls}
            point.after = dict(sorted(found.items(), key=lambda item: item[1].gap))
        return point.after

    def reaches(self, point: _Point, calls: int) -> bool:
        """Return whether the goal can be reached from a point with the given number of calls."""
        if not point.gap or calls >= point.enough:
            return True
        if calls <= max(point.short, 0):
            return False
        found = any(self.reaches(after, calls - 1) for after in self.after(point).values())
        if found:
            point.enough = min(point.enough, calls)
        else:
            point.short = max(point.short, calls)
        return found


_Group = tuple[tuple[_Example, _Point], ...]


@dataclass
class BodySearch:
    """The search for a body with at most so many calls, and tests of the view, on any path.

    ``rng`` orders calls that are equally near to the goal. ``tick`` is called with the number of
    calls about to be tried; it may raise ``NoBodyError``.
    """

    call_model: CallModel
    program: int
    rng: Generator
    calls: int
    looks: int
    tick: Callable[[int], None] = lambda calls: None
    order: list[int] = field(init=False)
    _examples: list[_Example] = field(init=False, default_factory=list)
    _failed: set[tuple[tuple[int, ...], int, int]] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        choices = range(1, len(self.call_model.choices))
        self.order = [int(choice) for choice in self.rng.permutation(choices)]

    def add(self, states: Sequence[ProgramState]) -> None:
        """Add examples: states in which the program is called."""
        self._examples += [_Example(self, state) for state in states]

    def find(self) -> Body:
        """Return a shortest body that is right on all examples.

        It has the fewest calls and, among those, the fewest tests of the view.

        Raises:
            NoBodyError: No body exists within the bounds, or ``tick`` raised it.
        """
        self._failed.clear()
        group = tuple((example, example.start) for example in self._examples)
        body = self._shortest(group, self.calls, self.looks)
        if body is None:
            raise NoBodyError
        return body

    def _shortest(self, group: _Group, calls: int, looks: int) -> Body | None:
        for fewer in range(calls + 1):
            if all(example.reaches(point, fewer) for example, point in group):
                for fewest in range(looks + 1):
                    if body := self._find(group, fewer, fewest):
                        return body
        return None

    def _find(self, group: _Group, calls: int, looks: int) -> Body | None:
        if not all(example.reaches(point, calls) for example, point in group):
            return None
        if not any(point.gap for _, point in group):
            return ReturnNode()
        key = (tuple(id(point) for _, point in group), calls, looks)
        if key in self._failed:
            return None
        body = self._look(group, calls, looks) if looks else None
        if body is None and calls:
            body = self._call(group, calls, looks)
        if body is None:
            self._failed.add(key)
        return body

    def _call(self, group: _Group, calls: int, looks: int) -> Body | None:
        """Return a body that starts with a call."""
        for choice, after in self._calls(group):
            then = self._find(after, calls - 1, looks)
            if then is not None:
                return CallNode(choice, then)
        return None

    def _calls(self, group: _Group) -> Iterator[tuple[int, _Group]]:
        """Yield each call that is legal in all examples and changes one, and its results."""
        following = [example.after(point) for example, point in group]
        shared = [choice for choice in following[0] if all(choice in each for each in following)]
        gaps = [sum(each[choice].gap for each in following) for choice in shared]
        for place in np.argsort(gaps, kind="stable"):
            choice = shared[place]
            after = tuple(
                (example, each[choice]) for (example, _), each in zip(group, following, strict=True)
            )
            if any(new is not old for (_, new), (_, old) in zip(after, group, strict=True)):
                yield choice, after

    def _look(self, group: _Group, calls: int, looks: int) -> Body | None:
        """Return a body that starts with a test of the view that splits the examples."""
        for component in range(len(self.call_model.view_sizes)):
            parts: dict[int, list[tuple[_Example, _Point]]] = {}
            for example, point in group:
                parts.setdefault(point.view[component], []).append((example, point))
            cases = self._cases(parts, calls, looks - 1) if len(parts) > 1 else None
            if cases:
                return MatchNode(component, cases)
        return None

    def _cases(
        self, parts: dict[int, list[tuple[_Example, _Point]]], calls: int, looks: int
    ) -> dict[int, Body] | None:
        cases = {}
        for value, part in parts.items():
            body = self._shortest(tuple(part), calls, looks)
            if body is None:
                return None
            cases[value] = body
        return cases


def is_right(call_model: CallModel, program: int, body: Body, before: ProgramState) -> bool:
    """Return whether a body meets its specification if its calls meet theirs."""
    state = before
    while not isinstance(body, ReturnNode):
        if isinstance(body, MatchNode):
            following = body.cases.get(call_model.view(state)[body.component])
            if following is None:
                return False
            body = following
            continue
        if body.choice == STOP or not call_model.permits(program, body.choice, before, state):
            return False
        state, body = call_model.act(program, body.choice, state), body.then
    return same(state, call_model.target(program, before))
