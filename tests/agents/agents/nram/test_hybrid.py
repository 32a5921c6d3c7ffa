"""Gradient and discrete repair in turn."""

import json
from dataclasses import replace

import numpy as np
import pytest

from neuralprog_agents.agents.nram import agent, judge, train
from neuralprog_agents.agents.nram.compile import rewire
from neuralprog_agents.agents.nram.config import Config
from neuralprog_agents.agents.nram.data import pairs
from neuralprog_agents.agents.nram.discretise import Stepper, circuit_table
from neuralprog_agents.agents.nram.repair import Repair
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.training.loop import restart

SWAP = Config(
    env="NRAMSwap", registers=4, length=(2, 5), steps=(0, 6),
    turns=3, budget=300, repair=200_000,
)  # fmt: skip

GCD = Config(
    env="NRAMGcd-v0", modules=("library-gcd",), length=(5, 6), steps=(0, 3),
    turns=2, budget=200, repair=200_000,
)  # fmt: skip


@pytest.mark.learning
def test_the_hybrid_learns_to_swap_and_writes_it_into_weights(tmp_path):
    outcomes = [restart(agent, SWAP, index, tmp_path / f"{index}") for index in range(6)]
    learned = [outcome for outcome in outcomes if outcome.success]
    assert len(learned) >= 3
    policy = policy_of("nram", learned[0].tensors, learned[0].card)
    scores = list(evaluate(policy, "NRAMSwap-v0", (10, 100), 50))
    assert [score.success_rate for score in scores] == [1.0, 1.0]


@pytest.mark.learning
def test_a_learned_module_is_called(tmp_path):
    outcome = restart(agent, GCD, 1, tmp_path)
    assert outcome.success
    policy = policy_of("nram", outcome.tensors, json.loads(json.dumps(outcome.card)))
    assert [module.name for module in policy.learned] == ["GCD"]
    assert "GCD(" in policy.program_text()
    assert all(score.success_rate == 1.0 for score in evaluate(policy, GCD.env, (40,), 50))
    changed = outcome.tensors | {"module.GCD": np.flip(outcome.tensors["module.GCD"], 0)}
    with pytest.raises(ValueError, match="module GCD is not the one that the card names"):
        policy_of("nram", changed, outcome.card)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"modules": ("nonexistent",)}, "unknown agent"),
        ({"modules": ("search-copy",)}, "no function of numbers"),
        ({"modules": ("library-gcd", "library-gcd")}, "name each once"),
        ({"start": "library-factorial"}, "no table of circuits"),
        ({"start": "search-sort"}, "other learned modules"),
        ({"start": "expert", "registers": 7, "repair": 0}, "another list of modules"),
    ],
)
def test_what_is_no_module_of_its_machine_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        agent.check(replace(GCD, **changes))


def test_what_fits_is_right_on_every_pair_on_the_slow_machine_too():
    shape = train.shape_of(SWAP)
    random = np.random.default_rng(0)
    fits = 0
    for turn in range(4):
        table = random.integers(0, [*(s.size for s in shape.softmaxes), 2], (16, shape.choices))
        table[:, -1] = 0
        repair = Repair(SWAP, 0, turn, table)
        while not repair.finished:
            repair.advance()
        found = repair.found()
        theta = rewire(np.zeros(shape.size, np.float32), shape, found.table, found.patterns)
        assert judge.fits(SWAP, Stepper(theta, shape)) == found.fits
        assert set(circuit_table(theta, shape)[list(found.patterns)].ravel()) == set(
            found.table[list(found.patterns)].ravel()
        )
        fits += found.fits
    assert fits > 0


def test_a_run_has_one_list_of_pairs_with_every_length():
    posed = pairs(SWAP)
    assert len(posed.length) + SWAP.longer_pairs == SWAP.pairs
    counts = np.bincount(posed.length)[2:]
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"repetitions": 2}, "one repetition"),
        ({"controller": "lstm"}, "needs an mlp"),
        ({"registers": 6}, "hidden must be at least 64"),
        ({"initial_temperature": 0.001}, "final_temperature must be at most initial"),
        ({"hint": 0.4, "contrast": 0.2}, "at most 0.5 together"),
        ({"pairs": 200}, "at least 128 more than longer_pairs"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(SWAP, **changes)


def test_tapes_too_long_for_the_compiled_machine_are_refused():
    with pytest.raises(ValueError, match="at most 128 cells"):
        agent.check(replace(SWAP, length=(2, 200)))
