"""One instance, one action at a time: the B = 1 view of the machine, behind ``gym.make``.

The pad is changed by the same functions as in a batch; the stack is a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.task import Bools
from neuralprog_envs.program.library import ACT, RETURN, Action
from neuralprog_envs.program.world import ProgramInstances, ProgramState

if TYPE_CHECKING:
    from neuralprog_envs.program.machine import ProgramMachine

_NOTHING: Action = (RETURN, 0, 0, 0)


class ProgramEpisode:
    """A machine at work on a batch of one instance.

    Attributes:
        frames: The calls under way, outermost first: program, a1, a2, a3.
        halted: Whether the outermost program has returned, or the depth limit was hit.
        steps: Actions executed.
    """

    __slots__ = ("_guide", "_look", "_machine", "_state", "frames", "halted", "steps")

    def __init__(self, machine: ProgramMachine, instances: ProgramInstances) -> None:
        self._machine = machine
        self._state = machine.initial(instances)
        self._prepare()
        self.frames: list[Action] = [(machine.library.main, 0, 0, 0)]
        self.halted = False
        self.steps = 0

    def _prepare(self) -> None:
        self._look = self._machine.world.look
        self._guide = guide(self._machine)

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
        """Return what is seen of the pad, E integers."""
        return tuple(map(int, self._look(self._state, 0)))

    def hidden(self) -> tuple[int, ...]:
        """Return what experts see beyond the view, H integers."""
        look = self._machine.world.hidden
        return () if look is None else tuple(map(int, look(self._state, 0)))

    def sight(self) -> tuple[int, ...]:
        """Return what experts see: the view, then the hidden components."""
        return (*self.view(), *self.hidden()) if self._machine.world.hidden else self.view()

    def step(self, action: Any) -> None:
        """Execute one action; raise ValueError when it has not four integers, each in range."""
        program, *arguments = self._checked(action)
        self.steps += 1
        if self.halted:
            return
        effects, programs = self._guide
        if program == ACT:
            effect = effects.get(tuple(arguments))
            if effect is not None:
                effect(self._state, 0)
        elif program == RETURN:
            self._return(programs)
        else:
            self._call(program, arguments, programs[program])

    def _return(self, programs: list[Any]) -> None:
        program = self.frames.pop()[0]
        self.halted = not self.frames
        leave = programs[program][4]
        if leave is not None and not self.halted:
            leave(self._state, 0)

    def _call(self, program: int, arguments: list[int], rule: Any) -> None:
        callers, values, holds, enter, _ = rule
        taken = [a if values[i] else 0 for i, a in enumerate(arguments)]
        known = all(min(1, v) <= a <= v for a, v in zip(taken, values, strict=True))
        if not known or self.frames[-1][0] not in callers:
            return
        if holds is not None and not holds(self._look(self._state, 0)):
            return
        if len(self.frames) == self._machine.max_depth:
            self.halted = True
        else:
            self.frames.append((program, taken[0], taken[1], taken[2]))
            if enter is not None:
                enter(self._state, 0)

    def _checked(self, action: Any) -> list[int]:
        numbers = action.tolist() if isinstance(action, np.ndarray) else [int(n) for n in action]
        if len(numbers) != 4:
            raise ValueError(f"an action here is 4 integers, got {len(numbers)}")
        machine = self._machine
        for i, choices in enumerate(machine.actions):
            if not 0 <= numbers[i] < choices:
                raise ValueError(
                    f"action out of range: {machine.action_names[i]} = {numbers[i]}, "
                    f"must be 0..{choices - 1}"
                )
        return numbers

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
        return seen

    def action_mask(self) -> Bools:
        """Return the legal programs, and the arguments that some legal program takes."""
        rules = self._machine.rules
        legal = rules.allowed[self.running[0]].copy()
        seen = self._look(self._state, 0)
        for number, holds in rules.preconditions:
            legal[number] &= holds(seen)
        return rules.complete(legal[None])[0]

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
        )


def guide(machine: ProgramMachine) -> tuple[dict[Any, Any], list[Any]]:
    """Return ACT's effects by arguments, and the rules of calling each program by number.

    A program's rules: its callers, its arguments' values, its precondition, enter and leave.
    """
    library, rules = machine.library, machine.rules
    effects = {effect.arguments: effect.apply for effect in library.effects}
    programs: list[Any] = [None, None]
    for number, program in enumerate(library.programs, start=2):
        callers = frozenset(np.flatnonzero(rules.allowed[:, number]).tolist())
        values = rules.values[number].tolist()
        programs.append((callers, values, program.precondition, program.enter, program.leave))
    return effects, programs
