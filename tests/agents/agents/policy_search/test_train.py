"""Whole restarts: the table learns, and acts in the environment as it did in training."""

from dataclasses import replace

import numpy as np
import pytest

from neuralprog_agents.agents.policy_search import agent
from neuralprog_agents.agents.policy_search.agent import Config
from neuralprog_agents.agents.policy_search.repeats import Repeats
from neuralprog_agents.agents.policy_search.table import PolicyTable
from neuralprog_agents.agents.policy_search.train import PolicySearchLearner
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_envs.registry import make_task

HANOI = Config("NPIHanoi-v0", length=(1, 2))
EDITS = {
    "new_situations": "nearest",
    "state_abstraction": 0.5,
    "insert_action": 0.3,
    "delete_action": 0.2,
    "step_cost": 0.05,
}


def trained(config, index=0):
    learner = PolicySearchLearner(config, index)
    while not learner.finished:
        learner.advance(lambda: None)
    return learner


@pytest.mark.learning
def test_it_learns_the_towers_of_hanoi_from_rewards():
    learner = trained(HANOI)
    outcome = learner.outcome()
    assert outcome.success
    policy = policy_of("policy_search", outcome.tensors, outcome.card)
    scores = evaluate(policy, HANOI.env, [1, 2], 40, split="all")
    assert [score.success_rate for score in scores] == [1.0, 1.0]
    assert "HANOI:" in policy.program_text()
    again = trained(HANOI).outcome()
    assert again.tensors["actions"].tobytes() == outcome.tensors["actions"].tobytes()


def test_success_alone_pays_nothing_for_parts():
    parts = PolicySearchLearner(Config("NPIBubbleSort-v0", length=(3, 3)), 0)
    alone = PolicySearchLearner(Config("NPIBubbleSort-v0", length=(3, 3), reward="sparse"), 0)
    for learner in (parts, alone):
        learner.advance(lambda: None)
    assert any(0 < e.reward < 1 for e in parts.episodes)
    assert {e.reward for e in alone.episodes} <= {0.0, 1.0}


@pytest.mark.parametrize("settings", [{}, EDITS])
def test_rewards_are_those_of_the_policy_in_the_environment(settings):
    learner = PolicySearchLearner(Config("NPIBubbleSort-v0", length=(1, 3), **settings), 1)
    for _ in range(30):
        learner.advance(lambda: None)
    outcome = learner.outcome()
    policy = policy_of("policy_search", outcome.tensors, outcome.card)
    for posed, limit, episode in zip(
        learner._posed, learner._limits, learner.episodes, strict=True
    ):
        (played,) = policy.play(learner.task, posed, [limit])
        assert learner.task.score(played.episode.state(), posed)[0] == episode.reward


def test_an_episode_that_repeats_itself_ends_as_if_it_were_played_to_its_limit(monkeypatch):
    config, ends = Config("NPIBubbleSort-v0", length=(2, 3)), []
    for look in (Repeats.look, lambda *_: None):
        monkeypatch.setattr(Repeats, "look", look)
        learner = PolicySearchLearner(config, 0)
        for _ in range(3):
            learner.advance(lambda: None)
        ends.append(learner.episodes)
    assert ends[0] == ends[1]


def test_the_rounds_until_the_limit_are_left_out():
    task = make_task("NPIBubbleSort-v0", length=2)
    episode, repeats = task.machine.begin(task.pose_input([2, 1])), Repeats(1000)
    there, back = (task.library.actions[words] for words in ("PTR 1 RIGHT", "PTR 1 LEFT"))
    while episode.steps < repeats.limit:
        own = (episode.steps % 2,)
        repeats.look(episode, (*episode.frames[-1], *episode.view(), *own), [own])
        episode.step(back if episode.steps % 2 else there)
    assert episode.steps < 30
    assert episode.steps % 2 == 0  # as after 1,000


@pytest.mark.parametrize("settings", [{}, EDITS])
def test_a_proposal_that_is_undone_leaves_no_trace(settings):
    learner = PolicySearchLearner(Config("NPIAddition-v0", length=(1, 2), **settings), 0)
    learner.advance(lambda: None)
    before, episodes = dict(learner.table.choices), list(learner.episodes)
    undone = 0
    for _ in range(40):
        learner._propose([i for i, e in enumerate(learner.episodes) if e.reward < 1])
        if learner.episodes == episodes:
            undone += 1
            assert learner.table.choices == before
        before, episodes = dict(learner.table.choices), list(learner.episodes)
    assert 0 < undone < 40


def test_the_instances_that_join_are_those_where_a_check_failed():
    learner = PolicySearchLearner(Config("NPIBubbleSort-v0", length=(2, 4), pairs=2), 0)
    learner.advance(lambda: None)
    looked_at = []

    def right(instances, pulse):
        looked_at.append(instances)
        return np.arange(len(instances.length)) % 700 != 699

    learner._right = right
    learner.progress = replace(learner.progress, level=4)
    learner._check(lambda: None)
    joined = learner._posed[-2:]
    assert [one.pad.tolist() for one in joined] == [
        looked_at[0].pad[i : i + 1].tolist() for i in (699, 1399)
    ]


