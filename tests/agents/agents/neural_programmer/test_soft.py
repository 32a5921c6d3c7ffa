"""The gradient learner: its gradient, its statistics of templates, its stages."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from neuralprog_agents.agents.neural_programmer import (
    data,
    machine,
    model,
    optimiser,
    soft,
    tensors,
)
from neuralprog_agents.agents.neural_programmer.config import Config, Stage
from neuralprog_agents.agents.neural_programmer.optimiser import State
from neuralprog_agents.agents.neural_programmer.train import ProgrammerLearner, shape_of

SMALL = Config(
    "NPTableQA-v0",
    columns=(1, 3),
    length=(3, 6),
    examples=300,
    batch=40,
    hidden=6,
    learner="gradient",
    stages=(Stage(4, max_numbers=0, mixture=True), Stage(3, dropout=0.3), Stage(2, pull=0.0)),
)


def made(config=SMALL):
    task = data.task_of(config)
    shape = shape_of(config, task)
    objective, theta = soft.SoftObjective(config, 0, task, shape), model.initial_theta(shape, 0)
    next(objective.gradients(State.begin(theta), 1, lambda: None))
    objective._forget(config.stages[0])
    return objective, theta


@pytest.mark.parametrize(
    ("mixture", "scales"), [(False, "template"), (True, "template"), (True, "operation")]
)
def test_the_gradient_is_that_of_the_weighted_losses_and_the_divergence_from_uniform(
    mixture, scales
):
    """An independent way: autograd of one scalar, without the detour over the logits."""
    stages = (Stage(5, mixture=mixture, pull=0.7, dropout=0.2), Stage(5))
    config = replace(SMALL, pointer=mixture, scales=scales, stages=stages)
    objective, theta = made(config)
    stage, errors = config.stages[0], objective.error2.clone()
    _, gradient = objective._gradient(State.begin(theta), stage, 0)

    fresh, _ = made(config)
    drawn = fresh._draw(stage, 0, 0)
    variable = theta.clone().requires_grad_()
    chosen = model.choose(
        model.unflatten(variable, fresh.shape),
        fresh.shape,
        tensors.questions_of(drawn.posed),
        hard=False,
        dropped=drawn.dropped,
    )
    # The machine's loss sees the choices; the history network's own inputs are no part of it.
    weights = _weights_by_hand(drawn, chosen, errors, mixture)
    tables, answers = tensors.tables_of(drawn.posed), tensors.answers_of(drawn.posed)
    loss, _ = (soft.mixture_loss if mixture else soft.mean_loss)(
        tables, answers, chosen, errors[drawn.template]
    )
    divergence = sum(_divergence(choice.operation) for choice in chosen)
    total = (weights * loss).sum() + 0.7 * divergence.sum() / (len(loss) * fresh.shape.steps)
    (expected,) = torch.autograd.grad(total, variable)
    torch.testing.assert_close(gradient, expected, rtol=2e-3, atol=2e-5)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_gradients_are_finite_and_reach_every_parameter(bidirectional):
    objective, theta = made(replace(SMALL, bidirectional=bidirectional))
    cost, gradient = objective._gradient(State.begin(theta), SMALL.stages[1], 0)
    assert np.isfinite(cost)
    assert gradient.isfinite().all()
    for name, part in model.unflatten(gradient, objective.shape).items():
        assert part.abs().max() > 0, name


def _divergence(alpha):
    """Return KL(uniform ‖ α) over the weights that are not 0, but for a constant, (B,)."""
    there = alpha > 0
    logs = torch.where(there, torch.log(torch.where(there, alpha, 1.0)), 0.0)
    return -logs.sum(dim=1) / there.sum(dim=1)


def _weights_by_hand(drawn, chosen, errors, mixture):
    """Return the examples' weights from gradients at logits, taken one example at a time."""
    tables, answers = tensors.tables_of(drawn.posed), tensors.answers_of(drawn.posed)
    alphas = [choice.operation.detach() for choice in chosen]
    logits = [torch.where(a > 0, torch.log(a), -1e9).requires_grad_() for a in alphas]
    leaves = [
        replace(
            choice,
            operation=torch.softmax(logit, dim=1),
            column=choice.column.detach(),
            greater=choice.greater.detach(),
            lesser=choice.lesser.detach(),
        )
        for choice, logit in zip(chosen, logits, strict=True)
    ]
    loss, _ = (soft.mixture_loss if mixture else soft.mean_loss)(
        tables, answers, leaves, errors[drawn.template]
    )
    slopes = torch.stack(torch.autograd.grad(loss.sum(), logits), dim=1).numpy()
    weights = np.zeros(len(loss))
    template = drawn.template.numpy()
    for each in np.unique(template):
        its = template == each
        norm = np.linalg.norm(slopes[its].mean(axis=0)) + 1e-3
        weights[its] = 1.0 / (norm * its.sum() * len(np.unique(template)))
    return torch.from_numpy(weights).float()


