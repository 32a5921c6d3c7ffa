"""An agent in use: `load`, `run`, `predict`, `program`, and the version."""

import html
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import neuralprog_agents
from neuralprog_agents.evaluation.agents import pretrained
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.loaded import State
from neuralprog_envs import REGISTRY, __version__

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "env", "values", "answer"),
    [
        ("nram-sort", None, [3, 1, 2], [1, 2, 3]),
        ("nram-sort", None, np.array([3, 1, 2]), [1, 2, 3]),
        ("search-copy", None, "3, 1", [3, 1]),
        ("npi-addition", None, "96 125", ["221"]),
        ("npi-bubblesort", None, [3, 1, 2], ["1 2 3"]),
        ("npi-multitask", "NPIQuickSort-v0", [3, 7, 2], ["2 3 7"]),
        ("expert", "NRAMReverse-v0", [3, 1, 2], [2, 1, 3]),
    ],
)
def test_it_answers_an_input(name, env, values, answer):
    run = neuralprog_agents.load(name, env).run(values)
    assert (run.answer, run.expected, run.success) == (answer, answer, True)
    assert json.loads(json.dumps(run.trace))["answer"] == answer


def test_it_answers_a_question_on_a_table_in_memory_or_in_a_file(tmp_path):
    rows = [["number"], ["3"], ["10"], ["-1"]]
    (tmp_path / "t.csv").write_text("\n".join(row[0] for row in rows))
    agent = neuralprog_agents.load("np-singlecolumn")
    for table in (rows, tmp_path / "t.csv", str(tmp_path / "t.csv")):
        assert agent.run("count", table=table).answer == ["3"]


NO_INPUTS = (2.5, True, [None], [[[]]], {"a": 1}, b"12", object())


@pytest.mark.parametrize("env_id", sorted(REGISTRY))
def test_what_is_no_input_is_one_line(env_id):
    agent = neuralprog_agents.load("expert", env_id)
    more = (3, [1.5], [2**70]) if REGISTRY[env_id].family == "tape" else ()
    for wrong in (*NO_INPUTS, *more):
        with pytest.raises(ValueError, match=r"^(?!memory_size)[^\n]*$"):
            agent.run(wrong)


@pytest.mark.parametrize(
    ("values", "more", "message"),
    [
        (None, {"table": "medals.csv"}, "a table is what a question is about"),
        (None, {"memory_size": 9}, "memory_size is that of an input's tape"),
        ([1, 2], {"length": 9}, "length is that of an instance"),
        ([1, 2], {"memory_size": "9"}, "memory_size must be a whole number"),
    ],
)
def test_what_would_change_nothing_is_refused(values, more, message):
    with pytest.raises(ValueError, match=message):
        neuralprog_agents.load("expert", "NRAMCopy").run(values, **more)


