"""What each program of a library must achieve: the only thing that some agents are told.

A specification is a function on pads: what a call leaves, given what it finds. It is a complete
postcondition (a call is right if it leaves exactly that), and search uses it as the model of a
call. AlphaNPI's own postconditions are predicates, some of them weaker; with ours BUBBLESORT has
to count its passes too, since an array that happens to be sorted would otherwise reward a return
at once, which nothing in view can tell from an unsorted one.

A program may call itself on a smaller problem only, as its ``size`` says: what AlphaNPI's
preconditions are there for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from numpy.random import Generator

from neuralprog_envs.program.state import ProgramState
from neuralprog_envs.program.task import ProgramTask


@dataclass(frozen=True)
class Specification:
    """One program's.

    Attributes:
        ready: The precondition: whether the program may be called in a state of one row.
        pose: Turns a state of one row, as the task poses it, into one in which the program may
            be called, in place.
        achieve: The postcondition: does what a call must do, to a state of one row, in place.
        size: How large the problem is; a self-call needs a smaller one. None: no self-calls.
    """

    ready: Callable[[ProgramState], bool]
    pose: Callable[[ProgramState, Generator], None]
    achieve: Callable[[ProgramState], None]
    size: Callable[[ProgramState], int] | None = None


@dataclass(frozen=True)
class Specified:
    """A task's.

    Attributes:
        programs: The specification of each program, by name.
        states: Yields states of one row on instances of a length, those among them in which some
            program may be called.
        covers: Which these are, for lengths from 1 to the one that fills the braces.
        observation: The form of the view; "" takes the task's first.
    """

    programs: Mapping[str, Specification]
    states: Callable[[ProgramTask, int], Iterator[ProgramState]]
    covers: str
    observation: str = ""


def copy(state: ProgramState) -> ProgramState:
    """Return a state whose pad and pointers are its own."""
    return replace(state, pad=state.pad.copy(), pointers=state.pointers.copy())


def same(one: ProgramState, other: ProgramState) -> bool:
    """Return whether two states have equal pads and pointers."""
    return bool((one.pointers == other.pointers).all() and (one.pad == other.pad).all())
