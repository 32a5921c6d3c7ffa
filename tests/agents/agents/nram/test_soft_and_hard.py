"""The soft machine on one-hot choices is the hard machine of the environments."""

import numpy as np
import pytest
import torch

from neuralprog_agents.agents.nram.model import run_soft_step
from neuralprog_agents.agents.nram.shape import Shape
from neuralprog_agents.circuits.program import with_learned
from neuralprog_envs.tape.machine import TapeMachine
from neuralprog_envs.tape.state import TapeInstances
from tests.agents.agents.nram.one_hot import one_hot_wiring
from tests.agents.circuits.modules import of_expert

B, T = 40, 6


LIBRARY = (of_expert("NRAMRemainder"), of_expert("NRAMDouble"))


def machine_of(shape):
    R, M, modules = shape.registers, shape.memory, with_learned(shape.learned)
    return TapeMachine(M, R, "circuit", "flags", shape.repetitions, modules)


@pytest.mark.parametrize("learned", [(), LIBRARY])
@pytest.mark.parametrize(("registers", "memory", "repetitions"), [(1, 3, 1), (3, 8, 1), (4, 11, 2)])
def test_one_hot_wirings_run_as_circuits(registers, memory, repetitions, learned):
    random = np.random.default_rng(0)
    shape = Shape(registers, memory, repetitions, learned=learned)
    machine = machine_of(shape)
    tape = random.integers(0, memory, (B, memory), dtype=np.int32)
    state = machine.initial(TapeInstances(tape, tape, tape > 0, tape[:, 0]))
    soft_tape = torch.nn.functional.one_hot(torch.as_tensor(tape).long(), memory).double()
    soft_registers = torch.zeros(B, registers, memory, dtype=torch.float64)
    soft_registers[..., 0] = 1.0
    for _ in range(T):
        action = random.integers(0, machine.actions, (B, len(machine.actions)))
        state = machine.step(state, action)
        wiring = one_hot_wiring(torch.as_tensor(action), shape)
        soft_tape, soft_registers = run_soft_step(soft_tape, soft_registers, wiring, shape)
        for soft, hard in ((soft_tape, state.tape), (soft_registers, state.registers)):
            np.testing.assert_array_equal(soft.argmax(-1).numpy(), hard)
            assert torch.allclose(soft.max(-1).values, torch.ones(()).double(), atol=1e-12)


def test_the_action_space_is_the_controllers_choices():
    for registers, repetitions, learned in ((2, 1, ()), (5, 2, ()), (3, 2, LIBRARY)):
        shape = Shape(registers, 8, repetitions, learned=learned)
        machine = machine_of(shape)
        assert machine.actions == (*(s.size for s in shape.softmaxes), 2)
