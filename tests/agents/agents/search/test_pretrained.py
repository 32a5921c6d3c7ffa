"""The shipped programs: the restart that a card names finds the same table again."""

import json

import numpy as np
import pytest

from neuralprog_agents.agents.search import agent
from neuralprog_agents.circuits.proofs import TapeProgram, exhaustive
from neuralprog_agents.circuits.search_config import SearchConfig as Config
from neuralprog_agents.circuits.tables import run
from neuralprog_agents.evaluation.agents import open_agent, pretrained
from neuralprog_agents.training import loop
from neuralprog_envs.core.instances import draw

CARDS = {
    name: json.loads((folder / "card.json").read_text())
    for name, folder in sorted(pretrained().items())
    if name.startswith("search-")
}
QUICK = [name for name, card in CARDS.items() if card["metrics"]["proposals"] <= 200_000]
"""Those whose winning restart takes a second or so; ``train`` with a card's config redoes any."""


@pytest.mark.parametrize("name", QUICK)
def test_the_winning_restart_reproduces_alone(name, tmp_path):
    card = CARDS[name]
    found = again(card, tmp_path)
    assert found.success
    np.testing.assert_array_equal(found.tensors["table"], open_agent(name).policy.table)
    for metric in ("proposals", "best"):
        assert found.metrics[metric] == card["metrics"][metric]


def again(card, folder):
    plain = {k: tuple(v) if isinstance(v, list) else v for k, v in card["config"].items()}
    return loop.restart(agent, Config(**plain), card["restart"], folder)


HALTING = [name for name, card in CARDS.items() if card["config"]["halt"]]


@pytest.mark.parametrize("name", HALTING)
@pytest.mark.parametrize("spare", [0, 3, 20, 60])
def test_a_program_that_halts_does_so_whatever_the_memory(name, spare):
    policy = open_agent(name).policy
    program = TapeProgram(policy.env_id, policy.table, policy.limit)
    length = 2 * policy.lengths[1]
    task = program.task(length, program.algorithm.memory_size(length) + spare)
    posed = draw(task, 0, np.arange(50), (length, length), "all")
    final = run(task.machine, policy.table, posed, np.full(50, policy.limit(length)))
    assert final.halted.all()
    assert (task.score(final, posed) == 1).all()


@pytest.mark.parametrize("name", CARDS)
def test_the_shortest_inputs_are_right_too(name):
    """Lengths 1 and 2 have no held-out instances, so no score shows them."""
    policy = open_agent(name).policy
    proof = exhaustive.prove(TapeProgram(policy.env_id, policy.table, policy.limit), numbers=5)
    assert proof.cases
    assert not proof.failing
