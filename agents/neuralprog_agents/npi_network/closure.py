"""Verification sets by closure: the frames that steps seen in small instances compose to.

A call of a recursive program makes few steps, and its body depends on nothing but the views that
it has met. So the frames of instances of every length are paths through finitely many *steps*:
what one effect of ACT, or one whole call, makes of what is *kept* of a pad (the view, and what
else decides the next one). The closure is a fixed point in two moves:

1. Run the expert on every instance up to a small size; note what is kept at the start of each
   call, and each step. Effects are noted by the call that they happen in; calls are noted
   whoever makes them.
2. From every start, follow the body along every step that fits what is kept, to the return.

The result holds every frame of an instance of any length if each of its steps, by itself, is also
a step of a small instance. That is a claim about single steps, which see little of a pad; for
each task ``kept.py`` argues it. The histories, which are many, need no argument.

Source: Cai, Shin and Song 2017, section 3.4 (the set); how it is found and argued is ours.
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
Kept = tuple[View, tuple[int, ...]]
"""What is kept of a pad: the view, and more."""
More = Callable[[ProgramState], tuple[int, ...]]
"""Returns what is kept besides the view, of a state of one row."""
Case = tuple[Action, tuple[tuple[View, Action], ...]]
"""A frame: the call (program, a1, a2, a3), then its steps, each a view and an action."""
Step = tuple[Action | None, Kept, Action]
"""The call that an effect happens in (None for a call), what is kept before, the action."""

Starts = dict[Action, set[Kept]]
Steps = dict[Step, set[Kept]]


def closure(task: ProgramTask, instances: ProgramInstances, more: More) -> set[Case]:
    """Return every frame that the steps of the expert's runs on some instances compose to."""
    starts, steps = observe(task, instances, more)
    return {case for call in starts for case in _paths(task.library, call, starts[call], steps)}


def observe(task: ProgramTask, instances: ProgramInstances, more: More) -> tuple[Starts, Steps]:
    """Run the expert; return what is kept at the start of each call, and after each step."""
    starts: Starts = defaultdict(set)
    steps: Steps = defaultdict(set)
    for row in range(len(instances.length)):
        episode = task.machine.begin(batch.take(instances, slice(row, row + 1)))
        for call, made in _calls(task, episode, more):
            starts[call].add(made[0][0])
            for (before, action), (after, _) in itertools.pairwise(made):
                context = call if action[0] == ACT else None
                steps[context, before, action].add(after)
    return starts, steps


def _calls(
    task: ProgramTask, episode: ProgramEpisode, more: More
) -> Iterator[tuple[Action, list[tuple[Kept, Action]]]]:
    """Yield the calls of a run as they return, each with what was kept before each action."""
    under_way: list[tuple[Action, list[tuple[Kept, Action]]]] = []
    for event in task.perform(episode):
        if isinstance(event, Call):
            under_way.append((episode.running, []))
        elif isinstance(event, Act):
            action: Any = event.action
            under_way[-1][1].append(((episode.view(), more(episode.state())), action))
        else:
            yield under_way.pop()


def _paths(library: Library, call: Action, starts: set[Kept], steps: Steps) -> Iterator[Case]:
    """Yield every frame of a call, from each start along each step that fits."""
    going: list[tuple[tuple[tuple[View, Action], ...], Kept]] = [((), s) for s in starts]
    while going:
        made, kept = going.pop()
        action = decide(library, call, [*(view for view, _ in made), kept[0]])
        made = (*made, (kept[0], action))
        if action[0] == RETURN:
            yield call, made
        else:
            context = call if action[0] == ACT else None
            going.extend((made, after) for after in steps.get((context, kept, action), ()))


def decide(library: Library, call: Action, views: list[View]) -> Action:
    """Return what the expert of a call does at the last of the views that it has met."""
    program, now = library.program(call[0]), 0
    body = program.body(lambda: views[now], call[1 : 1 + len(program.arguments)])
    words = ""
    for now in range(len(views)):  # noqa: B007  (the body looks at it)
        words = next(body, "RETURN")
    return library.actions[words]
