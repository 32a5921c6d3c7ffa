"""Search for one program's body: the shortest decision tree that achieves what is specified.

Iterative deepening over the most calls, and the most components looked at, on any way through
the body. At each point of the body all examples that come there stand in some state each; a call
changes all of them, a look at a component of the view parts them. A call does what its callee's
specification says, and is only made where every example permits it.

The bound that makes it quick: a body can't be shorter than what the example that is farthest
from its goal takes alone. How far that is, each example finds out by itself, once for each state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from neuralprog_agents.agents.synthesis.bodies import Body, Call, Match, Return
from neuralprog_agents.specifications.specification import same
from neuralprog_agents.specifications.world import STOP, View, World
from neuralprog_envs.program.state import ProgramState


class StoppedError(Exception):
    """The search was asked to stop, or there is no body within its bounds."""


@dataclass(eq=False)
class _Point:
    """A state that an example may come to.

    Attributes:
        state: The state.
        view: What is seen of it.
        gap: In how many cells and pointers it differs from what is wanted.
        after: What each legal call makes of it, nearest first; None until that is asked for.
        short: A number of calls that is known not to reach what is wanted.
        enough: One that is known to.
    """

    state: ProgramState
    view: View
    gap: int
    after: dict[int, _Point] | None = None
    short: int = -1
    enough: int = 1 << 30


class _Example:
    """A state in which the program is called, and all that can become of it."""

    def __init__(self, search: Search, before: ProgramState) -> None:
        self._search, self._before = search, before
        self._wanted = search.world.wanted(search.program, before)
        self._points: dict[bytes, _Point] = {}
        self.start = self._point(before)

    def _point(self, state: ProgramState) -> _Point:
        key = state.pad.tobytes() + state.pointers.tobytes()
        if key not in self._points:
            wanted = self._wanted
            gap = (state.pad != wanted.pad).sum() + (state.pointers != wanted.pointers).sum()
            self._points[key] = _Point(state, self._search.world.view(state), int(gap))
        return self._points[key]

    def after(self, point: _Point) -> dict[int, _Point]:
        """Return the states that calls lead to, those that are nearest to the goal first."""
        if point.after is None:
            world, program = self._search.world, self._search.program
            self._search.steps(1)
            legal = world.legal(program, self._before, point.state)
            calls = [choice for choice in self._search.order if choice in legal]
            found = {c: self._point(world.act(program, c, point.state)) for c in calls}
            point.after = dict(sorted(found.items(), key=lambda item: item[1].gap))
        return point.after

    def reaches(self, point: _Point, calls: int) -> bool:
        """Return whether so many calls can, from a point, bring about what is wanted."""
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
class Search:
    """The search for a program's body.

    Attributes:
        world: The library's choices.
        program: The program's number.
        rng: Decides between calls that are as good.
        calls: The most calls on any way through the body.
        looks: The most components looked at on any way.
        tick: Is told how many calls are about to be tried; may raise ``StoppedError``.
    """

    world: World
    program: int
    rng: Generator
    calls: int
    looks: int
    tick: Callable[[int], None] = lambda calls: None
    order: list[int] = field(init=False)
    _examples: list[_Example] = field(init=False, default_factory=list)
    _failed: set[tuple[tuple[int, ...], int, int]] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        choices = range(1, len(self.world.choices))
        self.order = [int(choice) for choice in self.rng.permutation(choices)]

    def steps(self, points: int) -> None:
        """Note that all calls from so many points are tried."""
        self.tick(points * len(self.order))

    def add(self, states: Sequence[ProgramState]) -> None:
        """Take more states, in which the program is called, as examples."""
        self._examples += [_Example(self, state) for state in states]

    def find(self) -> Body:
        """Return a shortest body that is right on all examples.

        Of those with the fewest calls it is one with the fewest looks.

        Raises:
            StoppedError: There is none within the bounds, or ``tick`` raised it.
        """
        self._failed.clear()
        group = tuple((example, example.start) for example in self._examples)
        body = self._shortest(group, self.calls, self.looks)
        if body is None:
            raise StoppedError
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
            return Return()
        key = (tuple(id(point) for _, point in group), calls, looks)
        if key in self._failed:
            return None
        body = (looks and self._look(group, calls, looks)) or (
            calls and self._call(group, calls, looks)
        )
        if not body:
            self._failed.add(key)
        return body or None

    def _call(self, group: _Group, calls: int, looks: int) -> Body | None:
        """Return a body that begins with a call."""
        for choice, after in self._calls(group):
            then = self._find(after, calls - 1, looks)
            if then is not None:
                return Call(choice, then)
        return None

    def _calls(self, group: _Group) -> Iterator[tuple[int, _Group]]:
        """Yield every call that all examples permit and that changes one, and where it leads."""
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
        """Return a body that begins with a look at a component that parts the examples."""
        for component in range(len(self.world.sees)):
            parts: dict[int, list[tuple[_Example, _Point]]] = {}
            for example, point in group:
                parts.setdefault(point.view[component], []).append((example, point))
            cases = self._cases(parts, calls, looks - 1) if len(parts) > 1 else None
            if cases:
                return Match(component, cases)
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


def is_right(world: World, program: int, body: Body, before: ProgramState) -> bool:
    """Return whether a body, its calls by their specifications, does what its own says."""
    state = before
    while not isinstance(body, Return):
        if isinstance(body, Match):
            following = body.cases.get(world.view(state)[body.component])
            if following is None:
                return False
            body = following
            continue
        if body.choice == STOP or not world.permits(program, body.choice, before, state):
            return False
        state, body = world.act(program, body.choice, state), body.then
    return same(state, world.wanted(program, before))
