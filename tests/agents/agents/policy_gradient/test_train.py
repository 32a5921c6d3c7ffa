"""Whole restarts: the policy learns, and what it learned acts."""

from dataclasses import replace

import numpy as np
import pytest

from neuralprog_agents.agents.policy_gradient import agent, kernel
from neuralprog_agents.agents.policy_gradient.agent import Config
from neuralprog_agents.agents.policy_gradient.train import PolicyGradientLearner, runnable
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.evaluate import evaluate

WALKS = {"reward": "progress", "neighbour_share": 1.0, "learning_rate": 0.02, "entropy": 0.3}
INCREMENT = Config("NRAMIncrement-v0", registers=2, length=(1, 5), steps=(1, 1), spare=8)

UNVEILED = Config(
    "NRAMReverse-v0", length=(1, 4), steps=(2, 2), **WALKS, programs=1_000_000,
    annealing_programs=200_000, tied=0.5, join=0.05, change_unvisited=0.1, unveil=True,
)  # fmt: skip


def trained(config, index=0):
    learner = PolicyGradientLearner(config, index)
    while not learner.finished:
        learner.advance(lambda: None)
    return learner


@pytest.mark.learning
def test_a_learning_policy_finds_copy_and_a_frozen_one_does_not():
    settings = {"env": "NRAMCopy-v0", "length": (1, 5), "steps": (2, 2)}
    assert trained(Config(**settings), index=1).success
    assert not trained(Config(**settings, learning_rate=0.0), index=1).success


@pytest.mark.learning
def test_success_alone_teaches_increment_and_a_frozen_policy_does_not_find_it():
    outcome = trained(INCREMENT).outcome()
    assert outcome.success
    assert (
        trained(INCREMENT).outcome().tensors["table"].tobytes()
        == outcome.tensors["table"].tobytes()
    )
    policy = policy_of("policy_gradient", outcome.tensors, outcome.card)
    assert all(s.success_rate == 1.0 for s in evaluate(policy, INCREMENT.env, [10, 50], 50))
    assert "def increment" in policy.program_source()
    assert all(proof.holds for proof in policy.prove())
    assert not trained(Config(**{**vars(INCREMENT), "learning_rate": 0.0})).success


def test_a_policy_with_learning_rate_0_stays_as_it_began():
    for algorithm in ("reinforce", "cross_entropy"):
        config = Config(
            **{**vars(INCREMENT), "learning_rate": 0.0, "programs": 2000, "algorithm": algorithm}
        )
        learner = trained(config)
        np.testing.assert_array_equal(
            learner.policy.logits, PolicyGradientLearner(config, 1).policy.logits
        )


@pytest.mark.learning
def test_annealing_finds_swap():
    settings = {"registers": 4, "length": (2, 5), "steps": (6,), "programs": 1_000_000}
    learner = trained(Config("NRAMSwap-v0", **settings, **WALKS))
    assert learner.success
    assert learner.policy.updates > 10


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_the_annealing_begins_anew(share):
    config = Config(
        **{
            **vars(INCREMENT),
            "neighbour_share": share,
            "annealing_programs": 2000,
            "programs": 20_000,
        }
    )
    learner = PolicyGradientLearner(config, 0)
    for _ in range(10):
        learner._advance()
        own = learner.progress.walked
        assert own <= share * learner.progress.programs
        assert (learner.current.tables == kernel.UNUSED).all() == (own == 0)


@pytest.mark.parametrize("algorithm", ["reinforce", "risk_seeking", "mapo", "cross_entropy"])
def test_every_algorithm_raises_the_mean_return(algorithm):
    config = Config(
        "NRAMCopy-v0", length=(1, 3), steps=(2, 2), reward="progress", programs=20_000,
        algorithm=algorithm, learning_rate=0.1, entropy=0.0,
    )  # fmt: skip
    learner = PolicyGradientLearner(config, 0)
    learner.advance(lambda: None)
    before = learner.status()["mean"]
    learner.advance(lambda: None)
    assert learner.finished
    assert learner.status()["mean"] > before + 0.02


