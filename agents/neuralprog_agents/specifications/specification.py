"""Specifications: what each program of a library must achieve.

A specification is a function on pads: it maps the pad at the start of a call to the pad at its end.
This is a complete postcondition: a call is right if it leaves exactly this pad. Search also uses it
as the model of a call. AlphaNPI's postconditions are predicates, some of them weaker. With ours,
BUBBLESORT must also count its passes. Otherwise an array that happens to be sorted would reward an
immediate return, and the view cannot tell such an array from an unsorted one.

A program may call itself only on a smaller problem, measured by its ``size``. AlphaNPI's
preconditions serve the same purpose.

Source: Pierrot et al., NeurIPS 2019, section 3.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from numpy.random import Generator

from neuralprog_envs.program.state import ProgramState
from neuralprog_envs.program.task import ProgramTask


@dataclass(frozen=True)
class Specification:
    """The specification of one program, on states of one row.

    Attributes:
        precondition: Returns whether the program may be called in a state.
        sample: Changes an initial state in place into one in which the program may be called.
        postcondition: Changes a state in place as a call must.
        size: Returns the size of the problem; a self-call needs a smaller one. None: the program
            may not call itself.
    """

    precondition: Callable[[ProgramState], bool]
    sample: Callable[[ProgramState, Generator], None]
    postcondition: Callable[[ProgramState], None]
    size: Callable[[ProgramState], int] | None = None


@dataclass(frozen=True)
class TaskSpecification:
    """The specifications of a task's programs.

    Attributes:
        programs: The specification of each program, by name.
        states: Yields states of one row on instances of a length, among them all in which a
            program may be called.
        covers: Describes these states in words; "{}" stands for the greatest length.
        observation: The form of the view; "" is the task's default.
    """

    programs: Mapping[str, Specification]
    states: Callable[[ProgramTask, int], Iterator[ProgramState]]
    covers: str
    observation: str = ""


def copy(state: ProgramState) -> ProgramState:
    """Return a state with copies of the pad and the pointers."""
    return replace(state, pad=state.pad.copy(), pointers=state.pointers.copy())


def same(one: ProgramState, other: ProgramState) -> bool:
    """Return whether two states have equal pads and pointers."""
    return bool((one.pointers == other.pointers).all() and (one.pad == other.pad).all())
