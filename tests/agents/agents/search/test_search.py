"""Whole restarts: they learn, and are the same every time."""

import numpy as np
import pytest

from neuralprog_agents import registry
from neuralprog_agents.agents.search import agent
from neuralprog_agents.agents.search.agent import Config
from neuralprog_agents.benchmark import search as bench
from neuralprog_agents.circuits import examples, tables
from neuralprog_agents.circuits.search import ROUND, SearchLearner
from neuralprog_agents.evaluation.agents import policy_of
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.training.loop import restart
from neuralprog_envs.core import batch

INCREMENT = Config("NRAMIncrement-v0", registers=2, length=(1, 5), steps=(2, 2))
HARD = Config("NRAMSort-v0", length=(2, 4), steps=(1, 0, 0), proposals=4 * ROUND)


def trained(learner, after=lambda: None):
    while not learner.finished:
        learner.advance(lambda: None)
        after()
    return learner.outcome()


@pytest.mark.learning
@pytest.mark.parametrize("halt", [False, True])
def test_increment_is_learned_and_right_at_ten_times_the_length(tmp_path, halt):
    config = Config(**{**vars(INCREMENT), "halt": halt, "steps": (3, 3)})
    outcomes = (restart(agent, config, i, tmp_path / str(i)) for i in range(9))
    outcome = next(outcome for outcome in outcomes if outcome.success)
    assert outcome.metrics["samples"] <= config.pairs
    policy = policy_of("search", outcome.tensors, outcome.card)
    for score in evaluate(policy, config.env, [10, 50], 50):
        assert score.success_rate == 1.0
        if halt:
            assert score.mean_steps < policy.limit(score.length)


def test_a_restart_depends_on_seed_and_index_alone(tmp_path):
    config = Config(**{**vars(HARD), "proposals": 2000})
    found = {}
    for n, (seed, index) in enumerate([(0, 0), (0, 1), (1, 0), (0, 0)]):
        mine = Config(**{**vars(config), "seed": seed})
        table = restart(agent, mine, index, tmp_path / str(n)).tensors["table"]
        found.setdefault((seed, index), set()).add(table.tobytes())
    assert [len(tables) for tables in found.values()] == [1, 1, 1]
    assert len(set.union(*found.values())) == 3


def test_pairs_that_a_fit_fails_on_come_into_use():
    learner = SearchLearner(INCREMENT, 0)
    before, fresh = set(learner.judge.rows.tolist()), np.arange(300, 310)
    learner.judge.bring_in(fresh, position=0)
    assert set(learner.judge.rows.tolist()) - before == set(fresh.tolist())
    assert len(set(learner.judge.rows.tolist())) == len(before)


def test_the_compiled_check_of_pairs_is_that_of_the_numpy_machine():
    learner = SearchLearner(INCREMENT, 1)
    trained(learner)
    learner.search.table[:, 0] = 0  # spoil it a little
    rows = examples.arranged(INCREMENT, np.arange(192))
    posed, memory = examples.pairs(INCREMENT)
    found = learner.judge.right(learner.search.table, rows)
    for i in range(0, 192, 5):
        n = int(posed.length[rows[i]])
        task = examples.task_of(
            INCREMENT, n, int(memory[rows[i]]) - examples.task_of(INCREMENT, n).machine.memory_size
        )
        one = batch.take(posed, rows[i : i + 1])
        one = type(one)(
            *(part[:, : memory[rows[i]]] if part.ndim == 2 else part for part in vars(one).values())
        )
        limit = examples.limits(INCREMENT, one.length)
        state = tables.run(task.machine, learner.search.table, one, limit)
        assert (task.score(state, one)[0] == 1.0) == found[i]