def test_remembered_programs_are_scored_anew_when_other_pairs_come_into_use():
    config = Config(**{**vars(INCREMENT), "begin": 2, "programs": 100_000})
    learner = PolicyGradientLearner(config, 0)
    while not learner.progress.fits:
        learner.advance(lambda: None)
    assert learner.memory.returns.max() < 1.0 or learner.found is not None


def test_its_reward_is_told():
    assert agent.supervision(INCREMENT).endswith("success alone")
    partial = Config(**{**vars(INCREMENT), "reward": "progress"})
    assert agent.supervision(partial).endswith("partial credit")
    hinted = Config(**{**vars(partial), "hint": 0.1})
    assert agent.supervision(hinted).endswith("partial credit, also for having read the answer")
    assert agent.supervision(replace(hinted, reward="sparse")).endswith("success alone")
    assert agent.supervision(UNVEILED).endswith("partial credit, cell by cell")
    assert (INCREMENT.returns.exact, INCREMENT.returns.cells) == (1.0, 0.0)
    assert (partial.returns.exact, partial.returns.cells) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"quantile": 0.0}, "quantile must be above 0"),
        ({"register": 1.0}, "register"),
        ({"begin": 9}, "begin must be 0 or from 1 to 5, got 9"),
        ({"pairs": 200}, "pairs must be at least 256"),
        ({"steps": (0,)}, "steps must give 1 to 255 steps"),
        ({"prefix": 0.8}, "must be at most 1 together, got 1.3"),
        ({"unveil": True, "reward": "progress"}, "unveil needs a neighbour_share of 1"),
        ({"unveil": True, "neighbour_share": 1.0}, "and reward: progress"),
        ({**WALKS, "unveil": True, "halt": True}, "unveil and halt exclude each other"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Config(**{**vars(INCREMENT), **settings})


@pytest.mark.learning
def test_a_learned_module_is_called():
    settings = {"length": (4, 9), "steps": (4,), "spare": 0, "modules": ("library-gcd",)}
    learner = trained(Config("NRAMGcd-v0", **settings, **WALKS, programs=500_000))
    outcome = learner.outcome()
    assert outcome.success
    policy = policy_of("policy_gradient", outcome.tensors, outcome.card)
    assert policy.learned == learner.learned
    assert "GCD(" in policy.program_text()
    assert all(s.success_rate == 1.0 for s in evaluate(policy, "NRAMGcd-v0", [40], 50))


@pytest.mark.learning
def test_answers_are_learned_cell_by_cell():
    """One more counts when all are right; a new annealing begins with one."""
    learner, cells = PolicyGradientLearner(UNVEILED, 0), 1
    seen = {cells}
    while not learner.finished:
        learner._advance()
        right = learner.judge.right(runnable(learner.memory.tables[0]), learner.judge.rows)
        assert right.all() == (learner.memory.returns[0] == 1.0)  # in all cells
        begun, now = learner.progress.walked == 0, learner.progress.unveiled
        assert now == 1 if begun else now in (cells, {4: 0}.get(cells + 1, cells + 1))
        assert learner.status()["cells"] == now
        cells = now
        seen.add(cells)
    assert learner.success
    assert max(seen) > 1


def test_a_restart_goes_on_where_some_cells_count():
    config = Config(**{**vars(UNVEILED), "env": "NRAMCopy-v0", "programs": 60_000})
    learner = PolicyGradientLearner(config, 0)
    while learner.progress.unveiled < 2:
        learner._advance()
        assert not learner.finished
    tensors, metadata = learner.state()
    other = PolicyGradientLearner(config, 0)
    other.restore({name: tensor.copy() for name, tensor in tensors.items()}, metadata)
    for one in (learner, other):
        for _ in range(5):
            one._advance()
    for name, tensor in learner.state()[0].items():
        np.testing.assert_array_equal(tensor, other.state()[0][name])
    assert learner.progress == other.progress
