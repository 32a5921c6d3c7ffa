"""The soft machine in torch: probabilities, loss, limits, gradients."""

from math import inf

import numpy as np
import pytest
import torch

from neuralprog_agents.agents.nram.discretise import Stepper, choices, circuit_table
from neuralprog_agents.agents.nram.discretise import controller as hard_controller
from neuralprog_agents.agents.nram.model import (
    controller,
    initial_machine,
    initial_state,
    rollout,
    run_soft_step,
    soft_wiring,
)
from neuralprog_agents.agents.nram.records import Batch
from neuralprog_agents.agents.nram.shape import Shape, initial, unpack
from neuralprog_agents.benchmark.naive_nram import NaiveNRAM
from tests.agents.agents.nram.one_hot import one_hot_wiring
from tests.agents.circuits.modules import of_expert

torch.set_num_threads(1)  # tensors are tiny
LIBRARY = (of_expert("NRAMRemainder"), of_expert("NRAMDouble"))
SHAPES = [
    Shape(3, 6, hidden=8),
    Shape(2, 5, hidden=7, layers=1, repetitions=2),
    Shape(2, 5, hidden=6, controller="lstm"),
    Shape(2, 5, hidden=6, repetitions=2, learned=LIBRARY),
]


def make_theta(shape, seed=0, scale=2.0):
    return torch.as_tensor(scale * initial(shape, np.random.default_rng(seed))).double()


def make_batch(shape, B=4, T=5, seed=0):
    rng, M = np.random.default_rng(seed), shape.memory
    tape, target = rng.integers(0, M, (2, B, M))
    mask, steps = rng.random((B, M)) < 0.6, rng.integers(1, T + 1, B)
    return Batch(*(torch.as_tensor(x) for x in (tape, target, mask, steps)))


def loss_and_grad(theta, shape, batch, **options):
    theta = theta.clone().requires_grad_()
    loss = rollout(theta, shape, batch, **options).loss
    loss.backward()
    return loss.detach(), theta.grad


@pytest.mark.parametrize("shape", SHAPES)
def test_layout(shape):
    assert shape.outputs == sum(s.size for s in shape.softmaxes) + 1
    assert shape.choices == sum(m.arity for m in shape.modules) + shape.registers + 1
    assert len(initial(shape, np.random.default_rng(0))) == shape.size
    assert [s.size for s in shape.softmaxes[:3]] == [shape.registers + i for i in (0, 4, 5)]


def test_layout_matches_published_networks():
    assert Shape(4, 10).outputs == 308
    assert Shape(7, 10).outputs == 440
    assert Shape(3, 10).size == Shape(3, 50).size


@pytest.mark.parametrize("shape", SHAPES)
def test_chances_of_finishing_sum_to_one_within_the_limit(shape):
    batch = make_batch(shape)
    finish = rollout(make_theta(shape), shape, batch).finish
    assert torch.allclose(finish.sum(1), torch.ones(4, dtype=torch.float64))
    for p, limit in zip(finish, batch.steps, strict=True):
        assert (p[limit:] == 0).all()
        assert (p[:limit] > 0).all()


def test_a_restart_begins_near_one_circuit_or_near_a_step_that_changes_nothing():
    shape = Shape(3, 7, hidden=8, repetitions=2)
    plain, bold, idle = (
        initial(shape, np.random.default_rng(0), **options)
        for options in ({}, {"bias_std": 4.0, "finish_bias": -3.0}, {"no_op": 60.0})
    )
    start = shape.parameters[-1].start
    assert (bold[:start] == plain[:start]).all()
    assert 3.5 < (bold - plain)[start:-1].std() < 4.5
    assert bold[-1] - plain[-1] == pytest.approx(-3)
    batch = make_batch(shape)
    batch = batch._replace(target=batch.tape, steps=torch.ones(4, dtype=torch.int64))
    left = rollout(torch.as_tensor(idle).double(), shape, batch)
    assert left.nll.max() < 1e-6


def test_forced_end_does_not_depend_on_the_last_willingness():
    shape = SHAPES[0]
    batch = make_batch(shape)._replace(steps=torch.ones(4, dtype=torch.int64))
    theta = make_theta(shape)
    other = theta.clone()
    other[-1] += 5.0  # the bias of the finish logit
    assert rollout(theta, shape, batch).loss == rollout(other, shape, batch).loss


@pytest.mark.parametrize("shape", SHAPES)
def test_only_scored_cells_count(shape):
    batch, theta = make_batch(shape), make_theta(shape)
    changed = torch.where(batch.mask, batch.target, (batch.target + 1) % shape.memory)
    first, second = (
        rollout(theta, shape, batch._replace(target=y)) for y in (batch.target, changed)
    )
    assert torch.equal(first.nll, second.nll)
    assert torch.equal(first.error, second.error)


@pytest.mark.parametrize("shape", SHAPES)
def test_own_limits_equal_separate_rollouts(shape):
    batch, theta = make_batch(shape), make_theta(shape)
    together = rollout(theta, shape, batch, entropy=0.1)
    for b in range(4):
        alone = rollout(theta, shape, Batch(*(part[b : b + 1] for part in batch)), entropy=0.1)
        for one, all_of_them in zip(alone[1:4], together[1:4], strict=True):
            assert torch.allclose(one[0], all_of_them[b], rtol=1e-12)


def test_clipping_is_the_identity_when_c1_is_large():
    shape, batch = SHAPES[0], make_batch(SHAPES[0])
    theta = make_theta(shape)
    free, loose, tight = (loss_and_grad(theta, shape, batch, clip=c)[1] for c in (inf, 1e6, 1e-2))
    assert torch.equal(free, loose)
    assert not torch.allclose(free, tight)


