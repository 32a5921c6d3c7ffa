"""The tree search, guided by a network that knows nothing."""

import numpy as np
import pytest

from neuralprog_agents.agents.alphanpi.config import Config
from neuralprog_agents.agents.alphanpi.search import TreeSearch
from neuralprog_agents.specifications.call_model import STOP, make_call_model

CONFIG = Config("NPIBubbleSort", length=(2, 5), simulations=200)
CALL_MODEL = make_call_model(CONFIG.env, CONFIG.recursive, 8)


def know_nothing(program, views):
    return np.full(len(CALL_MODEL.choices), 1 / len(CALL_MODEL.choices)), 0.0


def searched(name, seed):
    rng = np.random.default_rng(seed)
    program = next(
        p for p in CALL_MODEL.programs if CALL_MODEL.machine.library.program(p).name == name
    )
    state = CALL_MODEL.sample(program, 2 + seed % 4, rng)
    return state, TreeSearch(CONFIG, CALL_MODEL, know_nothing, program, state, rng).run()


@pytest.mark.parametrize("name", ["COMPSWAP", "RSHIFT", "LSHIFT", "BSTEP", "BUBBLE", "BUBBLESORT"])
def test_it_finds_what_is_specified_without_a_network(name):
    calls = [searched(name, seed)[1] for seed in range(12)]
    assert sum(call.outcome > 0 for call in calls) >= 6


def test_a_call_is_worth_its_discount_or_nothing():
    for seed in range(12):
        _, call = searched("RSHIFT", seed)
        assert call.outcome in {0.0, CONFIG.discount ** len(call.views)}


def test_visits_are_frequencies_of_legal_choices():
    for seed in range(12):
        state, call = searched("BSTEP", seed)
        assert len(call.policies) == len(call.views) <= CONFIG.most_steps(5)
        np.testing.assert_allclose(call.policies.sum(axis=1), 1)
        legal = CALL_MODEL.legal(call.program, state, state)
        assert set(np.flatnonzero(call.policies[0])) <= set(legal)


def test_the_last_step_is_the_return():
    for seed in range(30):
        _, call = searched("BUBBLESORT", seed)
        if len(call.views) == CONFIG.most_steps(5):
            assert call.policies[-1][STOP] == 1


def test_it_is_a_function_of_its_generator():
    one, other = searched("BUBBLE", 5)[1], searched("BUBBLE", 5)[1]
    assert one.views == other.views
    np.testing.assert_array_equal(one.policies, other.policies)
