"""Verification sets by closure: against frames of real runs, and their one assumption."""

import numpy as np
import pytest

from neuralprog_agents.npi_network import verification_set
from neuralprog_agents.npi_network.abstract_states import ABSTRACTIONS
from neuralprog_agents.npi_network.reachable_frames import observe
from neuralprog_envs.core.instances import draw
from neuralprog_envs.program.frames import frames
from neuralprog_envs.program.task import build

WITNESSES = ("1-2 2-3 2-4 2-5 3-4", "1-2 1-3 1-4 4-2 4-3 4-5", "1-2 1-3 3-4 4-2 4-5")
"""Graphs with frames that are rare: children that are done, before one that is not."""

COUNTS = {"BubbleSort": 61, "Maximum": 77, "QuickSort": 30, "TopologicalSort": 62, "Hanoi": 9}
LONGEST = {"BubbleSort": 12, "Maximum": 12, "QuickSort": 25, "TopologicalSort": 10, "Hanoi": 9}

tasks = pytest.mark.parametrize("key", ABSTRACTIONS, ids=lambda key: key[0].__name__)


def task_for(key, length):
    return build(key[0](), length=length, recursive=True, observation=key[1])


def drawn(key, many, longest=None):
    longest = longest or LONGEST[key[0].__name__]
    task = task_for(key, longest)
    return task, draw(task, 5, np.arange(many), (1, longest), "all")


def met(task, instances):
    """Return the frames of expert runs, as bytes."""
    return {
        (frame.program, frame.arguments, frame.view.tobytes(), frame.target.tobytes())
        for frame in frames(task, instances)
    }


def held(batch):
    parts = zip(batch.program, batch.arguments, batch.view, batch.target, batch.mask, strict=True)
    return {
        (int(p), tuple(a.tolist()), view[mask].tobytes(), target[mask].tobytes())
        for p, a, view, target, mask in parts
    }


@tasks
def test_it_holds_the_frames_of_longer_instances_and_no_others(key):
    cases = verification_set.verification_set(task_for(key, 1))
    found = met(*drawn(key, 40))
    assert found <= held(cases)
    found |= met(*drawn(key, 200, 4))
    if key[0].__name__ == "TopologicalSort":
        small, five = task_for(key, 4), task_for(key, 5)
        found |= met(small, ABSTRACTIONS[key].instances(small))
        found |= set().union(*(met(five, five.pose_input(edges)) for edges in WITNESSES))
    assert held(cases) - found == set()
    assert len(cases.program) == COUNTS[key[0].__name__]


@tasks
def test_longer_instances_have_no_step_that_small_ones_lack(key):
    """The assumption that makes a closure complete."""
    small = ABSTRACTIONS[key]
    task = task_for(key, small.size)
    starts, steps = observe(task, small.instances(task), small.unobserved)
    longer_starts, longer_steps = observe(*drawn(key, 60), small.unobserved)
    assert all(kept <= starts[call] for call, kept in longer_starts.items())
    assert all(after <= steps[step] for step, after in longer_steps.items())


def test_sets_are_for_recursive_forms_only():
    with pytest.raises(ValueError, match="there is no verification set"):
        verification_set.verification_set(
            build(next(iter(ABSTRACTIONS))[0](), length=1, recursive=False)
        )
