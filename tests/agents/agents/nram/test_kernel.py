"""The compiled kernel against the torch model: loss, gradients, training, determinism."""

from concurrent.futures import ThreadPoolExecutor
from math import pi

import numpy as np
import pytest
import torch

from neuralprog_agents.agents.nram.kernel import loss_and_grad, train_steps
from neuralprog_agents.agents.nram.model import rollout
from neuralprog_agents.agents.nram.records import Batch, Hyper, Schedule, TrainState, noise_sigma
from neuralprog_agents.agents.nram.shape import Shape, initial
from tests.agents.circuits.modules import of_expert

torch.set_num_threads(1)  # tensors are tiny
WORD = 0xFFFFFFFF
LIBRARY = (of_expert("NRAMRemainder"), of_expert("NRAMDouble"))
SHAPES = [
    Shape(3, 10, layers=1),
    Shape(3, 10, layers=2),
    Shape(1, 3, hidden=3, layers=2),
    Shape(2, 7, hidden=20, repetitions=2),
    Shape(3, 10, controller="lstm"),
    Shape(2, 5, hidden=5, controller="lstm", repetitions=2),
    Shape(2, 7, hidden=5, repetitions=2, learned=LIBRARY),
]
OPTIONS = [
    {},
    {"entropy": 0.02},
    {"clip": 0.05, "entropy": -0.01},
    {"renormalise": False},
    {"sharpen_flags": 2},
    {"sharpen_flags": 1, "straight_through": True, "entropy": 0.02},
]


def make_theta(shape, seed=0, scale=2.0):
    return (scale * initial(shape, np.random.default_rng(seed))).astype(np.float32)


def make_batch(shape, *leading, T=6, seed=0):
    rng, M = np.random.default_rng(seed), shape.memory
    tape, target = rng.integers(0, M, (2, *leading, M))
    return Batch(tape, target, rng.random((*leading, M)) < 0.5, rng.integers(1, T + 1, leading))


def tensors(batch):
    return Batch(*map(torch.as_tensor, batch))


def reference(shape, theta, batch, renormalise=True, **options):
    theta = torch.as_tensor(theta).double().requires_grad_()
    result = rollout(theta, shape, tensors(batch), renormalised=renormalise, **options)
    result.loss.backward()
    return result.loss.item(), theta.grad.numpy(), result.error.detach().numpy()


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_loss_and_gradient_equal_the_model(shape, options):
    for B in (1, 16, 37):
        theta, batch = make_theta(shape, B), make_batch(shape, B, seed=B)
        loss, gradient, error = loss_and_grad(shape, theta, batch, **options)
        expected, expected_gradient, expected_error = reference(shape, theta, batch, **options)
        assert loss == pytest.approx(expected, rel=1e-5)
        assert np.abs(gradient - expected_gradient).max() < 1e-5 * np.abs(expected_gradient).max()
        assert np.allclose(error, expected_error)


def test_sharp_choices_stay_accurate():
    shape = SHAPES[1]
    theta, batch = make_theta(shape, scale=8.0), make_batch(shape, 20)
    loss, gradient, _ = loss_and_grad(shape, theta, batch)
    expected, expected_gradient, _ = reference(shape, theta, batch)
    assert loss == pytest.approx(expected, rel=1e-4)
    assert np.abs(gradient - expected_gradient).max() < 1e-4 * np.abs(expected_gradient).max()


def training(shape, K=6, B=20, seed=0):
    steps = np.arange(K)
    schedule = Schedule(np.full(K, 3e-3), 0.02 * 0.9**steps, noise_sigma(steps, 1e-3))
    hyper = Hyper(clip_activations=0.2, clip_norm=0.5)
    return TrainState(make_theta(shape)), make_batch(shape, K, B, seed=seed), schedule, hyper


def part(batches, schedule, rows):
    return Batch(*(x[rows] for x in batches)), Schedule(*(x[rows] for x in schedule))


def assert_same_state(a, b):
    assert a.step == b.step
    for x, y in ((a.theta, b.theta), (a.m, b.m), (a.v, b.v)):
        assert x.tobytes() == y.tobytes()


def trained_in_torch(shape, theta, batches, schedule, hyper, seed):
    """Return theta, and the series of loss, entropy, error and norm, of training the model."""
    theta = torch.as_tensor(theta).double().requires_grad_()
    adam, data, series = torch.optim.Adam([theta]), tensors(batches), []
    options = {"clip": hyper.clip_activations, "epsilon": hyper.log_epsilon}
    for k, (rate, entropy, sigma) in enumerate(zip(*schedule, strict=True)):
        adam.param_groups[0]["lr"] = rate
        adam.zero_grad()
        batch = Batch(*(part[k] for part in data))
        result = rollout(theta, shape, batch, entropy=float(entropy), **options)
        result.loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(theta, hyper.clip_norm)
        theta.grad += sigma * normals(seed, k, len(theta))
        adam.step()
        found = result.loss, result.entropy.mean(), result.error.mean(), norm
        series.append([value.item() for value in found])
    return theta.detach().numpy(), *np.transpose(series)