def test_a_mixture_is_right_when_one_of_its_operations_is():
    task = data.task_of(SMALL)
    posed = data.examples(SMALL, 0, task, np.arange(200))
    rows = torch.from_numpy(posed.answer_kind == 1)
    tables, answers = tensors.tables_of(posed), tensors.answers_of(posed)
    chosen = [_expert(posed, task, t) for t in range(4)]
    spread = replace(chosen[-1], operation=torch.full_like(chosen[-1].operation, 0.1))
    error2 = torch.full((200, 1), 1e-2)
    mixed, _ = soft.mixture_loss(tables, answers, [*chosen[:-1], spread], error2)
    mean, _ = soft.mean_loss(tables, answers, [*chosen[:-1], spread], error2)
    assert mixed[rows].max() < -np.log(0.1) + 1e-2
    assert mean[rows].median() > 1e3


def _expert(posed, task, t):
    action = torch.from_numpy(posed.program[:, t]).long()
    sizes = task.machine.actions
    operation, column, pivot = (
        torch.nn.functional.one_hot(action[:, k], sizes[k]).float() for k in range(3)
    )
    return tensors.Choice(operation, column, pivot, pivot)


def test_templates_leave_out_names_and_entries():
    for env, columns, count in (("NPTableQA-v0", (1, 3), 23), ("NPTextMatch-v0", (2, 2), 27)):
        config = replace(SMALL, env=env, columns=columns, examples=4000)
        task = data.task_of(config)
        template, numbers = data.templates(config, 0, task, lambda: None)
        posed = data.examples(config, 0, task, np.arange(config.examples))
        assert len(np.unique(template)) == count
        np.testing.assert_array_equal(numbers, posed.pivot_count)
        operations = posed.program[:, :, 0]
        for each in np.unique(template):
            assert len(np.unique(operations[template == each], axis=0)) == 1


def test_the_last_stage_repeats():
    stages = SMALL.stages
    names = [stages.index(soft.stage_at(stages, step)[0]) for step in range(12)]
    assert names == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2]
    assert [soft.stage_at(stages, step)[1] for step in (0, 3, 4, 8, 9)] == [0, 3, 0, 1, 0]


def test_what_is_solved_when_a_stage_begins_is_neither_dropped_nor_pulled():
    objective, theta = made()
    state = State(theta, torch.zeros_like(theta), torch.zeros_like(theta), SMALL.stages[0].steps)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "are_right", lambda task, posed, actions: np.ones(len(actions), bool))
        next(objective.gradients(state, 1, lambda: None))
    assert objective.solved.bool().all()
    drawn = objective._draw(SMALL.stages[1], 0, 4)
    assert not drawn.unsolved.any()
    assert not drawn.dropped.any()


