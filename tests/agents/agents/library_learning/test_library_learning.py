"""A sequence of tasks: what was learned is called by what is learned later."""

import json
from dataclasses import replace

import numpy as np
import pytest

from neuralprog_agents.agents.library_learning import agent
from neuralprog_agents.agents.library_learning.config import Config
from neuralprog_agents.circuits.proofs import functions
from neuralprog_agents.circuits.search_config import SearchConfig
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.training.loop import restart

FUNCTION = {"halt": True, "spare": 0, "length": (4, 16)}
TASKS = (
    SearchConfig("NRAMRemainder-v0", **FUNCTION, steps=(2, 6), proposals=1_000_000),
    SearchConfig("NRAMGcd-v0", **FUNCTION, steps=(1, 6), proposals=1_000_000),
)
CONFIG = Config("NRAMGcd-v0", tasks=TASKS, largest=32)
SIMPLE = FUNCTION | {"steps": (1, 6), "proposals": 50_000}
STALLS = Config(
    "NRAMHalve-v0",
    tasks=(SearchConfig("NRAMDouble-v0", **SIMPLE), SearchConfig("NRAMHalve-v0", **SIMPLE)),
    attempts=3,
    lifted=1.0,
    largest=16,
)
"""With restart 3, no search for the second task finds a program."""


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    return restart(agent, CONFIG, 0, tmp_path_factory.mktemp("library"))


@pytest.mark.learning
def test_euclid_is_learned_by_calling_the_remainder(learned):
    assert learned.success
    policy = policy_of("library_learning", learned.tensors, learned.card)
    assert policy.env_ids == ("NRAMRemainder-v0", "NRAMGcd-v0")
    assert "REMAINDER(" in policy.program_text()
    for env_id in policy.env_ids:
        for score in evaluate(policy.acting_in(env_id), env_id, [40, 100], 50):
            assert score.success_rate == 1.0


@pytest.mark.learning
def test_its_python_file_stands_alone(learned):
    policy = policy_of("library_learning", learned.tensors, learned.card)
    space = {}
    exec(policy.program_source(), space)
    assert space["gcd"]([12, 18] + [0] * 30, 32)[0] == 6


def test_a_damaged_card_is_refused(learned):
    tensors = {name: array.copy() for name, array in learned.tensors.items()}
    tensors["module.REMAINDER"][0, 0] ^= 1
    with pytest.raises(ValueError, match="REMAINDER is not the one"):
        policy_of("library_learning", tensors, learned.card)
    tensors = {n: a for n, a in learned.tensors.items() if n != "program.NRAMGcd-v0"}
    with pytest.raises(ValueError, match=r"program\.NRAMGcd-v0"):
        policy_of("library_learning", tensors, learned.card)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tasks": ()}, "must end with the task of env"),
        ({"tasks": TASKS[:1]}, "must end with the task of env, NRAMGcd-v0"),
        ({"tasks": TASKS[1:] * 2}, "different environments"),
        ({"tasks": (SearchConfig("NRAMGcd-v0", modules=("search-sort",)),)}, "no modules of"),
        ({"tasks": (SearchConfig("NRAMGcd-v0", length=(4, 16)),)}, "set halt to true"),
        ({"largest": 3, "tasks": (SearchConfig("NRAMCarry-v0", **FUNCTION), *TASKS)}, "at least 4"),
    ],
)
def test_bad_sequences_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        agent.check(Config(**{**vars(CONFIG), **change}))


def test_without_keeping_nothing_is_called(tmp_path):
    alone = Config(**{**vars(CONFIG), "keep": False})
    learner = agent.learner(alone, 0)
    for _ in range(30):
        if learner.progress.stage:
            break
        learner.advance(lambda: None)
    assert learner.library == ()
    assert np.isfinite(learner.status()["best"])


@pytest.fixture(scope="module")
def stalled():
    """Return a learner whose second task fails, the tasks of its searches, and its first state."""
    learner, tasks, first = agent.learner(STALLS, 3), [], None
    while not learner.finished:
        before = sum(learner.progress.searches)
        task = learner.progress.task
        learner.advance(lambda: None)
        if sum(learner.progress.searches) > before:
            tasks.append(task)
            first = first or learner.state()
    return learner, tasks, first


def test_a_search_that_stalls_asks_for_another_program_of_the_task_it_began_at(stalled):
    learner, tasks, _ = stalled
    assert tasks == [0, 1, 0, 1, 0, 1]
    assert learner.progress.searches == (3, 3)
    assert [policy.env_id for policy in learner.programs] == ["NRAMDouble-v0"] * 3
    found = {policy.table.tobytes() for policy in learner.programs}
    assert len(found) > 1
    assert all(functions.right_and_halting(p.program, 16) for p in learner.programs)


def test_another_program_changes_neither_the_first_nor_the_module(stalled):
    learner, _, (tensors, _) = stalled
    outcome = learner.outcome()
    assert not outcome.success
    assert outcome.metrics["learned"] == 1
    names = ("program.NRAMDouble-v0", "module.DOUBLE")
    assert all(outcome.tensors[name].tobytes() == tensors[name].tobytes() for name in names)
    assert set(outcome.tensors) == {*names, *(f"program.NRAMDouble-v0.{n}" for n in (2, 3))}
    policy = policy_of("library_learning", outcome.tensors, outcome.card)
    assert policy.env_ids == ("NRAMDouble-v0",)
    assert policy.table.tobytes() == tensors["program.NRAMDouble-v0"].tobytes()


def test_another_program_is_searched_for_without_what_came_after(stalled):
    """Neither its task's own module nor its own programs: they would answer at once."""
    learner = stalled[0]
    assert [module.name for module in learner.library] == ["DOUBLE"]
    assert learner._modules(0) == ()
    assert learner._programs(0) == []
    assert [module.name for module in learner._modules(1)] == ["DOUBLE"]


@pytest.mark.parametrize(
    ("stage", "task", "origin", "searches", "kept", "then"),
    [
        (1, 1, None, (1, 0), False, (1, 1)),  # it began at random: again
        (1, 1, 0, (1, 0), False, (1, 0)),  # it began at a program of the first: another of those
        (1, 0, None, (1, 1), False, (1, 1)),  # none: back all the same
        (1, 0, None, (1, 1), True, (1, 1)),  # there is one: back
        (1, 1, 0, (1, 2), False, (2, 2)),  # the third attempt in vain: on
        (1, 0, None, (3, 2), False, (1, 1)),  # attempts of the task under way count
        (0, 0, None, (0, 0), True, (1, 1)),  # found: on
    ],
)
def test_what_is_searched_for_next(stage, task, origin, searches, kept, then):
    learner = agent.learner(STALLS, 0)
    learner.progress = replace(learner.progress, stage=stage, task=task, searches=searches)
    learner.origin = origin
    learner._next(kept)
    assert (learner.progress.stage, learner.progress.task) == then


@pytest.mark.parametrize(
    "change",
    [{"task": 1}, {"task": -1}, {"stage": 3}, {"searches": [0]}, {"spent": [0, -1]}],
    ids=str,
)
def test_a_progress_that_cannot_be_is_refused(change):
    tensors, state = agent.learner(STALLS, 3).state()
    sequence = json.loads(state["sequence"])
    sequence["progress"] |= change
    with pytest.raises(ValueError, match="the state"):
        agent.learner(STALLS, 3).restore(tensors, state | {"sequence": json.dumps(sequence)})
