"""The closed forms against the definition Σ_ab P(a) P(b) [op(a, b) = c]."""

import numpy as np
import pytest
import torch

from neuralprog_agents.agents.nram.soft_modules import (
    CONSTANTS,
    VALUE_MODULES,
    constant,
    from_on,
    learned,
    read,
    up_to,
    write,
)
from neuralprog_envs.tape.ops import MODULES
from tests.agents.circuits.modules import of_expert

HARD = {module.name: module for module in MODULES if module.apply is not None}


def distributions(M, *leading, seed=0, sharpness=3.0):
    noise = np.random.default_rng(seed).normal(size=(*leading, M))
    return torch.softmax(torch.as_tensor(sharpness * noise), dim=-1)


def brute_force(name, a, b):
    M = a.shape[-1]
    result = torch.zeros(a.shape, dtype=a.dtype)
    for i in range(M):
        for j in range(M):
            result[..., HARD[name].apply(i, j, M)] += a[..., i] * b[..., j]
    return result


def arguments(name, a, b):
    return (a, b)[: HARD[name].arity]


def test_every_module_has_a_soft_form():
    assert set(VALUE_MODULES) | set(CONSTANTS) == set(HARD)


@pytest.mark.parametrize("name", VALUE_MODULES)
@pytest.mark.parametrize("M", [3, 4, 10, 17])
def test_module_is_the_double_sum(name, M):
    for seed in range(5):
        a, b = distributions(M, 2, 6, seed=seed, sharpness=1.0 + 2 * seed)
        soft = VALUE_MODULES[name](*arguments(name, a, b))
        assert torch.allclose(soft, brute_force(name, a, b), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", VALUE_MODULES)
def test_one_hots_give_the_hard_module(name):
    M = 7
    a, b = np.divmod(np.arange(M * M), M)
    eye = torch.eye(M, dtype=torch.float64)
    soft = VALUE_MODULES[name](*arguments(name, eye[a], eye[b]))
    assert torch.equal(soft, eye[torch.as_tensor(HARD[name].apply(a, b, M))])


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants(name):
    like = distributions(5, 3)
    expected = torch.zeros(3, 5, dtype=torch.float64)
    expected[:, HARD[name].apply(0, 0, 5)] = 1.0
    assert torch.equal(constant(CONSTANTS[name], like), expected)


def test_cumulative_sums():
    p = distributions(9, 4)
    assert torch.allclose(up_to(p) + from_on(p) - p, torch.ones_like(p))


@pytest.mark.parametrize("M", [3, 10, 17])
def test_a_learned_module_is_the_double_sum_over_its_results(M):
    remainder, double = of_expert("NRAMRemainder").table(M), of_expert("NRAMDouble").table(M)
    a, b = distributions(M, 2, 6)
    both, one = torch.zeros_like(a), torch.zeros_like(a)
    for i in range(M):
        one[..., 2 * i % M] += a[..., i]
        for j in range(M):
            both[..., i % j if j else i] += a[..., i] * b[..., j]
    assert torch.allclose(learned(remainder, a, b), both, rtol=0, atol=1e-12)
    assert torch.allclose(learned(double, a), one, rtol=0, atol=1e-12)


def test_read_is_the_expected_cell():
    tape, p = distributions(6, 2, 6), distributions(6, 2, seed=1)
    expected = sum(p[:, i, None] * tape[:, i] for i in range(6))
    assert torch.allclose(read(tape, p), expected, rtol=0, atol=1e-12)


def test_write_keeps_distributions_and_is_the_paper_formula():
    tape, p, v = distributions(6, 2, 6), distributions(6, 2, seed=1), distributions(6, 2, seed=2)
    new = write(tape, p, v)
    expected = (1 - p)[:, :, None] * tape + p[:, :, None] * v[:, None, :]
    assert torch.allclose(new, expected, rtol=0, atol=1e-12)
    assert torch.allclose(new.sum(-1), torch.ones(2, 6, dtype=torch.float64))


def test_certain_write_then_read():
    eye = torch.eye(5, dtype=torch.float64)
    tape = write(distributions(5, 5), eye[3], eye[4])
    assert torch.allclose(read(tape, eye[3]), eye[4])
