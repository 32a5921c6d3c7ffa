"""The search for programs against all programs executed, and the likelihood against sampling."""

from itertools import product

import numpy as np
import pytest
import torch

from neuralprog_agents.agents.neural_programmer import likelihood, programs
from neuralprog_agents.agents.neural_programmer.machine import OPERATIONS
from neuralprog_agents.agents.neural_programmer.model import (
    Shape,
    actions,
    choose,
    initial_theta,
    log_probability,
    unflatten,
)
from neuralprog_agents.agents.neural_programmer.tensors import questions_of
from neuralprog_envs.core import batch
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import make_task

ENVS = (("NPSingleColumn", 1), ("NPTableQA", (1, 2)), ("NPTextMatch", 2))


def posed(env, columns, count, rows=(4, 9)):
    task = make_task(env, length=rows[1], columns=columns, operations=OPERATIONS)
    return task, draw(task, 5, np.arange(count), rows)


def executed(task, instance, acts):
    """Return the state that many programs of one question leave."""
    many = batch.take(instance, np.zeros(len(acts), dtype=int))
    state = task.machine.initial(many)
    for t in range(acts.shape[1]):
        state = task.machine.step(state, acts[:, t].astype(np.int64))
    return state, task.score(state, many)


@pytest.mark.parametrize(("env", "columns"), ENVS)
def test_every_program_found_is_right_and_the_experts_is_among_them(env, columns):
    task, instances = posed(env, columns, 200)
    found = programs.search(instances)
    assert len(found.first) == 201
    for i in range(200):
        mine, owner = found.of(np.array([i]))
        instance = batch.take(instances, slice(i, i + 1))
        assert not owner.any()
        if len(mine):
            assert (executed(task, instance, mine)[1] == 1.0).all()
            assert len({each.tobytes() for each in mine}) == len(mine)
        expert = instance.program[0].copy()
        expert[expert[:, 0] == OPERATIONS.index("match"), 2] = 0
        printed_nothing = (
            expert[3, 0] == OPERATIONS.index("print") and not instance.answer_rows.any()
        )
        assert printed_nothing or (mine == expert).all(axis=(1, 2)).any(), i


@pytest.mark.parametrize(("env", "columns"), ENVS[:2])
def test_no_other_program_of_four_steps_selects_adds_or_prints_anything_else(env, columns):
    """Among all programs, executed, those that are right do what one of those found does."""
    task, instances = posed(env, columns, 12)
    found = programs.search(instances)
    for i in range(12):
        instance = batch.take(instances, slice(i, i + 1))
        C, N = int(instance.column_count[0]), int(instance.pivot_count[0])
        single = [
            (OPERATIONS.index(o.name), c, n)
            for o in task.machine.ops
            if o.name != "match"
            for c in (range(C) if o.column else (0,))
            for n in (range(N) if o.pivot else (0,))
        ]
        ends = [a for a in single if task.machine.ops[a[0]].effect != "rows"]
        acts = np.array(list(product(single, single, single, ends)), dtype=np.int8)
        _, score = executed(task, instance, acts)
        right = acts[score == 1.0]
        if instance.answer_kind[0] == 2 and not instance.answer_rows.any():
            continue
        assert bool(len(right)) == bool(len(found.of(np.array([i]))[0]))
        mine = {each.tobytes() for each in found.of(np.array([i]))[0]}
        assert mine <= {each.tobytes() for each in right}
        kept = {simplest(each) for each in right if simplest(each) is not None}
        assert kept <= mine, (i, kept - mine)


def simplest(program):
    """Return a program's bytes if all of its steps count and resets lead it, else None."""
    names = [OPERATIONS[o] for o in program[:, 0]]
    fresh = ("greater", "lesser", "reset")
    if names[3] == "difference":
        numbers = all(names[i] in ("sum", "count") for i in (0, 2))
        return program.tobytes() if numbers and names[1] in fresh else None
    if names[2] in ("and", "or"):
        two = all(name in fresh[:2] for name in names[:2])
        return program.tobytes() if two and (program[0] != program[1]).any() else None
    led = names[:2] == ["reset", "reset"] and names[2] in fresh
    return program.tobytes() if led else None


def test_ambiguous_questions_are_left_out():
    _, instances = posed("NPTableQA", (1, 2), 100)
    every, few = programs.search(instances), programs.search(instances, most=3)
    counts = np.diff(every.first)
    assert (counts > 3).any()
    np.testing.assert_array_equal(np.diff(few.first), np.where(counts > 3, 0, counts))
    rows = np.flatnonzero(counts <= 3)
    for _, whose in (few.of(rows), every.of(rows)):
        np.testing.assert_array_equal(np.bincount(whose, minlength=len(rows)), counts[rows])
    np.testing.assert_array_equal(few.of(rows)[0], every.of(rows)[0])


@pytest.mark.parametrize("more", [{}, {"bidirectional": True, "attention": True}])
def test_the_hard_choices_are_the_most_probable_steps_and_probabilities_sum_to_one(more):
    task, instances = posed("NPTableQA", (1, 2), 6)
    shape = Shape(len(task.vocabulary), 8, 2, **more)
    p = unflatten(initial_theta(shape, 0, 2.0), shape)
    questions = questions_of(instances)
    single = list(product(range(len(OPERATIONS)), range(2)))
    every = torch.tensor([[(o, c, 0) for o, c in each] for each in product(single, single)])
    for i in range(6):
        one = likelihood.take(questions, torch.tensor([i]))
        owner = torch.zeros(len(every), dtype=torch.int64)
        alone = int(one.pivot_count[0]) == 1
        logs = log_probability(p, shape, one, every, owner)
        if alone:
            assert float(torch.exp(logs).sum()) == pytest.approx(1.0, abs=1e-5)
        greedy = actions(choose(p, shape, one, hard=True))[0]
        first = logs.reshape(len(single), -1).logsumexp(dim=1) if alone else None
        if first is not None:
            assert single[int(first.argmax())][0] == int(greedy[0, 0])


def test_log_sum_exp_is_per_owner_and_nothing_for_those_without():
    logs = torch.tensor([-1.0, -2.0, -500.0])
    found = likelihood.log_sum_exp(logs, torch.tensor([0, 0, 2]), 4)
    expected = [float(torch.logsumexp(logs[:2], 0)), 0.0, -500.0, 0.0]
    assert found.tolist() == pytest.approx(expected)