def test_all_restarts_share_one_list_of_pairs_within_the_budget():
    posed, memory = examples.pairs(INCREMENT)
    assert (
        len(memory) == examples.shorter_pairs(INCREMENT) == INCREMENT.pairs - INCREMENT.longer_pairs
    )
    assert set(posed.length.tolist()) == {1, 2, 3, 4, 5}
    assert (posed.tape < memory[:, None]).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"registers": 7}, "registers"),
        ({"length": (3, 2)}, "length"),
        ({"begin": 5}, "begin must be 0 or from 1 to 4, got 5"),
        ({"unveil": True, "halt": True}, "exclude"),
        ({"initial_temperature": 0.001}, "initial_temperature"),
        ({"steps": (20, 0, 0)}, "steps"),
        ({"pairs": 200}, "pairs must be at least 256"),
        ({"proposals": 0}, "proposals"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Config("NRAMSort-v0", **settings)


def test_a_restart_may_begin_with_short_pairs_and_takes_in_longer_ones():
    config = Config(**{**vars(INCREMENT), "begin": 2, "tied": 0.5})
    learner = SearchLearner(config, 0)
    lengths = examples.pairs(config)[0].length
    assert set(lengths[learner.judge.rows].tolist()) == {1, 2}
    assert trained(learner).success
    assert learner.status()["samples"] <= config.pairs


def test_cells_are_unveiled_one_by_one_in_growing_time():
    config = Config(**{**vars(INCREMENT), "unveil": True})
    learner = SearchLearner(config, 0)
    whole = examples.pack(config, learner.judge.rows)
    parts = [examples.pack(config, learner.judge.rows, cells) for cells in range(1, 6)]
    shown = [(part.weight > 0).sum() for part in parts]
    assert shown == sorted(set(shown))
    assert shown[0] == len(learner.judge.rows)
    assert [part.limit.max() for part in parts] == [
        examples.most_steps(config, n) for n in range(1, 6)
    ]
    for last, all_of_it in zip(parts[-1], whole, strict=True):
        np.testing.assert_array_equal(last, all_of_it)
    seen = [learner.status()["cells"]]
    assert trained(learner, lambda: seen.append(learner.status().get("cells", 0))).success
    assert list(dict.fromkeys(seen)) == [1, 2, 3, 4, 0]  # 0: all five


def test_short_pairs_must_be_enough_to_begin_with():
    with pytest.raises(ValueError, match="only 175 of 872 pairs are at most 1 long, but 192"):
        agent.check(Config(**{**vars(INCREMENT), "begin": 1, "groups": 3}))


def test_tapes_that_are_too_long_are_refused():
    with pytest.raises(ValueError, match="cells"):
        agent.check(Config("NRAMCopy-v0", length=(1, 80)))


@pytest.mark.parametrize("env", ["NPIHanoi-v0", "NPTableQA-v0", "NPWikiTableQuestions-v0"])
@pytest.mark.parametrize("name", ["search", "policy_gradient", "library_learning"])
def test_tasks_without_tapes_are_refused(name, env):
    own = {"tasks": (Config(env),)} if name == "library_learning" else {}
    with pytest.raises(ValueError, match=f"tape tasks only; {env} is a"):
        registry.check(name, registry.find(name).Config(env, **own))


def test_a_table_of_the_wrong_shape_is_refused():
    card = {"env": "NRAMSort-v0", "time_limit": [0, 0, 1], "trained_lengths": [2, 4]}
    with pytest.raises(ValueError, match="shape"):
        policy_of("search", {"table": np.zeros((4, 20), dtype=np.int64)}, card)
    with pytest.raises(ValueError, match="source"):
        policy_of("search", {"table": np.full((4, 22), 99)}, card)
    with pytest.raises(ValueError, match="table"):
        policy_of("search", {"theta": np.zeros(3)}, card)


def test_its_benchmark_measures_both_sides():
    against_numpy, against_mark = (pair.measure(seconds=0.05, rounds=1) for pair in bench.pairs())
    assert min(against_numpy.ours, against_numpy.theirs, against_mark.ours) > 0
    assert against_mark.theirs == 300_000


def test_where_contrast_counts_neighbours_are_alike():
    config = Config("NRAMListSearch-v0", length=(1, 3), steps=(4, 4), spare=0, contrast=0.1)
    posed = examples.pairs(config)[0]
    rows = examples.arranged(config, np.arange(128))
    assert sorted(rows.tolist()) == list(range(128))
    couples = rows.reshape(-1, 2)
    alike = (posed.length[couples[:, 0]] == posed.length[couples[:, 1]]).mean()
    assert alike > 0.95
    equal = (posed.tape[couples[:, 0]] == posed.tape[couples[:, 1]]).sum(axis=1).mean()
    random = (posed.tape[np.arange(64)] == posed.tape[np.arange(64, 128)]).sum(axis=1).mean()
    assert equal > random + 1


def test_simplified_programs_stay_right_on_their_pairs():
    learner = SearchLearner(INCREMENT, 2)
    judge, table = learner.judge, learner.search.table
    while learner.round().right < len(judge.rows) or not judge.passes(table, position=0):
        pass
    after = judge.simplified(table)
    assert not np.array_equal(table, after)
    assert judge.right(after, examples.arranged(INCREMENT, np.arange(256))).all()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["nonexistent"], "unknown agent"),
        (["search-copy"], "no function of numbers"),
        (["npi-hanoi"], "no program of circuits"),
        (["library-gcd"] * 2, "name each once"),
        (["library-gcd", "library-factorial", "library-gcd"], "name each once"),
    ],
)
def test_what_is_no_module_is_refused_before_training(names, message):
    with pytest.raises(ValueError, match=message):
        agent.check(Config(**{**vars(INCREMENT), "modules": tuple(names)}))


def test_a_library_agent_is_a_module():
    config = Config(**{**vars(INCREMENT), "modules": ("library-gcd",)})
    learner = SearchLearner(config, 0)
    learner.advance(lambda: None)
    assert [module.name for module in learner.learned] == ["GCD"]
    outcome = learner.outcome()
    policy = policy_of("search", outcome.tensors, outcome.card)
    assert policy.learned == learner.learned
