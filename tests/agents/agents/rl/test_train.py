"""Learners leave global generators alone, and learn; their policies act as trained."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from neuralprog_agents.agents.rl import agent
from neuralprog_agents.agents.rl.agent import Config
from neuralprog_agents.agents.rl.algorithms import ALGORITHMS, options_of
from neuralprog_agents.agents.rl.self_imitation import SuccessMemory, _episodes
from neuralprog_agents.agents.rl.setup import first_bias, setup_of, table_of
from neuralprog_agents.agents.rl.vec_env import ProgramVecEnv
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.training import config as settings
from neuralprog_agents.training.loop import contained_randomness, restart

ROOT = Path(__file__).parents[4]
SMALL = {
    "envs": 8,
    "budget": 1200,
    "validation_interval": 400,
    "validation_episodes": 20,
    "width": 16,
    "layers": (8,),
    "options": {
        "PPO": {"n_steps": 16, "batch_size": 64},
        "RecurrentPPO": {"n_epochs": 2},
        "DQN": {"learning_starts": 200, "buffer_size": 600, "batch_size": 32},
        "BC": {"demonstrations": 50, "batch_size": 16},
    },
}


def small(algorithm, env="NRAMAccess-v0", **more):
    return Config(env=env, algorithm=algorithm, **{**SMALL, **more})


def run(config, folder, index=0):
    reports = []
    return restart(agent, config, index, folder, reports.append), reports


@pytest.mark.parametrize("algorithm", ["PPO", "DQN", "BC"])
def test_global_generators_are_left_alone(algorithm, tmp_path):
    def states():
        numpy = np.random.get_state()  # noqa: NPY002
        return random.getstate(), numpy[1].tolist(), torch.get_rng_state().tolist()

    before = states()
    config = small(algorithm, budget=300)
    agent.check(config)
    outcome, _ = run(config, tmp_path)
    policy_of("rl", outcome.tensors, outcome.card)
    assert states() == before


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    ("env", "length", "more"),
    [
        ("NRAMCopy-v0", (1, 2), {}),
        ("NPIBubbleSort-v0", (3, 3), {"fields": ("view", "program", "arguments")}),
        ("NPSingleColumn-v0", (5, 5), {"fields": ("question", "pivot_positions", "program")}),
    ],
)
def test_a_loaded_policy_acts_as_the_trained_one(algorithm, env, length, more, tmp_path):
    config = small(algorithm, env, length=length, budget=300, **more)
    agent.check(config)
    outcome, reports = run(config, tmp_path)
    policy = policy_of("rl", outcome.tensors, outcome.card)
    score = next(iter(evaluate(policy, env, [length[1]], 30, split="train")))
    assert score.mean_steps >= 1
    assert outcome.metrics["samples"] >= 300
    assert reports[-1]["samples"] == outcome.metrics["samples"]


@pytest.mark.parametrize("judgements", [0, 1])
def test_one_stopped_early_returns_what_it_has_learned(judgements, tmp_path):
    """The best that was judged; without a judgement, the network as it is."""
    seen = []
    config = small("PPO", validation_interval=300)
    outcome = restart(agent, config, 0, tmp_path, seen.append, lambda: len(seen) >= judgements)
    assert outcome.metrics["samples"] < 1200
    assert outcome.metrics["success"] == (seen[0]["success"] if seen else -1)
    assert policy_of("rl", outcome.tensors, outcome.card).settings(1)


def test_a_network_is_bound_to_the_memory_that_it_sees(tmp_path):
    outcome, _ = run(small("PPO", "NRAMCopy-v0", length=(1, 2), budget=100), tmp_path)
    policy = policy_of("rl", outcome.tensors, outcome.card)
    assert policy.settings(4)["memory_size"] == 9
    with pytest.raises(ValueError, match="lengths go from 1 to 4"):
        policy.settings(5)


def test_flags_and_circuits_act_at_any_memory_size(tmp_path):
    circuits = {"action": "circuit", "observation": "flags"}
    config = small("PPO", "NRAMIncrement-v0", settings=circuits, budget=100)
    outcome, _ = run(config, tmp_path)
    policy = policy_of("rl", outcome.tensors, outcome.card)
    assert [score.length for score in evaluate(policy, policy.env_id, [5, 50], 5)] == [5, 50]


def test_fields_that_grow_with_the_length_bind_a_network(tmp_path):
    config = small("PPO", "NPSingleColumn-v0", length=(5, 5), budget=100)
    outcome, _ = run(config, tmp_path)
    policy = policy_of("rl", outcome.tensors, outcome.card)
    policy.settings(5)
    with pytest.raises(ValueError, match=r"has shape .* the network was made for shape"):
        policy.settings(6)


def test_action_probabilities_are_those_of_legal_choices(tmp_path):
    config = small("MaskablePPO", "NPIBubbleSort-v0", budget=100)
    outcome, _ = run(config, tmp_path)
    policy = policy_of("rl", outcome.tensors, outcome.card)
    env = ProgramVecEnv(config.env, 8)
    env.seed(0)
    seen, masks = env.reset(), env.action_masks()
    policy.start(env.num_envs)
    actions = policy.act(seen, masks)
    found = policy.action_probabilities()
    assert list(found) == ["program", "a1", "a2", "a3"]
    probabilities = np.concatenate(list(found.values()), axis=1)
    assert (probabilities[~masks] < 1e-6).all()
    for column, part in enumerate(found.values()):
        np.testing.assert_allclose(part.sum(axis=1), 1.0, atol=1e-5)
        np.testing.assert_array_equal(part.argmax(axis=1), actions[:, column])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"algorithm": "DQN", "settings": {"action": "circuit"}}, "flat actions"),
        ({"algorithm": "BC", "settings": {"action": "circuit"}}, "experts choose no circuits"),
        ({"env": "NPICanonicalize-v0"}, "pictures"),
        ({"fields": ("pad",)}, "has no observation 'pad'"),
        ({"options": {"PPO": {"speed": 9}}}, "options.PPO: unknown setting speed: did you mean"),
        ({"options": {"PPO": {"n_steps": "many"}}}, "options.PPO: n_steps: expected int, got many"),
        ({"options": {"PPO": {"n_steps": [1]}}}, "options.PPO: n_steps: expected int"),
        ({"options": {"PPO": {"batch_size": 0}}}, "options.PPO: batch_size must be at least 2"),
        ({"options": {"PPO": {"n_epochs": -1}}}, "options.PPO: n_epochs must be at least 1"),
        ({"options": {"PPO": {"learning_rate": -0.1}}}, "learning_rate must be above 0"),
        ({"settings": {"memorysize": 12}}, "settings: NRAM.* has no setting 'memorysize'"),
        ({"options": {"SAC": {}}}, "unknown algorithm"),
        ({"options": {"PPO": {"ent_coef_end": 0}}}, "ent_coef_end must be above 0"),
        ({"options": {"PPO": {"ent_coef": 0, "ent_coef_end": 0.1}}}, "ent_coef must be above 0"),
        ({"algorithm": "DQN", "options": {"DQN": {"ent_coef_end": 0.1}}}, "unknown setting"),
        ({"self_imitation": 0.1}, "self_imitation_key: the network does not see 'question'"),
        ({"self_imitation": 0.1, "algorithm": "RecurrentPPO"}, "RecurrentPPO is not among PPO"),
        ({"curriculum": 1.5}, "curriculum must be at least 0 and at most 1"),
        (
            {"env": "NPTableQA-v0", "algorithm": "DQN", "options": {"DQN": {"n_steps": 3}}},
            "n_steps above 1 needs fields of integers only",
        ),
        ({"length": (9, 9), "settings": {"memory_size": 9}}, "lengths"),
        (
            {"envs": 1, "options": {"PPO": {"n_steps": 1}}},
            "options.PPO: `n_steps . n_envs` must be",
        ),
        ({"options": {"PPO": {"use_sde": True}}}, "options.PPO: .* only be used with continuous"),
    ],
)
def test_what_does_not_go_together_is_told_in_one_line(settings, message):
    with pytest.raises(ValueError, match=message) as error:
        agent.check(Config(**{"env": "NRAMCopy-v0", **settings}))
    assert "\n" not in str(error.value)


def test_entropy_and_rate_fall_to_their_ends():
    options = {"n_steps": 16, "batch_size": 64, "ent_coef": 0.1, "learning_rate": 1e-2}
    ends = {"ent_coef_end": 1e-3, "learning_rate_end": 1e-4}
    learner = agent.learner(small("PPO", budget=1280, options={"PPO": options | ends}), 0)
    seen = []
    with contained_randomness():
        while not learner.finished:
            learner.advance(lambda: None)
            rate = learner.model.policy.optimizer.param_groups[0]["lr"]
            seen.append((learner.model.ent_coef, rate))
    assert seen == sorted(seen, reverse=True)
    steps = 1280 - 8 * 16  # those before the last rollout
    assert learner.model.ent_coef == pytest.approx(0.1 * 0.01 ** (steps / 1280))
    assert rate == pytest.approx(1e-4)


def test_a_curriculum_goes_on_when_enough_episodes_succeed():
    config = small(
        "PPO", "NPIMax-v0", length=(1, 3), curriculum=0.9, flat=True, reward="sparse",
        halt_bias=20.0,
        options={"PPO": {"n_steps": 16, "batch_size": 64, "stats_window_size": 30}},
    )  # fmt: skip
    learner = agent.learner(config, 0)
    tops = []
    with contained_randomness():
        while not learner.finished:
            tops.append(learner.curriculum.top)
            assert learner.env.get_attr("lengths", 0) == [(1, tops[-1])]
            learner.advance(lambda: None)
    assert tops[0] == 1
    assert sorted(tops) == tops
    assert tops[-1] == 2  # an array of one item needs a return only, one of two more


def test_relatives_of_ppo_take_its_options():
    assert options_of(small("PPO"))["n_epochs"] == 4
    for name, epochs in (("MaskablePPO", 4), ("RecurrentPPO", 2)):
        options = options_of(small(name))
        assert (options["n_steps"], options["batch_size"], options["n_epochs"]) == (16, 64, epochs)
    assert options_of(small("A2C"))["n_steps"] == ALGORITHMS["A2C"].defaults["n_steps"]


@pytest.mark.parametrize("fields", [["order", "last_actions"], ["order", "tape"]])
def test_a_tape_policy_fits_every_memory_unless_it_sees_what_grows(fields):
    config = small("PPO", settings={"observation": "pointers", "last_actions": 2}, fields=fields)
    policy = agent.learner(config, 0).validation._policy
    if "tape" in fields:
        with pytest.raises(ValueError, match="fits one machine only"):
            policy.settings(50)
    else:
        assert "memory_size" not in policy.settings(50)


def test_halting_is_rare_and_operations_alike_at_first():
    for env, ending in (("NRAMCopy-v0", -1), ("NPIMax-v0", 0)):
        config = small("PPO", env, flat=True, halt_bias=-3.0)
        setup = setup_of(config)
        bias, table = first_bias(setup, -3.0), table_of(setup)
        chance = np.exp(bias) / np.exp(bias).sum()
        assert bias[ending] == -3 - np.log(np.bincount(table[:, 0]))[-1] * (ending == -1)
        if env == "NRAMCopy-v0":
            shares = [chance[table[:, 0] == operation].sum() for operation in range(15)]
            np.testing.assert_allclose(shares[:14], shares[0], rtol=1e-5)
            np.testing.assert_allclose(shares[14], shares[0] * np.exp(-3), rtol=1e-5)


def test_a_memory_prefers_what_is_always_right_and_survives_as_arrays():
    memory = SuccessMemory()

    def steps(action):
        return {"observations": np.full((2, 3), action), "actions": np.full((2, 1), action)}

    memory.add(b"question", steps(9), right=False)
    assert memory.programs == {}
    for i in range(40):
        memory.add(b"question", steps(1), right=i % 2 == 0)
        memory.add(b"question", steps(2), right=True)
    for action in range(100):
        memory.add(b"another?", steps(action), right=True)
    assert len(memory.programs[b"another?"]) == 64
    known = memory.programs[b"question"]
    assert [(p.hits, p.misses) for p in known.values()] == [(20, 20), (40, 0)]
    for kept in (memory, SuccessMemory.of(memory.arrays())):
        drawn = [e["actions"][0, 0] for e in kept.draw(np.random.default_rng(0), 800)]
        questions = [action for action in drawn if action in (1, 2)]
        assert questions.count(2) > 150
        assert questions.count(1) < 10
    again = SuccessMemory.of(memory.arrays()).arrays()
    assert all(np.array_equal(again[name], array) for name, array in memory.arrays().items())


def test_only_whole_episodes_are_remembered():
    assert list(_episodes([2, 5], [1, 4])) == [(2, 4)]
    assert list(_episodes([0, 3], [2])) == [(0, 2)]
    assert list(_episodes([], [3])) == []


def test_missing_libraries_are_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "sb3_contrib", None)
    with pytest.raises(ModuleNotFoundError, match="sb3_contrib"):
        agent.check(Config(env="NRAMCopy-v0"))


def test_it_looks_at_the_clock_while_it_watches_the_expert_and_while_it_is_validated():
    learner, pulses = agent.learner(small("BC"), 0), []
    while not learner.validation.at:
        learner.advance(lambda: pulses.append(learner.steps))
    assert pulses.count(0) > SMALL["options"]["BC"]["demonstrations"] + 1  # also as it replays them
    assert pulses.count(learner.steps) > 1


def test_supervision_says_what_it_learns_from():
    config = Config(env="NRAMCopy-v0")
    assert agent.supervision(config) == "rewards: shaped by a potential"
    assert agent.supervision(replace(config, reward="progress")) == "rewards: partial credit"
    assert agent.supervision(replace(config, reward="sparse")) == "rewards: success alone"
    assert agent.supervision(Config(env="NRAMCopy-v0", algorithm="BC")) == "demonstrations"


@pytest.mark.learning
def test_masked_ppo_learns_to_sort_three_items(tmp_path):
    path = ROOT / "configs" / "rl" / "bubblesort-3.yaml"
    config = settings.parse("rl", path, ["--budget", "250000"])
    restarts = (run(config, tmp_path / str(i), index=i)[0] for i in range(3))
    outcome = next(outcome for outcome in restarts if outcome.success)
    policy = policy_of("rl", outcome.tensors, outcome.card)
    score = next(iter(evaluate(policy, policy.env_id, [3], 300, seed=9)))
    assert score.success_rate >= 0.99


@pytest.mark.learning
def test_cloning_learns_to_answer_questions(tmp_path):
    path = ROOT / "configs" / "rl" / "table-bc.yaml"
    config = settings.parse("rl", path, ["--length", "[5, 9]"])
    outcome, _ = run(config, tmp_path)
    assert outcome.success
    policy = policy_of("rl", outcome.tensors, outcome.card)
    score = next(iter(evaluate(policy, policy.env_id, [60], 300)))
    assert score.success_rate >= 0.99


def test_a_length_among_the_settings_is_refused():
    with pytest.raises(ValueError, match="settings cannot hold length"):
        agent.check(Config("NPIHanoi-v0", settings={"length": 3}))