def test_new_networks_imitate_the_old_ones_where_these_are_right():
    config = replace(SMALL, stages=(Stage(1), Stage(400, imitation=200)))
    objective, theta = made(config)
    state = State(theta.clone(), torch.ones_like(theta), torch.ones_like(theta), 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "are_right", lambda task, posed, actions: posed.pivot_count == 0)
        next(objective.gradients(state, 1, lambda: None))
    assert torch.equal(objective.teacher, theta)
    assert not torch.equal(state.theta, theta)
    assert not state.m.any()
    state.step += 1
    known = set(np.unique(objective.template[objective.numbers == 0]))
    assert set(np.flatnonzero(objective.taught.numpy())) == known
    for _, gradient in objective.gradients(state, 150, lambda: None):
        optimiser.update(state, gradient, 1e-2)
    posed = data.examples(config, 0, objective.task, np.flatnonzero(objective.numbers == 0))
    old, new = (model.hard_actions(t, objective.shape, posed) for t in (theta, state.theta))
    assert (old[:, :, 0] == new[:, :, 0]).mean() > 0.9


def test_half_of_a_minibatch_has_unsolved_templates():
    objective, _ = made()
    objective.solved[:] = 1.0
    objective.solved[3] = 0.0
    template = objective._draw(SMALL.stages[1], 0, 0).template
    assert SMALL.batch // 2 <= (template == 3).sum() < SMALL.batch
    objective.solved[3] = 1.0
    assert (objective._draw(SMALL.stages[1], 0, 0).template == 3).sum() < SMALL.batch // 4


def test_a_template_is_solved_when_hard_choices_answer_it():
    objective, theta = made()
    state = State.begin(theta)
    objective._judge(state)
    posed = data.examples(SMALL, 0, objective.task, np.arange(SMALL.examples))
    chosen = model.hard_actions(theta, objective.shape, posed)
    right = data.are_right(objective.task, posed, chosen)
    expected = [right[objective.template == k].mean() > 0.98 for k in range(len(objective.solved))]
    assert objective.solved.bool().tolist() == expected


@pytest.mark.parametrize(("right", "least", "hopeless"), [(0, 0.0, 0), (0, 0.5, 1), (1, 1.0, 0)])
def test_a_restart_that_has_not_solved_the_first_stage_is_given_up_at_its_end(
    right, least, hopeless
):
    learner = ProgrammerLearner(replace(SMALL, least_solved=least, validation_interval=10**6), 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(soft.SoftObjective, "_judge", lambda self, _: self.solved.fill_(right))
        state = learner.adam
        given_up = []
        for _, gradient in learner.objective.gradients(state, 5, lambda: None):
            given_up.append(learner.pruned)
            optimiser.update(state, gradient, 1e-3)
    assert given_up == [False] * 4 + [bool(hopeless)]
    assert learner.pruned == learner.finished == bool(hopeless)


def test_an_operation_far_off_keeps_its_weight_when_each_has_its_own_scale():
    """The answer is a difference, which is not there yet: the sum is nearer, and never right."""
    config = replace(SMALL, columns=(1, 1), length=(30, 40))
    task = data.task_of(config)
    posed = data.examples(config, 0, task, np.arange(300))
    sums, differences = map(machine.OPERATIONS.index, ("sum", "difference"))
    first, last = posed.program[:, 0, 0], posed.program[:, -1, 0]
    rows = torch.from_numpy((first == sums) & (last == differences))
    assert rows.sum() > 5
    tables, answers = tensors.tables_of(posed), tensors.answers_of(posed)
    choice = _expert(posed, task, 0)
    idle = replace(choice, operation=_one_hot("reset", 300))
    alpha = torch.full((300, 10), 0.1).requires_grad_()
    choices = [idle, idle, idle, replace(choice, operation=alpha)]
    _, found = soft.mixture_loss(tables, answers, choices, torch.ones(300, 3))
    mean = found[rows].mean(dim=0).expand(300, 3)
    weights = []
    for error2 in (mean.min(dim=1, keepdim=True).values, mean):
        losses, _ = soft.mixture_loss(tables, answers, choices, error2)
        (slope,) = torch.autograd.grad(losses[rows].sum(), alpha, retain_graph=True)
        weights.append(-0.1 * slope[rows, differences].mean())
    assert weights[0] < 0.02
    assert weights[1] > 0.05


def _one_hot(operation, count):
    number = torch.full((count,), machine.OPERATIONS.index(operation))
    return torch.nn.functional.one_hot(number, len(machine.OPERATIONS)).float()
