"""Programs: each has a name, a level, arguments, a precondition and the expert's body.

A body is a generator: it looks at the encoder's view and yields, in words, what its program
calls next, such as "ADD1", "STACK PUSH" or, for an effect of ACT, "WRITE OUT 1". Its end is
the return. A body never runs another body: ``run`` keeps the calls on a stack of its own, so
Python's recursion limit does not matter however deep the calls are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from neuralprog_envs.core.events import Act, Call, Event, Return
from neuralprog_envs.program.world import Apply, Effect

RETURN, ACT = 0, 1
"""The numbers of the two special choices of an action; programs go on from 2."""

Action = tuple[int, int, int, int]
View = Sequence[Any]
Look = Callable[[], View]
"""Returns the view; bodies call it."""

Body = Callable[[Look, tuple[int, ...]], Iterator[str]]


@dataclass(frozen=True)
class Program:
    """One program.

    Attributes:
        name: Its name in the papers.
        level: 1 or more; a program calls programs of lower levels only, and ACT (level 0).
        body: The expert: called with a function that looks, and the program's arguments.
        arguments: For each argument the names of its values 1, 2, …; at most three.
        precondition: Whether it may be called; gets the E components of a view, each a number
            or an array of B numbers, and may use operators only. None: always.
        recursive: Whether it may call itself.
        enter: What a call of it does to the pad, before its first step; None: nothing.
        leave: What its return does, unless it ends the episode; None: nothing.
    """

    name: str
    level: int
    body: Body
    arguments: tuple[tuple[str, ...], ...] = ()
    precondition: Callable[[View], Any] | None = None
    recursive: bool = False
    enter: Apply | None = None
    leave: Apply | None = None


def sequence(
    name: str, level: int, *words: str, precondition: Callable[[View], Any] | None = None
) -> Program:
    """Return the program that makes some calls, whatever it sees."""

    def body(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
        yield from words

    return Program(name, level, body, precondition=precondition)


def loop(
    name: str, level: int, holds: Callable[[View], Any], *words: str, recursive: bool = False
) -> Program:
    """Return the program that makes some calls again and again while a condition on the view holds.

    Its body is a loop, or with ``recursive`` it repeats the calls by calling itself.
    """

    def iterate(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
        while holds(look()):
            yield from words

    def recurse(look: Look, arguments: tuple[int, ...]) -> Iterator[str]:
        if holds(look()):
            yield from (*words, name)

    return Program(name, level, recurse if recursive else iterate, recursive=recursive)


@dataclass(frozen=True)
class Library:
    """The programs of a task.

    Attributes:
        programs: Program i has the number i + 2; the last one is the one that solves the task.
        effects: What ACT can do.
    """

    programs: tuple[Program, ...]
    effects: tuple[Effect, ...]

    @property
    def main(self) -> int:
        """The number of the program that solves the task."""
        return len(self.programs) + ACT

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the choices in the order of their numbers, "RETURN" and "ACT" first."""
        return ("RETURN", "ACT", *(program.name for program in self.programs))

    def program(self, number: int) -> Program:
        """Return the program of a number from 2 on."""
        return self.programs[number - 2]

    @cached_property
    def actions(self) -> Mapping[str, Action]:
        """The action of every call in words, "RETURN" included."""
        actions: dict[str, Action] = {"RETURN": (RETURN, 0, 0, 0)}
        for effect in self.effects:
            actions[effect.words] = (ACT, *effect.arguments)
        for number, program in enumerate(self.programs, start=2):
            for words, arguments in _calls(program):
                actions[words] = (number, *arguments)
        return actions

    @cached_property
    def words(self) -> Mapping[Action, str]:
        """The words of every action that does something."""
        return {action: words for words, action in self.actions.items()}

    def permits(self, caller: int, callee: int) -> bool:
        """Return whether one program may call another, whatever the view."""
        if callee in (RETURN, ACT):
            return True
        program, running = self.program(callee), self.program(caller)
        return program.level < running.level or (callee == caller and program.recursive)


def _calls(program: Program) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Yield every call of a program, in words, with its arguments."""
    calls: list[tuple[str, tuple[int, ...]]] = [(program.name, ())]
    for names in program.arguments:
        calls = [
            (f"{words} {name}", (*before, value))
            for words, before in calls
            for value, name in enumerate(names, start=1)
        ]
    for words, arguments in calls:
        a1, a2, a3 = (*arguments, 0, 0, 0)[:3]
        yield words, (a1, a2, a3)


def run(library: Library, look: Look, number: int | None = None) -> Iterator[Event]:
    """Run the expert: yield every action, and with it the start and the end of every call.

    The caller must execute each action before it asks for the next event. ``number`` is the program
    to run, which takes no arguments; None runs the task's own.
    """
    actions, main = library.actions, library.program(library.main if number is None else number)
    yield Call(main.name)
    bodies = [main.body(look, ())]
    while bodies:
        words = next(bodies[-1], "RETURN")
        action = actions[words]
        yield Act(action)
        if action[0] == RETURN:
            bodies.pop()
            yield Return()
        elif action[0] != ACT:
            program = library.program(action[0])
            arguments = action[1 : 1 + len(program.arguments)]
            yield Call(program.name, arguments)
            bodies.append(program.body(look, arguments))
