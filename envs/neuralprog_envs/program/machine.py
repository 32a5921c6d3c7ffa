"""The machine of the Neural Programmer-Interpreter: a pad, pointers and a call stack.

An action is ``(program, a1, a2, a3)``. Program 0 returns from the running program, program 1 is
ACT, which changes the pad at once and calls nothing, and the others are called: they run, with
their arguments, until they return. The episode starts with the task's own program running and
ends when that returns. A step returns or calls, never both, so a program may return without
calling anything. Argument 0 is the default and replaces arguments that a program does not take.

An action is legal when the callee's level is lower than the running program's (or it is the
running program itself, and may recurse), its precondition holds for the view, and its arguments
are in range. An illegal action changes nothing, but costs a step. A call while D calls are under
way exceeds the depth limit: the episode ends as a failure.

Observation: ``view``, the input of the paper's encoder (defined in the task's file), ``program``,
the number of the running program, its ``arguments``, and the ``depth`` of the stack. Two options
add arrays for learners without a memory, see ``ProgramMachine.observation``.

Source: Reed and de Freitas, "Neural Programmer-Interpreters", ICLR 2016, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import arguments
from neuralprog_envs.core.loops import Loop
from neuralprog_envs.core.task import (
    Bools,
    Field,
    Ints,
    fields_only,
    ordered,
    pairs_of,
    remember,
)
from neuralprog_envs.program.definition import Definition, Recursion
from neuralprog_envs.program.episode import Move, ProgramEpisode, moves_of
from neuralprog_envs.program.library import ACT, RETURN, Action, Library
from neuralprog_envs.program.rules import Rules, tabulate
from neuralprog_envs.program.state import ProgramInstances, ProgramState
from neuralprog_envs.program.world import Kind, World, kinds


@dataclass(frozen=True)
class ProgramMachine:
    """A pad for instances of a length and all shorter ones, and D places on the stack.

    Attributes:
        definition: The task's pad and programs.
        size: The longest instance that the pad holds.
        recursive: The form of the library: whether programs may call themselves.
        observation_form: The form of the view.
        max_depth: D, at least 1.
        pointers: Whether observations compare the pointers.
        last_actions: k, how many of the last actions observations show.

    Raises:
        ValueError: A setting is out of its range.
    """

    definition: Definition
    size: int
    recursive: Recursion
    observation_form: str
    max_depth: int
    pointers: bool = False
    last_actions: int = 0

    def __post_init__(self) -> None:
        arguments.set_integers(self, {"max_depth": (1, 2**22), "last_actions": (0, 2**10)})
        arguments.choice("recursive", self.recursive, self.definition.variants)
        arguments.choice("observation", self.observation_form, self.definition.observations)

    __getstate__ = fields_only

    @cached_property
    def world(self) -> World:
        """The pad: its rows, pointers, view, and what ACT does."""
        return self.definition.world(self.size, self.observation_form)

    @cached_property
    def library(self) -> Library:
        """The programs."""
        return self.definition.library(self.world, self.recursive)

    @cached_property
    def rules(self) -> Rules:
        """What is legal, as tables."""
        return tabulate(self.library)

    @cached_property
    def moves(self) -> Mapping[Action, Move]:
        """The effect of each action of ``library.words`` on one instance."""
        return moves_of(self.library, self.rules)

    @cached_property
    def actions(self) -> tuple[int, ...]:
        """The number of choices of the program and of its three arguments."""
        a1, a2, a3 = np.max(list(self.library.words), axis=0).tolist()[1:]
        return (len(self.library.names), a1 + 1, a2 + 1, a3 + 1)

    @property
    def action_names(self) -> tuple[str, ...]:
        """What each integer of an action chooses."""
        return ("program", "a1", "a2", "a3")

    @cached_property
    def observation(self) -> Mapping[str, Field]:
        """The arrays of an observation.

        "pointer_order" and "cell_order" compare each two of the P pointers and variables of the
        pad, the first with the second, with the third, and so on: their own values, and the cells
        that they point to (a variable stands for itself). 0 is less, 1 equal, 2 greater.
        "last_actions" are the k latest actions, see ``ProgramState``.
        """
        programs, *arguments = self.actions
        highest = max(choices for _, choices in self.world.view) - 1
        fields = {
            "view": Field((len(self.world.view),), 0, highest),
            "program": Field((1,), 0, programs - 1),
            "arguments": Field((3,), 0, max(arguments) - 1),
            "depth": Field((1,), 0, self.max_depth),
        }
        if self.world.picture is not None:
            fields["image"] = Field((128, 128, 3), 0, 255, np.uint8)
        if self.pointers:
            order = Field((len(pairs_of(len(self.world.pointers))[0]),), 0, 2, np.int8)
            fields |= {"pointer_order": order, "cell_order": order}
        if self.last_actions:
            fields["last_actions"] = Field((self.last_actions, 4), 0, max(self.actions))
        return fields

    def initial(self, instances: ProgramInstances) -> ProgramState:
        """Return the posed pads with the task's own program running."""
        B = len(instances.pad)
        stack = np.zeros((B, self.max_depth, 4), dtype=np.int32)
        stack[:, 0, 0] = self.library.main
        return ProgramState(
            pad=instances.pad.copy(),
            pointers=instances.pointers.copy(),
            given=instances.given.copy(),
            length=instances.length.copy(),
            stack=stack,
            depth=np.ones(B, dtype=np.int32),
            halted=np.zeros(B, dtype=bool),
            steps=np.zeros(B, dtype=np.int32),
            last_actions=np.zeros((B, self.last_actions, 4), dtype=np.int32),
        )

    def step(self, state: ProgramState, action: NDArray[Any]) -> ProgramState:
        """Return the state after one action of every row; ``action`` is (B, 4), in range."""
        changing = ("pad", "pointers", "stack", "depth", "halted", "steps", "last_actions")
        after = replace(state, **{name: getattr(state, name).copy() for name in changing})
        return self.advance(after, action)

    def advance(self, state: ProgramState, action: NDArray[Any]) -> ProgramState:
        """Do what ``step`` does, in place; return the same state."""
        program, running = action[:, 0], self._running(state)
        word = self.rules.find(action)
        legal = (word >= 0) & self._permitted(state, running, program)
        np.add(state.steps, 1, out=state.steps)
        if self.last_actions:
            remember(state.last_actions, action)
        self._act(state, np.flatnonzero(legal & (program == ACT)), word)
        self._call(state, np.flatnonzero(legal & (program > ACT)), word)
        self._return(state, np.flatnonzero(legal & (program == RETURN)), running)
        return state

    def _return(
        self, state: ProgramState, rows: NDArray[np.intp], running: NDArray[np.intp]
    ) -> None:
        state.depth[rows] -= 1
        state.halted[rows] |= state.depth[rows] == 0
        for number, leave in self.rules.leaves:
            leave(state, rows[(running[rows] == number) & (state.depth[rows] > 0)])

    def _act(self, state: ProgramState, rows: NDArray[np.intp], word: NDArray[np.intp]) -> None:
        effects = self.rules.effect[word[rows]]
        for kind in self.kinds:
            kind.apply(state, rows, effects)

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """The effects of ACT, by their functions."""
        return kinds(self.world.effects)

    def _call(self, state: ProgramState, rows: NDArray[np.intp], word: NDArray[np.intp]) -> None:
        full = state.depth[rows] == self.max_depth
        state.halted[rows[full]] = True
        rows = rows[~full]
        called = self.rules.words[word[rows]]
        state.stack[rows, state.depth[rows]] = called
        state.depth[rows] += 1
        for number, enter in self.rules.enters:
            enter(state, rows[called[:, 0] == number])

    def _running(self, state: ProgramState) -> NDArray[np.intp]:
        """Return the running program of each row, shape (B,), 0 if none."""
        return frames(state.stack, state.depth)[:, 0].astype(np.intp)

    def _permitted(
        self, state: ProgramState, running: NDArray[np.intp], program: NDArray[np.intp]
    ) -> Bools:
        """Return whether each row may choose its program, its arguments apart, shape (B,)."""
        allowed = self.rules.allowed
        legal = allowed.reshape(-1).take(running * len(allowed) + program) & ~state.halted
        rows = np.flatnonzero(legal & self.rules.conditional.take(program))
        view = self.world.look(state, rows) if rows.size else ()
        for number, holds in self.rules.preconditions if rows.size else ():
            legal[rows] &= (program[rows] != number) | holds(view)
        return legal

    def halted(self, state: ProgramState) -> Bools:
        """Return which rows' programs have returned, or have called at the depth limit."""
        return state.halted

    def depth_exceeded(self, state: ProgramState) -> Bools:
        """Return which rows ended because a call exceeded the depth limit, shape (B,)."""
        return state.halted & (state.depth > 0)

    def view(self, state: ProgramState) -> Ints:
        """Return the views of the pads, shape (B, E), int32."""
        rows = row_numbers(len(state.depth))
        return _upright(self.world.look(state, rows))

    def observe(self, state: ProgramState, kept: Any = None) -> dict[str, NDArray[Any]]:
        """Return new observation arrays."""
        frame = frames(state.stack, state.depth)
        seen: dict[str, NDArray[Any]] = {
            "view": self.view(state),
            "program": frame[:, :1],
            "arguments": frame[:, 1:],
            "depth": state.depth[:, None].copy(),
        }
        if self.world.picture is not None:
            seen["image"] = self.pictures(self.hidden(state))
        return seen | self.features(state)

    def features(self, state: ProgramState) -> dict[str, NDArray[Any]]:
        """Return the arrays of an observation that the options add."""
        seen: dict[str, NDArray[Any]] = {}
        if self.pointers:
            cells = self.world.cells(state)
            seen = {"pointer_order": ordered(state.pointers), "cell_order": ordered(cells)}
        if self.last_actions:
            seen["last_actions"] = state.last_actions.copy()
        return seen

    def hidden(self, state: ProgramState) -> Ints:
        """Return what experts see beyond the view, shape (B, H), int32."""
        rows = row_numbers(len(state.depth))
        if self.world.hidden is None:
            return np.zeros((len(rows), 0), dtype=np.int32)
        return _upright(self.world.hidden(state, rows))

    def pictures(self, hidden: Ints) -> NDArray[np.uint8]:
        """Return the picture of each row of hidden components, shape (B, 128, 128, 3).

        Raise ValueError if this world has no pictures.
        """
        picture = self.world.picture
        if picture is None:
            raise ValueError("this world has no pictures")
        return np.stack([picture(*row) for row in hidden.tolist()])

    def action_mask(
        self, state: ProgramState, seen: Mapping[str, NDArray[Any]] | None = None
    ) -> Bools:
        """Return the legal programs, and the arguments that some legal program takes."""
        if seen is None:
            return self.rules.mask(self._running(state), self.view(state).T)
        view = np.ascontiguousarray(seen["view"].T)
        return self.rules.mask(seen["program"][:, 0].astype(np.intp), view)

    def begin(self, instances: ProgramInstances) -> ProgramEpisode:
        """Start an episode on a batch of one instance."""
        return ProgramEpisode(self, instances)

    def words(self, action: Any) -> str:
        """Return an action in words, without the arguments that its program does not take."""
        program, *arguments = map(int, action)
        taken = [a * int(t) for a, t in zip(arguments, self.rules.takes[program], strict=True)]
        known = self.library.words.get((program, taken[0], taken[1], taken[2]))
        return known or f"{self.library.names[program]} {' '.join(map(str, taken))} (unknown)"


def _upright(components: Sequence[Any]) -> Ints:
    """Return components, each (B,), as the columns of an array."""
    return np.ascontiguousarray(np.asarray(components, dtype=np.int32).T)


@Loop
def frames(stack: Ints, depth: Ints) -> Ints:
    """Return the uppermost frames of stacks, (B, D, 4), of some depths, (B,): (B, 4), 0 if none."""
    places = row_numbers(len(depth)) * stack.shape[1] + (depth - 1)
    found = stack.reshape(-1, 4).take(places, axis=0, mode="clip")
    found[np.flatnonzero(depth == 0)] = 0
    return found


@lru_cache(maxsize=16)
def row_numbers(rows: int) -> NDArray[np.intp]:
    """Return 0..rows-1, read-only."""
    numbers = np.arange(rows)
    numbers.setflags(write=False)
    return numbers
