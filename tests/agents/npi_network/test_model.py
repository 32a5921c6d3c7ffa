"""The network: every parameter learns, steps agree with sequences, losses count what they must."""

import numpy as np
import pytest
import torch

from neuralprog_agents.agents.npi import data, train
from neuralprog_agents.agents.npi.config import Config
from neuralprog_agents.npi_network import proof
from neuralprog_agents.npi_network.model import Heads, core, decide, loss, margin

CONFIG = Config(env="NPIAddition", length=(1, 3), traces=8, layers=2, hidden=16, state=16)


@pytest.fixture(scope="module")
def frames():
    return data.draw_frames(CONFIG, 0)


def test_gradients_reach_every_parameter(frames):
    model = train.initial(train.sizes_of(CONFIG), 1)
    target, mask = torch.from_numpy(frames.target).long(), torch.from_numpy(frames.mask)
    loss(proof.forward(model, frames), target, mask).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_one_step_at_a_time_decides_as_the_whole_sequence_does(frames):
    model = train.initial(train.sizes_of(CONFIG), 2)
    whole = decide(proof.forward(model, frames)).numpy()
    step, F = core(model), len(frames.program)
    state = np.zeros((F, 2 * CONFIG.layers * CONFIG.hidden), dtype=np.float32)
    for t in range(frames.mask.shape[1]):
        actions, state = step(frames.program, frames.arguments, frames.view[:, t], state)
        np.testing.assert_array_equal(actions, whole[:, t])


def test_initial_weights_depend_on_the_key_alone():
    sizes = train.sizes_of(CONFIG)
    one, _, again = (train.weights(train.initial(sizes, key)) for key in (5, 6, 5))
    for name, array in one.items():
        np.testing.assert_array_equal(array, again[name])


def heads(end, program, *arguments):
    return Heads(torch.tensor(end), torch.tensor(program), tuple(map(torch.tensor, arguments)))


def test_a_return_decides_nothing_else():
    said = heads(
        [[-2.0, 3.0]], [[[0.0, 1.5], [9.0, 0.0]]], [[[0.0], [0.0]]],
        [[[1.0, 0.0], [0.0, 0.0]]], [[[0.0, 4.0], [0.0, 0.0]]],
    )  # fmt: skip
    np.testing.assert_array_equal(decide(said), [[[2, 0, 0, 1], [0, 0, 0, 0]]])
    np.testing.assert_array_equal(margin(said), [[1.0, 3.0]])
    target, mask = torch.tensor([[[2, 0, 0, 1], [0, 0, 0, 0]]]), torch.tensor([[True, True]])
    softplus, minus = torch.nn.functional.softplus, torch.tensor
    expected = softplus(minus(-2.0)) + softplus(minus(-3.0))
    expected += softplus(minus(-1.5)) + softplus(minus(-1.0)) + softplus(minus(-4.0))
    assert loss(said, target, mask).item() == pytest.approx(expected.item() / 2)
