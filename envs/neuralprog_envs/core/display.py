"""The protocol of a display: how a family's machine is shown. Dynamics and scores never read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from neuralprog_envs.core.drawing import Drawing


@dataclass(frozen=True)
class Moment:
    """A state to be drawn, and the step that led to it; batches of one.

    Attributes:
        state: The machine's state.
        instances: The instance.
        before: The state one step earlier; None before the first step, or where it is not known.
        action: The action of that step, K integers; empty where ``before`` is None.
        ended: Whether the episode is over.
    """

    state: Any
    instances: Any
    before: Any = None
    action: tuple[int, ...] = ()
    ended: bool = False


class Display(Protocol):
    """The views of one machine; every state and every action here is a single one (B = 1).

    Text and drawing are what the environments render. The last four members are what the viewer's
    page is made from: ``scene`` once a run, ``layers`` of each state, ``explain`` of each distinct
    action, ``notes`` of each step; ``interfaces/trace.schema.json`` gives their contents.
    """

    def meanings(self) -> dict[str, tuple[str, ...]]:
        """Return the choices of each integer of an action, by its name, in words."""

    def describe(self, state: Any, action: NDArray[Any]) -> str:
        """Return what an action does in a state, in words."""

    def text(self, state: Any, instances: Any) -> str:
        """Return a readable picture of a state."""

    def transcript(self, steps: Sequence[tuple[Any, str]]) -> str:
        """Return a table of states, each with the description of the action taken in it."""

    def drawing(self, task: Any, moment: Moment) -> Drawing:
        """Return a drawing of a moment, ``parts.WIDTH`` wide.

        Its height depends on the task and its machine alone, so that the frames of a run have one
        size.
        """

    def is_known(self, instances: Any) -> bool:
        """Return whether there is a right answer to compare with."""

    def scene(self, instances: Any) -> dict[str, Any]:
        """Return what stays the same in a whole run, in the types of JSON."""

    def layers(self, state: Any) -> dict[str, NDArray[Any]]:
        """Return what changes from state to state: flat arrays of integers."""

    def explain(self, action: tuple[int, ...]) -> dict[str, Any]:
        """Return what an action does in any state, in the types of JSON."""

    def notes(self, before: Any, action: tuple[int, ...], after: Any) -> dict[str, Any]:
        """Return what else one step shows: integers, lists of integers, texts."""
