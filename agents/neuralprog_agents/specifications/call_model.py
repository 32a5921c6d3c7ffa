"""A model of calls: the choices of each program, and how each changes the pad.

A call of another program does what its specification says. So every program can be learned by
itself, from states in which it may be called. AlphaNPI runs the programs that it has learned so
far, and so must learn them level by level.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from neuralprog_agents.specifications.registry import specifications
from neuralprog_agents.specifications.specification import Specification, TaskSpecification, copy
from neuralprog_envs.core.instances import draw
from neuralprog_envs.program.library import ACT, RETURN, Action
from neuralprog_envs.program.state import ProgramState
from neuralprog_envs.program.task import ProgramTask
from neuralprog_envs.registry import make_task

View = tuple[int, ...]
STOP = 0
"""The choice to return."""


def settings_of(env_id: str, recursive: bool) -> dict[str, Any]:
    """Return the environment's settings for its specifications, without the length.

    Raises:
        ValueError: The environment has no specifications.
    """
    form = specifications(env_id, recursive).observation
    return {"recursive": recursive, **({"observation": form} if form else {})}


def make_call_model(env_id: str, recursive: bool, longest: int) -> CallModel:
    """Return the call model of a task, on a pad for instances up to a length."""
    task = make_task(env_id, length=longest, **settings_of(env_id, recursive))
    assert isinstance(task, ProgramTask)
    return CallModel(task, specifications(env_id, recursive))


class CallModel:
    """The choices of all programs of a task, whose pad has room for the longest instances.

    A choice is an index of ``choices``, the actions; 0 is RETURN. ``programs`` are the numbers of
    the library's programs.
    """

    def __init__(self, task: ProgramTask, specified: TaskSpecification) -> None:
        self._task, self.machine = task, task.machine
        self._library, self._specified = task.machine.library, specified
        self.choices: tuple[Action, ...] = tuple(self._library.actions.values())
        self.programs = range(2, self._library.main + 1)
        self._effects = {e.arguments: e.apply for e in self._library.effects}
        self._legal = {p: self._permitted(p) for p in self.programs}

    def _permitted(self, program: int) -> tuple[int, ...]:
        permits = self._library.permits
        return tuple(c for c, a in enumerate(self.choices) if permits(program, a[0]))

    @property
    def view_sizes(self) -> tuple[int, ...]:
        """The number of values of each component of a view."""
        return tuple(values for _, values in self.machine.world.view)

    def level_prior(self, program: int) -> NDArray[np.float64]:
        """Return exp(-gap) of each choice, shape (C,); gap: the program's level less the choice's.

        The gap of RETURN and of a self-call is 1.
        """
        levels = [self._level(program, action[0]) for action in self.choices]
        return np.exp(np.array(levels, dtype=np.float64) - self._library.program(program).level)

    def _level(self, program: int, callee: int) -> int:
        if callee in (RETURN, program):
            return self._library.program(program).level - 1
        return 0 if callee == ACT else self._library.program(callee).level

    def specification(self, program: int) -> Specification:
        """Return a program's specification."""
        return self._specified.programs[self._library.program(program).name]

    def sample(self, program: int, length: int, rng: Generator) -> ProgramState:
        """Draw a state of one row in which a program may be called."""
        key = int(rng.integers(2**63))
        instances = draw(self._task, key, np.zeros(1, np.int64), (length, length), "train")
        state = self.machine.initial(instances)
        self.specification(program).sample(state, rng)
        return state

    def states(self, program: int, length: int) -> Iterator[ProgramState]:
        """Yield all states on instances of a length in which a program may be called."""
        precondition = self.specification(program).precondition
        yield from filter(precondition, self._specified.states(self._task, length))

    def view(self, state: ProgramState) -> View:
        """Return the view of a state."""
        return tuple(map(int, self.machine.world.look(state, 0)))

    def target(self, program: int, state: ProgramState) -> ProgramState:
        """Return the state at the end of a call that starts in the given state."""
        after = copy(state)
        self.specification(program).postcondition(after)
        return after

    def legal(self, program: int, before: ProgramState, state: ProgramState) -> list[int]:
        """Return the legal choices of a program whose call began in the state ``before``."""
        return [c for c in self._legal[program] if self._possible(program, c, before, state)]

    def permits(self, program: int, choice: int, before: ProgramState, state: ProgramState) -> bool:
        """Return whether a choice is legal; see ``legal``."""
        return choice in self._legal[program] and self._possible(program, choice, before, state)

    def _possible(
        self, program: int, choice: int, before: ProgramState, state: ProgramState
    ) -> bool:
        callee = self.choices[choice][0]
        if callee in (RETURN, ACT):
            return True
        holds = self._library.program(callee).precondition
        if holds is not None and not holds(self.view(state)):
            return False
        inner, specification = self._entered(callee, state), self.specification(callee)
        if not specification.precondition(inner):
            return False
        size = specification.size
        return callee != program or (size is not None and size(inner) < size(before))

    def _entered(self, callee: int, state: ProgramState) -> ProgramState:
        enter = self._library.program(callee).enter
        if enter is None:
            return state
        inner = copy(state)
        enter(inner, 0)
        return inner

    def act(self, program: int, choice: int, state: ProgramState) -> ProgramState:
        """Return the state after a choice other than RETURN."""
        callee, *_ = self.choices[choice]
        after = copy(state)
        if callee == ACT:
            self._effects[self.choices[choice][1:]](after, 0)
            return after
        called = self._library.program(callee)
        if called.enter is not None:
            called.enter(after, 0)
        self.specification(callee).postcondition(after)
        if called.leave is not None:
            called.leave(after, 0)
        return after
