"""Gradient and discrete repair in turn."""

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


@pytest.mark.learning
def test_the_hybrid_learns_to_swap_and_writes_it_into_weights(tmp_path):
    outcomes = [restart(agent, SWAP, index, tmp_path / f"{index}") for index in range(6)]
    learned = [outcome for outcome in outcomes if outcome.success]
    assert len(learned) >= 3
    policy = policy_of("nram", learned[0].tensors, learned[0].card)
    scores = list(evaluate(policy, "NRAMSwap-v0", (10, 100), 50))
    assert [score.success_rate for score in scores] == [1.0, 1.0]


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
