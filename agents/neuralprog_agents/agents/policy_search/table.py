"""A policy as a table: which action each situation has.

A situation is what a Neural Programmer-Interpreter's core knows: the running program, its
arguments, the view, and, in place of the core's state, the last actions of this very call. (Like
that state, they begin anew with every call, and a caller finds its own again.)
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeVar

from neuralprog_agents.agents.policy_search.situations import (
    Situation,
    SituationIndex,
    remove_latest,
)
from neuralprog_agents.training.ranges import without_length
from neuralprog_envs.program.library import Action
from neuralprog_envs.program.machine import ProgramMachine
from neuralprog_envs.program.task import ProgramTask
from neuralprog_envs.registry import find, make_task

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
    """The actions of all situations that were met; a new one gets its own.

    Args:
        machine: The machine that it acts on.
        copy_action: See ``Config``, as for the next two.
        equal_programs: Likewise.
        nearest: Whether a new situation does as the nearest one; else its action is drawn.

    Attributes:
        actions: Every action of the library; numbers of actions are places in this list.
        choices: The number of the action of each situation, in the order in which they were met.
    """

    def __init__(
        self,
        machine: ProgramMachine,
        copy_action: float,
        equal_programs: float = 0.5,
        nearest: bool = False,
    ) -> None:
        self.actions: list[Action] = list(machine.library.words)
        self.choices: dict[Situation, int] = {}
        self._moves, self._copy_action = machine.moves, copy_action
        self._equal_programs, self._nearest = equal_programs, nearest
        self._programs: dict[int, SituationIndex] = {}
        self._end_of_view = BEFORE_VIEW + len(machine.world.view)
        self._legal: dict[Situation, list[list[int]]] = {}
        self._same_history: dict[Situation, list[Situation]] = {}
        self._new: list[Situation] = []

    def choose(self, situation: Situation, uniform: Uniform, follow_up: int | None = None) -> int:
        """Return the number of a situation's action; where it is new, ``follow_up``, if legal.

        Where that is not, it is the action of the nearest situation, or is drawn.
        """
        number = self.choices.get(situation)
        if number is None:
            number = self._first(situation, uniform, follow_up)
            self.add(situation, number)
            self._new.append(situation)
        return number

    def _first(self, situation: Situation, uniform: Uniform, follow_up: int | None) -> int:
        if follow_up is not None and self.is_legal(situation, follow_up):
            return follow_up
        known = self._programs.get(situation[0]) if self._nearest else None
        if known and (nearest := known.nearest(situation)):
            number = self.choices[nearest]
            if self.is_legal(situation, number):
                return number
        return self.draw(situation, uniform)

    def add(self, situation: Situation, number: int) -> None:
        """Give a new situation its action."""
        self.choices[situation] = number
        self._same_history.setdefault(self._history(situation), []).append(situation)
        self._programs.setdefault(situation[0], SituationIndex(len(situation))).add(situation)

    def keep(self) -> None:
        """Keep the situations that were met since the last ``keep`` or ``forget``."""
        self._new.clear()

    def forget(self) -> None:
        """Remove the situations that were met since the last ``keep`` or ``forget``."""
        for situation in reversed(self._new):
            self._remove(situation)
        self._new.clear()

    def keep_only(self, met: Container[Situation]) -> None:
        """Remove all other situations."""
        for situation in [one for one in self.choices if one not in met]:
            self._remove(situation)
        self._new.clear()

    def _remove(self, situation: Situation) -> None:
        del self.choices[situation]
        remove_latest(self._same_history[self._history(situation)], situation)
        self._programs[situation[0]].remove(situation)

    def agreeing(self, situation: Situation, number: int, uniform: Uniform) -> list[Situation]:
        """Return the situations that agree in a random part and may do an action, but do not.

        They have the same program. Each number of the situation is in the part with a probability
        that is itself drawn. An own action that is not must still be there, or not be there.
        """
        share = uniform()
        same = [i for i in range(1, len(situation)) if uniform() < share]
        own = range(self._end_of_view, len(situation))
        return [
            one
            for one in self._programs[situation[0]].agreeing(situation, same, own)
            if self.choices[one] != number and self.is_legal(one, number)
        ]

    def next_in_call(self, situation: Situation) -> Situation:
        """Return the program and arguments, and the own actions, of what comes next in a call."""
        own = (*situation[self._end_of_view :], self.choices[situation] + 1)[1:]
        return (*situation[:BEFORE_VIEW], *own)

    def without_view(self, situation: Situation) -> Situation:
        """Return the program and arguments, and the own actions."""
        return (*situation[:BEFORE_VIEW], *situation[self._end_of_view :])

    def draw(self, situation: Situation, uniform: Uniform) -> int:
        """Return the number of a random legal action: often that of one with the same history."""
        by_program = self._legal_in(situation)
        if uniform() < self._copy_action:
            others = self._same_history.get(self._history(situation))
            if others:
                number = self.choices[_one_of(others, uniform)]
                if self.is_legal(situation, number):
                    return number
        if uniform() < self._equal_programs:
            return _one_of(_one_of(by_program, uniform), uniform)
        return _one_of([number for numbers in by_program for number in numbers], uniform)

    def _history(self, situation: Situation) -> Situation:
        """Return the program and the call's last actions."""
        return (situation[0], *situation[self._end_of_view :])

    def is_legal(self, situation: Situation, number: int) -> bool:
        """Return whether an action may be done in a situation."""
        return any(number in numbers for numbers in self._legal_in(situation))

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