def test_only_legal_actions_are_drawn():
    task = make_task("NPIQuickSort-v0", length=3)
    table, moves = PolicyTable(task.machine, copy_action=0.5), task.machine.moves
    uniform = np.random.default_rng(0).random
    sizes = [count for _, count in task.machine.world.view]
    for _ in range(300):
        view = [int(uniform() * size) for size in sizes]
        program = 2 + int(uniform() * (len(task.machine.library.names) - 2))
        number = table.choose((program, 0, 0, 0, *view, 0), uniform)
        move = moves[table.actions[number]]
        assert program in move.callers
        assert move.holds is None or move.holds(tuple(view))


def situation_of(task, program, view, own):
    return (task.library.names.index(program), 0, 0, 0, *view, own)


def test_a_new_situation_does_what_is_put_before_it_or_as_the_nearest_where_that_is_legal():
    task = make_task("NPIAddition-v0", length=1)
    table = PolicyTable(task.machine, copy_action=0, nearest=True)
    number = {words: i for i, words in enumerate(task.library.words.values())}
    uniform = np.random.default_rng(0).random
    table.add(situation_of(task, "ADD", (9, 9, 10, 10), 0), number["CARRY"])
    table.add(situation_of(task, "ADD", (1, 1, 10, 10), 0), number["WRITE OUT 2"])
    similar = situation_of(task, "ADD", (9, 8, 10, 10), 0)
    assert table.choose(similar, uniform, number["RETURN"]) == number["RETURN"]
    table.forget()
    assert table.choose(similar, uniform) == number["CARRY"]
    table.forget()
    assert table.choose(similar, uniform, number["ADD"]) == number["CARRY"]
    assert table.choose(situation_of(task, "ADD", (9, 0, 10, 10), 0), uniform) != number["CARRY"]


def test_situations_alike_have_the_same_program_may_do_the_action_and_do_another():
    task = make_task("NPIAddition-v0", length=1)
    table = PolicyTable(task.machine, copy_action=0)
    number = {words: i for i, words in enumerate(task.library.words.values())}
    add = [situation_of(task, "ADD", (a, 9, 10, 10), own) for a in range(10) for own in (0, 5, 6)]
    for one in (*add, situation_of(task, "LSHIFT", (9, 9, 10, 10), 0)):
        table.add(one, number["RETURN"])
    table.choices[add[6]] = number["CARRY"]
    uniform, most = np.random.default_rng(0).random, set()
    for _ in range(50):
        alike = table.agreeing(add[4], number["CARRY"], uniform)
        assert set(alike) <= {one for one in add if one[4] > 0 and one[-1] > 0}
        most |= set(alike)
    assert most == {one for one in add if one[4] > 0 and one[-1] > 0}


def test_in_an_unknown_situation_it_does_as_in_the_nearest():
    outcome = trained(HANOI).outcome()
    policy = policy_of("policy_search", outcome.tensors, outcome.card)
    known = outcome.tensors["situations"]
    unknown = known[0].copy()
    unknown[-1] = 99
    rows = np.flatnonzero(known[:, 0] == unknown[0])
    nearest = min(rows, key=lambda row: (known[row] != unknown).sum())
    assert policy._number(unknown) == outcome.tensors["actions"][nearest]


@pytest.mark.parametrize("env", ["NRAMCopy-v0", "NPICanonicalize-v0", "NPTableQA-v0"])
def test_other_environments_are_refused_in_one_line(env):
    with pytest.raises(ValueError, match=f"NPI… tasks without pictures, and {env}") as error:
        agent.check(Config(env))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("situations", lambda a: a[:, 1:]),
        ("situations", lambda a: a[1:]),
        ("actions", lambda a: a + 10_000),
        ("actions", lambda a: a - 10_000),
        ("actions", lambda a: a.astype(np.int32)),
        ("situations", lambda a: np.where(np.arange(a.shape[1]) == 0, 10**6, a)),
        ("situations", lambda a: np.where(np.arange(a.shape[1]) == 0, -1, a)),
        ("situations", lambda a: np.where(np.arange(a.shape[1]) == a.shape[1] - 1, 10**6, a)),
    ],
)
def test_a_table_that_does_not_fit_is_refused_in_one_line(name, change):
    outcome = PolicySearchLearner(HANOI, 0)
    outcome.advance(lambda: None)
    found = outcome.outcome()
    tensors = {**found.tensors, name: change(found.tensors[name])}
    with pytest.raises(ValueError, match=name) as error:
        policy_of("policy_search", tensors, found.card)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "change",
    [
        {"env": "NRAMCopy-v0"},
        {"env": "NPICanonicalize-v0"},
        {"settings": {"length": 3}},
        {"settings": {"bogus": 1}},
        {"own_actions": 65},
    ],
)
def test_a_card_that_does_not_fit_is_refused_in_one_line(change):
    found = PolicySearchLearner(HANOI, 0).outcome()
    with pytest.raises(ValueError, match=r"without pictures|settings|own_actions") as error:
        policy_of("policy_search", found.tensors, {**found.card, **change})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "change",
    [{"own_actions": 65}, {"pairs": 10**11}, {"checked": 10**11}, {"test_lengths": (10**9,)}],
)
def test_what_no_card_or_memory_can_hold_is_refused_before_it_is_learned(change):
    with pytest.raises(ValueError, match=f"{next(iter(change))} must be"):
        Config("NPIHanoi-v0", **change)


def test_a_length_among_the_settings_is_refused():
    with pytest.raises(ValueError, match="settings cannot hold length"):
        agent.check(Config("NPIHanoi-v0", settings={"length": 3}))
