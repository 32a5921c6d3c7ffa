"""The soft machine at one-hot choices is the hard machine of the environments, step by step."""

import numpy as np
import pytest
import torch

from neuralprog_agents.agents.neural_programmer import machine
from neuralprog_agents.agents.neural_programmer.soft import lookup_loss
from neuralprog_agents.agents.neural_programmer.tensors import Choice, answers_of, tables_of
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import make_task
from neuralprog_envs.table.state import LOOKUP, SCALAR

SETTINGS = {
    "NPSingleColumn": {},
    "NPTableQA": {"columns": (1, 5)},
    "NPTextMatch": {"columns": (2, 5)},
}


def posed(env, count, length=(1, 12), **settings):
    task = make_task(
        env, length=length, operations=machine.OPERATIONS, **{**SETTINGS[env], **settings}
    )
    return task, draw(task, 0, np.arange(count), length)


def one_hot(numbers, size):
    return torch.nn.functional.one_hot(torch.from_numpy(numbers).long(), size).double()


def choice_of(action, sizes):
    operation, column, pivot = (one_hot(action[:, k], sizes[k]) for k in range(3))
    return Choice(operation, column, pivot, pivot)


@pytest.mark.parametrize("env", sorted(SETTINGS))
def test_one_hot_choices_do_what_the_hard_machine_does(env):
    count, seen = 3000, set()
    task, instances = posed(env, count)
    random = np.random.default_rng(0)
    tables = tables_of(instances, torch.float64)
    soft, hard = machine.initial(tables), task.machine.initial(instances)
    for _ in range(6):
        action = random.integers(0, task.machine.actions, (count, 3))
        soft = machine.step(tables, soft, choice_of(action, task.machine.actions))
        hard = task.machine.step(hard, action)
        seen.update(zip(action[:, 0].tolist(), hard.selected.any(axis=1).tolist(), strict=True))
        printed = hard.printed[:, :, None] & (
            np.arange(task.machine.columns) == hard.printed_column[:, None, None]
        )
        np.testing.assert_array_equal(soft.selected.numpy(), hard.selected)
        np.testing.assert_array_equal(soft.lookup.numpy(), printed)
        scalars = np.stack([scalar.numpy() for scalar in soft.scalars], axis=1)
        np.testing.assert_allclose(scalars, hard.scalars, rtol=1e-12, atol=1e-9)
    selecting = {"greater", "lesser", "and", "or", "reset"}
    selecting |= {"match"} if env == "NPTextMatch" else set()
    assert {machine.OPERATIONS[number] for number, rows in seen if rows} == selecting
    assert {number for number, _ in seen} == set(range(len(machine.OPERATIONS)))


@pytest.mark.parametrize("env", sorted(SETTINGS))
def test_the_experts_programs_leave_the_right_answers(env):
    task, instances = posed(env, 500)
    tables, answers = tables_of(instances, torch.float64), answers_of(instances, torch.float64)
    program = [choice_of(instances.program[:, t], task.machine.actions) for t in range(4)]
    final = machine.run(tables, program)
    scalar, lookup = instances.answer_kind == SCALAR, instances.answer_kind == LOOKUP
    assert scalar.any()
    assert lookup.any()
    torch.testing.assert_close(final.scalars[0][scalar], answers.scalar[scalar])
    torch.testing.assert_close(final.lookup[lookup], answers.cells[lookup], rtol=0, atol=0)
    assert lookup_loss(final.lookup, answers.cells, tables)[lookup].abs().max() < 1e-5


def test_mixed_choices_are_mixtures_of_what_each_operation_leaves():
    task, instances = posed("NPTableQA", 40)
    tables = tables_of(instances, torch.float64)
    random = torch.Generator().manual_seed(0)
    mixed = [torch.rand(40, n, generator=random).double() for n in task.machine.actions]
    operation, column, pivot = (torch.softmax(3 * weights, dim=1) for weights in mixed)
    memory = machine.step(
        tables,
        machine.initial(tables),
        choice_of(np.tile([3, 0, 0], (40, 1)), task.machine.actions),
    )
    whole = machine.step(tables, memory, Choice(operation, column, pivot, pivot))
    total = {"selected": 0.0, "lookup": 0.0, "scalars": 0.0}
    for number in np.ndindex(task.machine.actions):
        action = np.tile(number, (40, 1))
        part = machine.step(tables, memory, choice_of(action, task.machine.actions))
        weight = operation[:, number[0]] * column[:, number[1]] * pivot[:, number[2]]
        total["selected"] += weight[:, None] * part.selected
        total["lookup"] += weight[:, None, None] * part.lookup
        total["scalars"] += weight * part.scalars[0]
    torch.testing.assert_close(whole.selected, total["selected"])
    torch.testing.assert_close(whole.lookup, total["lookup"])
    torch.testing.assert_close(whole.scalars[0], total["scalars"])