def test_clipping_is_meant_for_one_example():
    """Twice the same examples: the same mean loss, hence the same gradient, clipped or not."""
    shape, batch, theta = SHAPES[0], make_batch(SHAPES[0]), make_theta(SHAPES[0])
    double = Batch(*(torch.cat([part, part]) for part in batch))
    one, two = (loss_and_grad(theta, shape, b, clip=0.02)[1] for b in (batch, double))
    assert torch.allclose(one, two, rtol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_renormalisation_changes_rounding_only(shape):
    theta, batch = make_theta(shape), make_batch(shape)
    on, off = (loss_and_grad(theta, shape, batch, renormalised=r) for r in (True, False))
    assert torch.allclose(on[0], off[0], rtol=1e-12)
    assert torch.allclose(on[1], off[1], rtol=1e-9, atol=1e-13)


FLAGS = [{}, {"sharpen_flags": 2}, {"sharpen_flags": 1, "straight_through": True}]


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("shape", SHAPES)
def test_naive_implementation_agrees(shape, flags):
    theta, batch = make_theta(shape), make_batch(shape)
    naive = NaiveNRAM(shape, theta.dtype)
    fill(naive, theta)
    loss = naive(batch, **flags)
    loss.backward()
    expected, gradient = loss_and_grad(theta, shape, batch, **flags)
    assert torch.allclose(loss, expected, rtol=1e-12)
    assert torch.allclose(flat_gradient(naive), gradient, rtol=1e-9, atol=1e-11)


def fill(naive, theta):
    """Give it the parameters of the layout of theta; the LSTM has one bias there, and not two."""
    blocks = [theta[p.slice].reshape(p.shape) for p in naive.shape.parameters]
    for module, weight, bias in zip(naive.layers, blocks[::2], blocks[1::2], strict=True):
        if isinstance(module, torch.nn.LSTMCell):
            first, second = torch.split(weight, naive.shape.hidden, dim=1)
            module.bias_hh = torch.nn.Parameter(torch.zeros_like(bias), requires_grad=False)
            parts = {"weight_ih": first, "weight_hh": second, "bias_ih": bias}
        else:
            parts = {"weight": weight, "bias": bias}
        module.load_state_dict(parts, strict=False)


def flat_gradient(naive):
    """The gradient of all parameters in the layout of theta."""
    parts = []
    for module in naive.layers:
        grads = [p.grad for p in module.parameters() if p.grad is not None]
        parts += [torch.cat([g for g in grads if g.ndim == 2], dim=1)]
        parts += [g for g in grads if g.ndim == 1]
    return torch.cat([part.flatten() for part in parts])


def hard_step(tape, registers, choices, shape):
    """The integer machine on one example, from the table of hard operations."""
    tape, values, place, M = list(tape), list(registers), 0, shape.memory
    for module in shape.modules:
        chosen = [values[c] for c in choices[place : place + module.arity]]
        place += module.arity
        if module.name == "READ":
            values.append(tape[chosen[0]])
        elif module.name == "WRITE":
            tape[chosen[0]] = chosen[1]
            values.append(0)
        else:
            values.append(int(module.apply(*[*chosen, 0, 0][:2], M)))
    return tape, [values[c] for c in choices[place : place + shape.registers]]


@pytest.mark.parametrize("shape", SHAPES)
def test_certain_choices_give_the_hard_machine(shape):
    rng, B = np.random.default_rng(1), 5
    batch = make_batch(shape, B=B)
    tape, registers = initial_machine(batch, shape, torch.zeros(1, dtype=torch.float64))
    hard = [(list(map(int, row)), [0] * shape.registers) for row in batch.tape]
    for _ in range(4):
        draws = [rng.integers(0, s.size, B) for s in shape.softmaxes]
        choices = np.stack([*draws, np.zeros(B, int)], 1)
        weights = one_hot_wiring(torch.as_tensor(choices), shape)
        tape, registers = run_soft_step(tape, registers, weights, shape)
        hard = [hard_step(*state, row, shape) for state, row in zip(hard, choices, strict=True)]
        assert set(tape.unique().tolist()) <= {0.0, 1.0}
        assert tape.argmax(-1).tolist() == [state[0] for state in hard]
        assert registers.argmax(-1).tolist() == [state[1] for state in hard]


@pytest.mark.parametrize("shape", SHAPES)
def test_discrete_choices_are_the_largest_weights(shape):
    theta, rng = make_theta(shape), np.random.default_rng(0)
    stepper, state = Stepper(theta.numpy(), shape), initial_state(theta, shape, 6)
    for _ in range(3):
        flags = rng.integers(0, 2, (6, shape.registers))
        logits, state = controller(unpack(theta, shape), torch.as_tensor(flags).double(), state)
        soft, _ = soft_wiring(logits, shape)
        expected = [w.argmax(-1) for w in soft.arguments + soft.registers] + [logits[:, -1] > 0]
        assert stepper(flags).tolist() == torch.stack(expected, 1).tolist()


def test_circuit_table_has_one_row_for_each_pattern():
    shape = SHAPES[0]
    theta = make_theta(shape).numpy()
    table = circuit_table(theta, shape)
    assert table.shape == (8, shape.choices)
    logits, _ = hard_controller(theta, shape, np.array([[1.0, 0.0, 1.0]]))
    assert (table[0b101] == choices(logits, shape)[0]).all()
    with pytest.raises(ValueError, match="depend on its past"):
        circuit_table(make_theta(SHAPES[2]).numpy(), SHAPES[2])
