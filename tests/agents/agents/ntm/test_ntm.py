"""The Neural Turing Machine: its equations, its compiled step, its bits, that it learns."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from neuralprog_agents.agents.ntm import agent, bits
from neuralprog_agents.agents.ntm.card import Form
from neuralprog_agents.agents.ntm.config import Config
from neuralprog_agents.agents.ntm.fused import Access
from neuralprog_agents.agents.ntm.model import NTM
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.answers import right_answers
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.training.loop import restart
from neuralprog_envs.interfaces.dataset import pairs
from neuralprog_envs.registry import make_task
from tests.agents.agents.ntm.reference import access, address, write


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def slowly(memory, before, k, beta, g, s, gamma):
    """One head's weighting, equations 5 to 9 as they are printed; the memory has a row a row."""
    N = len(memory)
    cosine = [row @ k / (np.linalg.norm(row) * np.linalg.norm(k)) for row in memory]
    gated = g * softmax(beta * np.array(cosine)) + (1 - g) * before
    moved = np.zeros(N)
    for i in range(N):
        for j in range(N):
            shift = {0: 1, 1: 2, N - 1: 0}.get((i - j) % N)
            moved[i] += gated[j] * s[shift] if shift is not None else 0.0
    return moved**gamma / (moved**gamma).sum()


def test_a_head_is_addressed_as_the_paper_says():
    rng, N, W = np.random.default_rng(0), 7, 4
    memory, k = rng.normal(size=(N, W)), rng.normal(size=W)
    before, s, beta, g, gamma = softmax(rng.normal(size=N)), softmax(rng.normal(size=3)), 2, 0.3, 4
    wanted = slowly(memory, before, k, beta, g, s, gamma)
    one = [torch.tensor(np.array([[part]], dtype=float)) for part in (beta, g, gamma)]
    found = address(
        torch.tensor(memory.T[None]),
        torch.tensor(before)[None, None],
        k=torch.tensor(k)[None, None],
        beta=one[0][..., None],
        g=one[1][..., None],
        s=torch.tensor(s)[None, None],
        gamma=one[2][..., None],
    )
    np.testing.assert_allclose(found[0, 0].numpy(), wanted, atol=1e-9)


def test_a_row_is_erased_and_added_to():
    memory = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    w = torch.tensor([[[0.0, 0.5]]])
    erase, add = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 6.0]])
    assert write(memory, w, erase, add)[0].tolist() == [[1.0, 1.0], [3.0, 7.0]]


def _machine(controller):
    torch.manual_seed(1)
    machine = NTM(6, 5, Form(controller, hidden=12, width=4, rows=7, bits=4)).double()
    with torch.no_grad():
        for parameter in machine.parameters():
            parameter.mul_(3.0)
    return machine


def _gradients(machine, seen):
    machine.zero_grad()
    logits, _ = machine(seen, machine.begin(seen.shape[1], 7))
    (logits.sin() * torch.arange(5)).sum().backward()
    return [logits.detach(), *(parameter.grad.clone() for parameter in machine.parameters())]


@pytest.mark.parametrize("controller", ["lstm", "mlp"])
def test_the_compiled_step_equals_torch_s_operations(controller, monkeypatch):
    machine, seen = _machine(controller), torch.rand(9, 3, 6).double()
    compiled = _gradients(machine, seen)
    calls = []
    monkeypatch.setattr(Access, "apply", lambda *given: calls.append(given) or access(4, *given))
    plain = _gradients(machine, seen)
    assert len(calls) == len(seen)
    for one, other in zip(compiled, plain, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("env", ["NRAMCopy", "NRAMListK", "NRAMMerge", "NRAMSwap", "NRAMAccess"])
def test_bits_say_the_right_answers(env):
    task = make_task(env, length=(2, 5))
    posed = pairs(task, 50, length=(2, 5), seed=1)
    target, _ = bits.wanted(posed, 6)
    assert bits.answers_in(target > 0.5, bits.cells_of(posed.tape)) == right_answers(task, posed)


def test_what_is_seen():
    seen = bits.seen(np.array([[3, 1, 0, 0], [2, 0, 2, 0]], dtype=np.int32), 5, 2)
    assert seen[:, 0].tolist() == [
        [1, 1, 0, 0],
        [1, 0, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
        [0, 0, 0, 1],
    ]
    assert seen[:, 1].argmax(axis=1).tolist() == [1, 0, 1, 2, 3]
    with pytest.raises(ValueError, match="value 4 can't be read in 2 bits"):
        bits.seen(np.array([[4]]), 2, 2)


def test_an_answer_ends_at_its_mark():
    said = np.zeros((5, 1, 3), dtype=bool)
    said[:, 0, 0] = True
    assert bits.answers_in(said, np.array([1])) == [[1, 1, 1]]
    said[3, 0, 2] = True
    assert bits.answers_in(said, np.array([1])) == [[1]]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"env": "NPIAddition"}, "NPIAddition has no tape"),
        ({"bits": 3}, "values up to 10 need more than 3 bits"),
        ({"memory_size": 5}, "too small|impossible here"),
        ({"rows": 2}, "rows must be at least 3"),
        ({"pairs": 9}, "0 or a multiple of batch"),
    ],
)
def test_what_it_cannot_learn_is_refused(change, told):
    with pytest.raises(ValueError, match=told):
        agent.check(Config(**{"env": "NRAMCopy", **change}))


SMALL = Config(
    env="NRAMCopy",
    length=(1, 4),
    controller="mlp",
    hidden=40,
    learning_rate=3e-3,
    validation_pairs=60,
)


@pytest.mark.learning
def test_it_learns_to_copy_and_goes_on_beyond(tmp_path):
    outcome = restart(
        agent,
        replace(SMALL, hidden=100, length=(1, 6), memory_size=16, bits=4, budget=3000),
        0,
        tmp_path,
    )
    assert outcome.success
    assert outcome.metrics["samples"] == outcome.metrics["step"] * SMALL.batch
    policy = policy_of("ntm", outcome.tensors, outcome.card)
    known, beyond = evaluate(policy, "NRAMCopy-v0", [6, 7], 50)
    assert known.success_rate > 0.9
    assert beyond.mean_steps == 0


def test_weights_of_other_sizes_are_refused(tmp_path):
    outcome = restart(agent, replace(SMALL, budget=1, validation_interval=1), 0, tmp_path)
    form = {**outcome.card["form"], "hidden": 32}
    with pytest.raises(ValueError, match="do not fit the network"):
        policy_of("ntm", outcome.tensors, {**outcome.card, "form": form})
