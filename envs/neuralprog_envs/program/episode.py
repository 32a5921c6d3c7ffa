"""One program machine, one action at a time: the fast path behind ``gym.make``.

The functions that change the pad are those of the batch machine; the stack is a list. The view is
cached until the pad changes, and an action of ``library.words`` is not checked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import arguments
from neuralprog_envs.core.task import Bools, remember
from neuralprog_envs.program.library import ACT, RETURN, Action, Library, View
from neuralprog_envs.program.rules import Rules
from neuralprog_envs.program.state import ProgramInstances, ProgramState
from neuralprog_envs.program.world import Apply

if TYPE_CHECKING:
    from neuralprog_envs.program.machine import ProgramMachine

_NOTHING: Action = (RETURN, 0, 0, 0)


@dataclass(frozen=True)
class Move:
    """What an action of ``library.words`` does.

    Attributes:
        program: Its program.
        effect: The effect of ACT; None for the other programs.
        call: The frame of a call.
        callers: The programs that may call it.
        holds: Its precondition; None: always.
        enter: What a call of it does to the pad; None: nothing.
    """

    program: int
    effect: Apply | None
    call: Action
    callers: frozenset[int]
    holds: Callable[[View], Any] | None
    enter: Apply | None


class ProgramEpisode:
    """A machine at work on a batch of one instance.

    Attributes:
        frames: The calls under way, outermost first: program, a1, a2, a3.
        halted: Whether the outermost program has returned, or the depth limit was hit.
        steps: Actions executed.
    """

    __slots__ = ("_leaves", "_look", "_machine", "_moves", "_seen", "_state", "frames", "halted",
                 "steps")  # fmt: skip

    def __init__(self, machine: ProgramMachine, instances: ProgramInstances) -> None:
        self._machine = machine
        self._state = machine.initial(instances)
        self._prepare()
        self.frames: list[Action] = [(machine.library.main, 0, 0, 0)]
        self.halted = False
        self.steps = 0

    def _prepare(self) -> None:
        self._look = self._machine.world.look
        self._moves = self._machine.moves
        self._leaves = dict(self._machine.rules.leaves)
        self._seen: tuple[int, ...] | None = None

    def __getstate__(self) -> Any:
        return self._machine, self._state, self.frames, self.halted, self.steps

    def __setstate__(self, saved: Any) -> None:
        self._machine, self._state, self.frames, self.halted, self.steps = saved
        self._prepare()

    @property
    def running(self) -> Action:
        """The running program and its arguments; all 0 after the end."""
        return self.frames[-1] if self.frames else _NOTHING

    def view(self) -> tuple[int, ...]:
        """Return the view of the pad, E integers."""
        seen = self._seen
        if seen is None:
            seen = self._seen = tuple(map(int, self._look(self._state, 0)))
        return seen

    def hidden(self) -> tuple[int, ...]:
        """Return what experts see beyond the view, H integers."""
        look = self._machine.world.hidden
        return () if look is None else tuple(map(int, look(self._state, 0)))

    def expert_view(self) -> tuple[int, ...]:
        """Return what experts see: the view, then the hidden components."""
        return (*self.view(), *self.hidden()) if self._machine.world.hidden else self.view()

    def step(self, action: Any) -> None:
        """Execute one action; raise ValueError when it has not four integers, each in range."""
        move = self._moves.get(action) if type(action) is tuple else None
        if move is None:
            move = self._find(arguments.action(self._machine, action))
        self.steps += 1
        if self._machine.last_actions:
            remember(self._state.last_actions, np.asarray(action, dtype=np.int32))
        if move is None or self.halted:
            return
        if move.effect is not None:
            move.effect(self._state, 0)
            self._seen = None
        elif move.program == RETURN:
            self._return()
        else:
            self._call(move)

    def _return(self) -> None:
        program = self.frames.pop()[0]
        self.halted = not self.frames
        leave = self._leaves.get(program)
        if leave is not None and not self.halted:
            leave(self._state, 0)
            self._seen = None

    def _call(self, move: Move) -> None:
        if self.frames[-1][0] not in move.callers:
            return
        if move.holds is not None and not move.holds(self.view()):
            return
        if len(self.frames) == self._machine.max_depth:
            self.halted = True
            return
        self.frames.append(move.call)
        if move.enter is not None:
            move.enter(self._state, 0)
            self._seen = None

    def _find(self, numbers: list[int]) -> Move | None:
        """Return what an action does once the arguments that it does not take are left out."""
        program, *arguments = numbers
        takes = self._machine.rules.takes[program].tolist()
        a1, a2, a3 = (a * taken for a, taken in zip(arguments, takes, strict=True))
        return self._moves.get((program, a1, a2, a3))

    def observe(self) -> dict[str, NDArray[Any]]:
        """Return new observation arrays."""
        program, *arguments = self.running
        seen: dict[str, NDArray[Any]] = {
            "view": np.array(self.view(), dtype=np.int32),
            "program": np.array([program], dtype=np.int32),
            "arguments": np.array(arguments, dtype=np.int32),
            "depth": np.array([len(self.frames)], dtype=np.int32),
        }
        picture = self._machine.world.picture
        if picture is not None:
            seen["image"] = picture(*self.hidden()).copy()
        more = self._machine.features(self._state)
        return seen | {name: array[0] for name, array in more.items()}

    def action_mask(self) -> Bools:
        """Return the legal programs, and the arguments that some legal program takes."""
        view = np.array(self.view())[:, None]
        return self._machine.rules.mask(np.array([self.running[0]]), view)[0]

    def state(self) -> ProgramState:
        """Return the state as a batch of one row; later steps do not change it."""
        now = self._state
        stack = np.zeros_like(now.stack)
        if self.frames:
            stack[0, : len(self.frames)] = self.frames
        return ProgramState(
            pad=now.pad.copy(),
            pointers=now.pointers.copy(),
            given=now.given,
            length=now.length,
            stack=stack,
            depth=np.array([len(self.frames)], dtype=np.int32),
            halted=np.array([self.halted]),
            steps=np.array([self.steps], dtype=np.int32),
            last_actions=now.last_actions.copy(),
        )


def moves_of(library: Library, rules: Rules) -> dict[Action, Move]:
    """Return what each action of ``library.words`` does."""
    effects = {effect.arguments: effect.apply for effect in library.effects}
    moves = {}
    for action in library.words:
        program, a1, a2, a3 = action
        called = library.program(program) if program > ACT else None
        moves[action] = Move(
            program=program,
            effect=effects[a1, a2, a3] if program == ACT else None,
            call=action,
            callers=frozenset(np.flatnonzero(rules.allowed[:, program]).tolist()),
            holds=called.precondition if called else None,
            enter=called.enter if called else None,
        )
    return moves
