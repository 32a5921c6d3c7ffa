"""The selectors: padding changes nothing, gradients reach every parameter, hard is argmax."""

import numpy as np
import pytest
import torch

from neuralprog_agents.agents.neural_programmer.machine import OPERATIONS, run
from neuralprog_agents.agents.neural_programmer.model import (
    Shape,
    actions,
    attention,
    choose,
    drop,
    encode,
    initial_theta,
    scores,
    unflatten,
)
from neuralprog_agents.agents.neural_programmer.tensors import (
    questions_of,
    questions_seen,
    tables_of,
)
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import make_task

POINTER = {"attention": True, "pointer": True}


def posed(count=30):
    task = make_task("NPTableQA", length=20, columns=(1, 3), operations=OPERATIONS)
    return task, draw(task, 0, np.arange(count), (5, 12))


def shape_of(task, hidden=16, **more):
    return Shape(len(task.vocabulary), hidden, 4, **more)


def answer(shape, instances):
    choices = choose(
        unflatten(initial_theta(shape, 0, 2.0), shape), shape, questions_of(instances), hard=False
    )
    return choices, run(tables_of(instances), choices)


@pytest.mark.parametrize("more", [{}, {"bidirectional": True}, POINTER], ids=str)
def test_padding_rows_columns_words_and_neighbours_change_nothing(more):
    task, instances = posed()
    shape = shape_of(task, **more)
    _, final = answer(shape, instances)
    padded = pad(instances, rows=9, columns=2, words=3)
    _, same = answer(shape, padded)
    torch.testing.assert_close(same.scalars[0], final.scalars[0])
    torch.testing.assert_close(same.lookup[:, :20, :3], final.lookup)
    assert not same.lookup[:, 20:].any()
    assert not same.lookup[:, :, 3:].any()
    assert not final.lookup[~instances.present].any()


def pad(instances, rows, columns, words):
    grid = ((0, 0), (0, rows), (0, columns))
    widths = {
        "question": ((0, 0), (0, words)),
        "names": ((0, 0), (0, columns), (0, 0)),
        "present": ((0, 0), (0, rows)),
        **dict.fromkeys(("numbers", "valid", "matches"), grid),
    }
    changed = {name: np.pad(getattr(instances, name), width) for name, width in widths.items()}
    return type(instances)(**{**vars(instances), **changed})


def test_hard_choices_are_one_hot_and_within_the_table():
    task, instances = posed(200)
    shape = shape_of(task)
    choices = choose(
        unflatten(initial_theta(shape, 0, 2.0), shape), shape, questions_of(instances), hard=True
    )
    for choice in choices:
        for weights in (choice.operation, choice.column, choice.greater, choice.lesser):
            assert ((weights == 0) | (weights == 1)).all()
            assert (weights.sum(dim=1) == 1).all()
    chosen = actions(choices).numpy()
    assert (chosen[:, :, 1] < instances.column_count[:, None]).all()
    assert (chosen[:, :, 2] < np.maximum(instances.pivot_count, 1)[:, None]).all()


def test_a_pointer_adds_the_log_of_the_attention_on_a_columns_name():
    task, instances = posed()
    pointing, plain = shape_of(task, **POINTER), shape_of(task, attention=True)
    parameters = unflatten(initial_theta(plain, 0, 2.0), plain)
    seen, h = encode(parameters, plain, questions_of(instances)), torch.zeros(30, 16)
    weights = attention(parameters, seen, h).numpy()
    on_name = np.zeros(instances.names.shape[:2])
    for b, c in np.ndindex(on_name.shape):
        name = set(instances.names[b, c]) - {0}
        on_name[b, c] = sum(weights[b, [word in name for word in instances.question[b]]])
    expected = scores(parameters, plain, seen, h)[1] + torch.log(torch.tensor(on_name) + 0.01)
    torch.testing.assert_close(scores(parameters, pointing, seen, h)[1], expected.float())
    assert 0 < (on_name > 0.01).mean() < 1


def test_an_observation_shows_the_same_questions():
    task, instances = posed()
    seen = questions_seen(task.machine.observe(task.machine.initial(instances)))
    for name, tensor in vars(questions_of(instances)).items():
        assert torch.equal(tensor, getattr(seen, name)), name


def test_dropped_operations_get_no_weight_and_are_never_all():
    task, instances = posed(200)
    shape = shape_of(task)
    dropped = drop([0.9, 0.5, 0.5, 0.0], 200, torch.Generator().manual_seed(0))
    assert not dropped.all(dim=2).any()
    assert not dropped[3].any()
    assert dropped[1].float().mean() == pytest.approx(0.5, abs=0.05)
    parameters = unflatten(initial_theta(shape, 0, 2.0), shape)
    choices = choose(parameters, shape, questions_of(instances), hard=False, dropped=dropped)
    for choice, out in zip(choices, dropped, strict=True):
        assert not choice.operation[out].any()
        torch.testing.assert_close(choice.operation.sum(dim=1), torch.ones(200))