def test_a_run_is_the_command_s(capsys, tmp_path):
    from neuralprog_agents.cli import main

    run = neuralprog_agents.load("search-sort").run([3, 1, 2])
    page = tmp_path / "page.html"
    words = ["run", "--agent", "search-sort", "--input", "3 1 2"]
    assert main([*words, "--json", "--html", str(page)]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(run.trace))
    assert page.read_text(encoding="utf-8") == run.page()
    run.write_page(tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()


def test_without_an_input_it_runs_on_an_instance():
    agent = neuralprog_agents.load("search-copy")
    runs = [agent.run(length=5, seed=seed) for seed in (0, 1, 1)]
    assert [len(run.answer) for run in runs] == [5, 5, 5]
    assert runs[0].answer != runs[1].answer == runs[2].answer


def test_the_program_is_python_that_runs():
    program = neuralprog_agents.load("search-reverse").program
    found = {}
    exec(program, found)
    assert found["reverse"]([4, 3, 1, 2, 0, 0, 0], 3)[4:] == [2, 1, 3]
    assert neuralprog_agents.load("npi-addition").program is None
    assert "HANOI" in neuralprog_agents.load("synthesis-hanoi").program


def test_a_notebook_shows_runs_and_programs_with_nothing_from_elsewhere():
    agent = neuralprog_agents.load("search-reverse")
    run = agent.run([3, 1, 2])
    shown = run._repr_html_()
    (page,) = re.findall(r'srcdoc="([^"]*)"', shown)
    assert html.unescape(page) == run.page()
    assert "allow-scripts" in shown
    assert "allow-same-origin" not in shown
    program = agent.program._repr_html_()
    assert html.unescape(program).partition(">")[2] == f"{agent.program}</pre>"
    assert ">>>" not in program


def episode(agent, env, seed):
    observation, info = env.reset(seed=seed)
    state, over = None, False
    while not over:
        action, state = agent.predict(observation, info["action_mask"], state)
        observation, _, terminated, truncated, info = env.step(action)
        over = terminated or truncated
    return info["success"]


@pytest.mark.parametrize("name", ["search-sort", "npi-addition", "np-singlecolumn"])
def test_it_predicts_one_action_as_it_is_scored(name):
    agent = neuralprog_agents.load(name)
    length = agent.agent.test_lengths[0]
    (score,) = evaluate(agent.agent.policy, agent.env_id, [length], 3)
    env = agent.make(length, split="test")
    assert np.mean([episode(agent, env, seed) for seed in range(3)]) == score.success_rate > 0


@pytest.mark.parametrize("name", ["search-sort", "npi-addition"])
def test_it_predicts_many_actions_as_one_by_one(name):
    agent, length = neuralprog_agents.load(name), 3
    settings = {"length": length, **agent.agent.policy.settings(length)}
    kind = {"vectorization_mode": "vector_entry_point"}
    envs = gym.make_vec(agent.env_id, 4, **kind, **settings)
    observations, infos = envs.reset(seed=5)
    many, _ = agent.predict(observations, infos["action_mask"])
    for i in range(4):
        observation, info = agent.make(length).reset(seed=5 + i)
        one, _ = agent.predict(observation, info["action_mask"])
        np.testing.assert_array_equal(one, many[i])
        np.testing.assert_array_equal(agent.predict(observation)[0], one)


def test_stable_baselines3_evaluates_it():
    evaluation = pytest.importorskip("stable_baselines3.common.evaluation")
    agent = neuralprog_agents.load("npi-addition")
    mean, _ = evaluation.evaluate_policy(agent, agent.make(3), n_eval_episodes=2, warn=False)
    assert mean == 1.0


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("search-copy", {"state": State(1, 1)}, "state is not what the last call returned"),
        ("search-copy", {"deterministic": False}, "always chooses the likeliest"),
        ("expert", {}, "looks at the instance, not at an observation: use run"),
    ],
)
def test_what_it_can_not_predict_is_one_line(name, arguments, words):
    agent = neuralprog_agents.load(name, "NRAMCopy-v0")
    observation, _ = agent.make().reset(seed=0)
    with pytest.raises(ValueError, match=words) as caught:
        agent.predict(observation, **arguments)
    assert "\n" not in str(caught.value)


def test_episodes_of_one_agent_begin_together():
    agent = neuralprog_agents.load("search-copy")
    observation, _ = agent.make().reset(seed=0)
    both = np.stack([observation] * 2)
    _, state = agent.predict(both)
    _, state = agent.predict(both, state=state, episode_start=[True, True])
    _, state = agent.predict(both, state=state, episode_start=[False, False])
    with pytest.raises(ValueError, match="load it once for each"):
        agent.predict(both, state=state, episode_start=[True, False])


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("nram-srot", None, "did you mean|available: .*nram-sort"),
        ("random", None, "needs an environment"),
        ("nram-sort", "3 x", "must be whole numbers"),
        ("nram-sort", [], "length|at least|numbers"),
        ("npi-addition", "96", "two"),
    ],
)
def test_bad_input_is_one_line(name, values, words):
    with pytest.raises(ValueError, match=words) as caught:
        neuralprog_agents.load(name).run(values)
    assert "\n" not in str(caught.value)


def test_importing_is_light():
    code = (
        "import sys, neuralprog_agents\n"
        "heavy = {'torch', 'numpy', 'gymnasium', 'numba', 'neuralprog_envs'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "print(neuralprog_agents.__version__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == __version__


def test_the_version_has_one_source():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "envs/neuralprog_envs/__init__.py"
    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text()
    with pytest.raises(AttributeError, match="no attribute 'verison'"):
        getattr(neuralprog_agents, "verison")  # noqa: B009


def test_it_is_named_by_what_it_is():
    agent = neuralprog_agents.load("search-sort")
    assert repr(agent) == "<search-sort, an agent of NRAMSort-v0>"
    assert set(pretrained()) >= {agent.name}
