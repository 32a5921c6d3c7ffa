"""A program task: a definition bound to a machine for instances up to some length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import arguments
from neuralprog_envs.core.draws import Bits, Draws, mix
from neuralprog_envs.core.events import Act, Event
from neuralprog_envs.core.task import Floats, Ints, LengthError, fields_only
from neuralprog_envs.program.definition import Definition, Recursion
from neuralprog_envs.program.episode import ProgramEpisode
from neuralprog_envs.program.library import Body, Library, run
from neuralprog_envs.program.machine import ProgramMachine
from neuralprog_envs.program.state import ProgramInstances, ProgramState

POINTERS = "pointers"
"""The form of the observation that also compares pointers."""

_MOST_CELLS = 2**24

_SPARE_CALLS = 2
"""Places on the stack beyond what the expert needs."""


@dataclass(frozen=True)
class ProgramTask:
    """A definition on a machine; see ``neuralprog_envs.core.task.Task``.

    Attributes:
        definition: The pad, the programs and the instances.
        machine: The machine.
        bodies: The expert's bodies by program, if they are not the definition's.
    """

    definition: Definition
    machine: ProgramMachine
    bodies: Mapping[str, Body] | None = None

    __getstate__ = fields_only

    @cached_property
    def library(self) -> Library:
        """The programs, with the bodies of the expert."""
        library = self.machine.library
        if self.bodies is None:
            return library
        programs = (replace(one, body=self.bodies[one.name]) for one in library.programs)
        return replace(library, programs=tuple(programs))

    @property
    def lengths(self) -> tuple[int, int]:
        """The shortest legal length and the longest that fits the pad."""
        return self.definition.shortest, self.machine.size

    @property
    def split_from(self) -> int:
        """The shortest length whose instances are divided into splits."""
        return self.definition.split_from

    def sample(self, draws: Draws, lengths: Ints) -> ProgramInstances:
        """Return one instance for each address."""
        return self.definition.sample(draws, lengths, self.machine.world)

    def pose_input(self, values: Any) -> ProgramInstances:
        """Return a user's input as a batch of one; raise ValueError if it is wrong or too long."""
        encoded, length = self.encode(values)
        if length > self.machine.size:
            raise ValueError(
                f"this input has length {length}, but the pad is made for {self.machine.size}"
            )
        return self.definition.pose(encoded, self.machine.world)

    def encode(self, values: Any) -> tuple[Any, int]:
        """Return a user's input in the form that ``definition.pose`` takes, and its length.

        Raise ValueError if the form is wrong.
        """
        plain = values.tolist() if hasattr(values, "tolist") else values
        number = isinstance(plain, int) and not isinstance(plain, bool)
        try:
            if number or (isinstance(plain, Sequence) and not isinstance(plain, bytes)):
                return self.definition.encode(plain)
        except TypeError:
            pass
        form = "a text, or a sequence as in [9, 2, 5]"
        raise ValueError(f"an input here is {form}; got {arguments.shown(values)}")

    def fingerprint(self, instances: ProgramInstances) -> Bits:
        """Return Σ kᵢⱼ · content[i, j] mod 2**64 with random kᵢⱼ; unused cells, 0, add nothing."""
        content = self.definition.content(instances)
        row = np.arange(1, content.shape[1] + 1, dtype=np.uint64)[:, None] << np.uint64(32)
        factors = mix((row + np.arange(content.shape[2], dtype=np.uint64)).astype(np.uint64))
        return content.reshape(len(content), -1).astype(np.uint64) @ factors.ravel()

    def score(self, state: ProgramState, instances: ProgramInstances) -> Floats:
        """Return half the fraction of the answer that is right; 1 if it is all right, and returned.

        So an episode succeeds when the answer is right and the task's own program has returned. A
        return with a wrong answer adds nothing.
        """
        right = self.definition.judge(state, instances)
        return (right + ((right == 1) & state.halted & (state.depth == 0))) / 2

    def answers(
        self, state: ProgramState, instances: ProgramInstances
    ) -> tuple[list[str], list[str]]:
        """Return what the pad of a state of one row holds, and what the expert leaves there.

        The expert has as deep a stack as it needs, even if the machine's is too low.
        """
        form = self.machine.recursive
        depth = self.definition.depth(int(instances.length[0]), form) + _SPARE_CALLS
        deep = self.machine.max_depth >= depth
        machine = self.machine if deep else replace(self.machine, max_depth=depth)
        solved = machine.begin(instances)
        for _ in self.perform(solved):
            pass
        return [self.definition.read(state)], [self.definition.read(solved.state())]

    def outcome(self, state: ProgramState, limit: int | None = None) -> str:
        """Return why the episode of a state of one row, with a step limit, has ended.

        It is "returned", "depth limit", "step limit" or "running". The default limit is the task's.
        """
        if state.halted[0]:
            return "depth limit" if self.machine.depth_exceeded(state)[0] else "returned"
        steps = int(self.horizon(state.length)[0]) if limit is None else limit
        return "step limit" if int(state.steps[0]) >= steps else "running"

    def horizon(self, lengths: Ints) -> NDArray[np.int64]:
        """Return twice what the expert needs at most, shape (B,)."""
        return 2 * self.definition.steps(lengths.astype(np.int64))

    def expert(self, instances: ProgramInstances) -> Iterator[Event]:
        """Solve a batch of one instance: every action, and the start and end of every call."""
        return self.perform(self.machine.begin(instances))

    def perform(self, episode: ProgramEpisode) -> Iterator[Event]:
        """Run the expert of an episode's outermost program and execute its actions there.

        An action is executed after its event was consumed: the consumer of an event finds the
        episode in the state in which the expert chose the action. Where it hits the depth limit it
        ends: nothing changes any more.
        """
        for event in run(self.library, episode.expert_view, episode.frames[0][0]):
            yield event
            if isinstance(event, Act):
                episode.step(event.action)
                if episode.halted and episode.frames:
                    return


def build(
    definition: Definition,
    *,
    length: int | tuple[int, int],
    recursive: Recursion | None = None,
    observation: str | None = None,
    max_depth: int | None = None,
    last_actions: int = 0,
) -> ProgramTask:
    """Return the task of the given settings: the family's keyword arguments.

    Args:
        definition: The pad, the programs and the instances.
        length: The length or the range of lengths that the pad must hold.
        recursive: Whether the experts recurse, and programs may call themselves; None takes
            the form of the task's first source.
        observation: The form of the view; None takes the task's first, and so does "pointers",
            which adds comparisons of the pointers and of the cells that they point to.
        max_depth: D, the places on the stack; None takes what the expert needs and 2 more.
        last_actions: How many of the last actions an observation shows.

    Raises:
        ValueError: A setting is out of its range.
    """
    longest = max(arguments.span(length)[1], definition.shortest)
    form = definition.variants[0] if recursive is None else recursive
    depth = definition.depth(longest, form) + _SPARE_CALLS if max_depth is None else max_depth
    forms = (None, *definition.observations, POINTERS)
    pointers = arguments.choice("observation", observation, forms) == POINTERS
    view = definition.observations[0] if observation is None or pointers else observation
    machine = ProgramMachine(definition, longest, form, view, depth, pointers, last_actions)
    world = definition.world(longest, view)  # refuses a length that there is no pad for
    cells = len(world.rows) * world.columns + world.given_columns + 4 * machine.max_depth
    if cells > _MOST_CELLS:
        raise LengthError(
            f"length {longest} is too long: it needs {cells:,} cells of memory, "
            f"at most {_MOST_CELLS:,} are possible"
        )
    return ProgramTask(definition, machine)