def normals(seed, step, size):
    """The kernel's noise, with all of its arithmetic in the open."""
    half = -(-size // 32) * 16  # the kernel fills whole rows
    seed &= 2**64 - 1
    left, right = torch.arange(half), torch.full((half,), step)
    key = (seed ^ (seed >> 32)) & WORD
    for _ in range(10):
        product = left * 0xD256D193  # wraps modulo 2^64, so both halves are still exact
        left, right = ((product >> 32) & WORD) ^ key ^ right, product & WORD
        key = (key + 0x9E3779B9) & WORD
    radius = torch.sqrt(-2.0 * torch.log(((left >> 8) + 1).double() * 2.0**-24))
    angle = 2.0 * pi * ((right >> 8).double() * 2.0**-24 - 0.5)
    return torch.cat([radius * torch.cos(angle), radius * torch.sin(angle)])[:size]


@pytest.mark.parametrize("shape", [SHAPES[1], SHAPES[5], SHAPES[6]])
def test_training_equals_the_torch_twin(shape):
    state, batches, schedule, hyper = training(shape)
    twin = TrainState(state.theta.copy())
    metrics = train_steps(shape, state, batches, schedule, hyper, seed=7)
    theta, *expected = trained_in_torch(shape, twin.theta, batches, schedule, hyper, seed=7)
    for name, values in zip(("loss", "entropy", "error", "grad_norm"), expected, strict=True):
        assert np.allclose(getattr(metrics, name), values, rtol=1e-4), name
    assert metrics.finite
    assert state.step == 6
    assert np.abs(state.theta - theta).max() < 1e-4


@pytest.mark.parametrize("shape", [SHAPES[1], SHAPES[4]])
def test_training_is_deterministic_and_resumes_exactly(shape):
    whole, batches, schedule, hyper = training(shape, K=20)
    again, halves = TrainState(whole.theta.copy()), TrainState(whole.theta.copy())
    first = train_steps(shape, whole, batches, schedule, hyper, seed=1)
    second = train_steps(shape, again, batches, schedule, hyper, seed=1)
    assert_same_state(whole, again)
    assert first.loss.tobytes() == second.loss.tobytes()
    for rows in (slice(0, 10), slice(10, 20)):
        train_steps(shape, halves, *part(batches, schedule, rows), hyper, seed=1)
    assert_same_state(whole, halves)


def test_threads_do_not_change_the_result():
    shape = SHAPES[1]
    start, batches, schedule, hyper = training(shape)

    def restart(seed):
        state = TrainState(start.theta.copy())
        train_steps(shape, state, batches, schedule, hyper, seed)
        return state

    with ThreadPoolExecutor(4) as pool:
        parallel = list(pool.map(restart, range(4)))
    for seed, state in enumerate(parallel):
        assert_same_state(state, restart(seed))


def test_noise_is_normal_and_depends_on_seed_and_step():
    draws = normals(seed=3, step=5, size=20001)
    assert abs(draws.mean()) < 0.03
    assert abs(draws.std() - 1) < 0.02
    assert abs((draws**4).mean() - 3) < 0.2
    for seed, step in ((4, 5), (3, 6), (3 + 2**40, 5)):
        other = normals(seed, step, 20001)
        assert abs(np.corrcoef(draws, other)[0, 1]) < 0.03


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])
def test_training_stops_before_what_is_not_finite(bad):
    shape = SHAPES[1]
    state, batches, schedule, hyper = training(shape)
    state.theta[shape.parameters[4].start + 5] = bad
    state.theta[shape.parameters[0].start] = bad
    before = state.theta.copy()
    metrics = train_steps(shape, state, batches, schedule, hyper, seed=0)
    assert not metrics.finite
    assert state.step == 0
    assert state.theta.tobytes() == before.tobytes()


def test_training_learns():
    """The task: write 2 to cell 0."""
    shape, K, B = Shape(1, 4, hidden=16, layers=1), 150, 16
    tape = np.random.default_rng(0).integers(0, 4, (K, B, 4))
    target = tape.copy()
    target[..., 0] = 2
    mask = np.broadcast_to(np.arange(4) == 0, tape.shape)
    batches = Batch(tape, target, mask, np.full((K, B), 2))
    state = TrainState(initial(shape, np.random.default_rng(0)))
    schedule = Schedule(np.full(K, 0.02), np.zeros(K), np.zeros(K))
    metrics = train_steps(shape, state, batches, schedule, Hyper(1.0, 1.0), seed=0)
    assert metrics.error[0] > 0.5
    assert metrics.error[-1] == 0
    assert metrics.loss[-1] < 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tape": np.full((2, 4, 10), 10)}, "values from 0 to 9"),
        ({"tape": np.zeros((2, 4, 9), int)}, "tapes have 9 cells"),
        ({"steps": np.zeros((2, 4), int)}, "at least 1"),
        ({"target": np.zeros((2, 3, 10), int)}, "expected 80 values"),
    ],
)
def test_wrong_batches_are_refused(change, message):
    shape = SHAPES[0]
    batches = make_batch(shape, 2, 4)._replace(**change)
    schedule = Schedule(np.zeros(2), np.zeros(2), np.zeros(2))
    with pytest.raises(ValueError, match=message):
        train_steps(shape, TrainState(make_theta(shape)), batches, schedule, Hyper(), seed=0)
