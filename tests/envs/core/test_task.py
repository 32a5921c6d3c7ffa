"""A machine is dynamics alone: it has the ten members of the protocol and nothing of a display."""

import pytest

from neuralprog_envs import make_task
from neuralprog_envs.core.display import Display
from neuralprog_envs.core.task import Machine
from neuralprog_envs.interfaces.display import display_of

DYNAMICS = {
    "actions", "action_names", "observation", "initial", "step", "advance", "halted", "observe",
    "action_mask", "begin",
}  # fmt: skip


def members(kind):
    return {name for name in vars(kind) if not name.startswith("_")}


def test_the_protocol_of_a_machine_has_ten_members():
    assert members(Machine) == DYNAMICS


@pytest.mark.parametrize("env_id", ["NRAMCopy-v0", "NPIHanoi-v0", "NPTableQA-v0"])
def test_a_machine_has_dynamics_and_its_display_has_the_rest(env_id):
    machine = make_task(env_id).machine
    assert members(type(machine)) >= DYNAMICS
    assert not members(type(machine)) & members(Display)
    assert members(type(display_of(machine))) >= members(Display)
