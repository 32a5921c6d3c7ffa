"""The frames that a recursive program can reach, by composing steps seen in small instances.

A call of a recursive program makes few steps, and its body depends only on the views it has met.
So the frames of instances of every length are paths through finitely many *steps*. A step is one
effect of ACT or one whole call; it maps an *abstract state* to another. An abstract state is the
view and the unobserved part of the pad that determines the next view. The set of reachable frames
is found in two moves:

1. Run the expert on every instance up to a small size. Record the abstract state at the start of
   each call, and each step. Effects are recorded per call; calls are recorded for all callers.
2. From every start, follow the body along every step that fits the abstract state, to the return.

The result holds every frame of an instance of any length if each of its steps, by itself, is also
a step of a small instance. This is a claim about single steps, which see little of a pad;
``abstract_states.py`` argues it for each task. The sequences of steps need no argument.

Source: Cai, Shin and Song 2017, section 3.4 (the set); the construction and the argument are ours.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from neuralprog_envs.core import batch
from neuralprog_envs.core.events import Act, Call
from neuralprog_envs.program.episode import ProgramEpisode
from neuralprog_envs.program.library import ACT, RETURN, Action, Library
from neuralprog_envs.program.state import ProgramInstances, ProgramState
from neuralprog_envs.program.task import ProgramTask

View = tuple[int, ...]
AbstractState = tuple[View, tuple[int, ...]]
"""The view, and the unobserved part of the pad."""
Unobserved = Callable[[ProgramState], tuple[int, ...]]
"""Returns the unobserved part of the abstract state, of a state of one row."""
Case = tuple[Action, tuple[tuple[View, Action], ...]]
"""A frame: the call (program, a1, a2, a3), then its steps, each a view and an action."""
Step = tuple[Action | None, AbstractState, Action]
"""The running call (None if the step is a call), the abstract state before, the action."""

Starts = dict[Action, set[AbstractState]]
Steps = dict[Step, set[AbstractState]]


def reachable_frames(
    task: ProgramTask, instances: ProgramInstances, unobserved: Unobserved
) -> set[Case]:
    """Return every frame composed of steps of the expert's runs on the given instances."""
    starts, steps = observe(task, instances, unobserved)
    return {case for call in starts for case in _paths(task.library, call, starts[call], steps)}


def observe(
    task: ProgramTask, instances: ProgramInstances, unobserved: Unobserved
) -> tuple[Starts, Steps]:
    """Run the expert; return the abstract states at the start of each call and after each step."""
    starts: Starts = defaultdict(set)
    steps: Steps = defaultdict(set)
    for row in range(len(instances.length)):
        episode = task.machine.begin(batch.take(instances, slice(row, row + 1)))
        for call, made in _calls(task, episode, unobserved):
            starts[call].add(made[0][0])
            for (before, action), (after, _) in itertools.pairwise(made):
                context = call if action[0] == ACT else None
                steps[context, before, action].add(after)
    return starts, steps


def _calls(
    task: ProgramTask, episode: ProgramEpisode, unobserved: Unobserved
) -> Iterator[tuple[Action, list[tuple[AbstractState, Action]]]]:
    """Yield the calls of a run as they return, each with its abstract states and actions."""
    running: list[tuple[Action, list[tuple[AbstractState, Action]]]] = []
    for event in task.perform(episode):
        if isinstance(event, Call):
            running.append((episode.running, []))
        elif isinstance(event, Act):
            action: Any = event.action
            running[-1][1].append(((episode.view(), unobserved(episode.state())), action))
        else:
            yield running.pop()


def _paths(
    library: Library, call: Action, starts: set[AbstractState], steps: Steps
) -> Iterator[Case]:
    """Yield every frame of a call: from each start, along each step that fits."""
    going: list[tuple[tuple[tuple[View, Action], ...], AbstractState]] = [((), s) for s in starts]
    while going:
        made, state = going.pop()
        action = decide(library, call, [*(view for view, _ in made), state[0]])
        made = (*made, (state[0], action))
        if action[0] == RETURN:
            yield call, made
        else:
            context = call if action[0] == ACT else None
            going.extend((made, after) for after in steps.get((context, state, action), ()))


def decide(library: Library, call: Action, views: list[View]) -> Action:
    """Return the action of a call's expert at the last of the given views."""
    program, now = library.program(call[0]), 0
    body = program.body(lambda: views[now], call[1 : 1 + len(program.arguments)])
    words = ""
    for now in range(len(views)):  # noqa: B007  (the body looks at it)
        words = next(body, "RETURN")
    return library.actions[words]
