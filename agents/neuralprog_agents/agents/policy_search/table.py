"""A policy as a table: which action each situation has.

A situation is what a Neural Programmer-Interpreter's core knows: the running program, its
arguments, the view, and, in place of the core's state, the last actions of this very call. (Like
that state, they begin anew with every call, and a caller finds its own again.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeVar

from neuralprog_agents.training.ranges import without_length
from neuralprog_envs.program.library import Action
from neuralprog_envs.program.machine import ProgramMachine
from neuralprog_envs.program.task import ProgramTask
from neuralprog_envs.registry import find, make_task

Situation = tuple[int, ...]
"""The program, its three arguments, the E numbers of the view, and the call's last actions: the
numbers of actions plus 1, the latest at the end, 0 where there was none."""
View = tuple[int, ...]
Uniform = Callable[[], float]
"""Draws a number from 0 to 1."""

Item = TypeVar("Item")

BEFORE_VIEW = 4
"""The numbers of a situation before the view: program and arguments."""


def task_of(env_id: str, settings: Mapping[str, Any], length: int | tuple[int, int]) -> ProgramTask:
    """Return the task for instances of some lengths.

    Raises:
        ValueError: It is no program task, or has pictures; or it has no such settings.
    """
    row = find(env_id)
    if row.family != "program" or "pictures" in row.tags:
        what = "shows pictures" if row.family == "program" else f"is a {row.family} task"
        raise ValueError(f"policy_search learns NPI… tasks without pictures, and {row.id} {what}")
    try:
        task: Any = make_task(row.id, length=length, **without_length(settings))
    except TypeError as error:
        raise ValueError(f"settings: {error}") from None
    return task  # type: ignore[no-any-return]


class PolicyTable:
    """The actions of all situations that were met; a new one draws its action.

    Attributes:
        actions: Every action of the library; numbers of actions are places in this list.
        choices: The number of the action of each situation, in the order in which they were met.
    """

    def __init__(self, machine: ProgramMachine, copy_action: float) -> None:
        self.actions: list[Action] = list(machine.library.words)
        self.choices: dict[Situation, int] = {}
        self._moves, self._copy_action = machine.moves, copy_action
        self._end_of_view = BEFORE_VIEW + len(machine.world.view)
        self._legal: dict[Situation, list[list[int]]] = {}
        self._alike: dict[Situation, list[Situation]] = {}
        self._new: list[Situation] = []

    def choose(self, situation: Situation, uniform: Uniform) -> int:
        """Return the number of a situation's action; it is drawn where the situation is new."""
        number = self.choices.get(situation)
        if number is None:
            number = self.draw(situation, uniform)
            self.add(situation, number)
            self._new.append(situation)
        return number

    def add(self, situation: Situation, number: int) -> None:
        """Give a new situation its action."""
        self.choices[situation] = number
        self._alike.setdefault(self._doing(situation), []).append(situation)

    def keep(self) -> None:
        """Keep the situations that were met since the last ``keep`` or ``forget``."""
        self._new.clear()

    def forget(self) -> None:
        """Remove the situations that were met since the last ``keep`` or ``forget``."""
        for situation in reversed(self._new):
            del self.choices[situation]
            self._alike[self._doing(situation)].pop()
        self._new.clear()

    def draw(self, situation: Situation, uniform: Uniform) -> int:
        """Return the number of a random legal action: often that of a situation alike."""
        by_program = self._legal_in(situation)
        if uniform() < self._copy_action:
            alike = self._alike.get(self._doing(situation))
            if alike:
                number = self.choices[_one_of(alike, uniform)]
                if any(number in numbers for numbers in by_program):
                    return number
        if uniform() < 0.5:
            return _one_of(_one_of(by_program, uniform), uniform)
        return _one_of([number for numbers in by_program for number in numbers], uniform)

    def _doing(self, situation: Situation) -> Situation:
        """Return the program and the call's last actions: situations alike have the same."""
        return (situation[0], *situation[self._end_of_view :])

    def _legal_in(self, situation: Situation) -> list[list[int]]:
        """Return the numbers of all legal actions, those of one program together."""
        program, view = situation[0], situation[BEFORE_VIEW : self._end_of_view]
        legal = self._legal.get((program, *view))
        if legal is None:
            legal = self._legal[(program, *view)] = self._find_legal(program, view)
        return legal

    def _find_legal(self, program: int, view: View) -> list[list[int]]:
        numbers = [
            number
            for number, action in enumerate(self.actions)
            if program in (move := self._moves[action]).callers
            and (move.holds is None or move.holds(view))
        ]
        numbers.sort(key=lambda number: self.actions[number][0])
        return [list(some) for _, some in groupby(numbers, lambda i: self.actions[i][0])]


def _one_of(items: Sequence[Item], uniform: Uniform) -> Item:
    return items[int(uniform() * len(items))]
