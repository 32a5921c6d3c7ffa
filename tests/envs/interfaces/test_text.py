"""Environments in words: the expert speaks, what a text means, and what is no action."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from neuralprog_envs import REGISTRY
from neuralprog_envs.interfaces.replay import demonstration
from neuralprog_envs.interfaces.text import TextEnv, language_of
from neuralprog_envs.registry import make_task
from neuralprog_envs.table.language import MEANINGS as OPERATIONS
from neuralprog_envs.table.ops import OPERATIONS as EVERY_OPERATION
from neuralprog_envs.tape.language import _MEANINGS as MODULES
from neuralprog_envs.tape.ops import MODULES as EVERY_MODULE

IDS = sorted(REGISTRY)


def text_env(env_id, **settings):
    return TextEnv(gym.make(env_id, **settings))


@pytest.mark.parametrize("env_id", IDS)
def test_the_expert_solves_every_task_by_speaking(env_id):
    env = text_env(env_id)
    first, _ = env.reset(seed=3)
    rules, _, state = first.rpartition("\n\n" + env.task_env.text())
    assert state == ""
    assert "The reward is 1 at the end" in rules
    total = 0.0
    for action in demonstration(env.task_env.task, env.task_env.instance):
        text = env.language.write(action)
        observation, reward, terminated, _, info = env.step(text)
        assert info["parsed"]
        assert "\n" not in text
        assert observation == env.task_env.text()
        total += reward
    assert (terminated, info["success"], total) == (True, True, 1.0)


SETTINGS = [(id_, {}) for id_ in IDS] + [
    ("NRAMSort-v0", {"action": "circuit"}),
    ("NRAMSort-v0", {"action": "circuit", "repetitions": 2, "registers": 2}),
    ("NPTextMatch-v0", {"operations": "all"}),
]


@pytest.mark.parametrize(("env_id", "settings"), SETTINGS, ids=str)
def test_an_action_written_and_read_does_the_same(env_id, settings):
    task = make_task(env_id, **settings)
    language, machine = language_of(task.machine), task.machine
    random = np.random.default_rng(0)
    state = machine.initial(gym_instance(env_id, settings))
    for _ in range(40):
        action = [int(random.integers(count)) for count in machine.actions]
        text = language.write(action)
        try:
            read = language.read(text)
        except ValueError:  # a call with arguments that its program has not: it does nothing
            assert REGISTRY[env_id].family == "program"
            continue
        assert language.write(read) == text
        after = [machine.step(state, np.array([each])) for each in (action, read)]
        for one, other in zip(*(vars(each).items() for each in after), strict=True):
            if one[0] not in ("actions", "printed_column"):  # what was said, not what it did
                np.testing.assert_array_equal(one[1], other[1])
        state = after[0]
    assert text in language.manual or any(word in language.manual for word in text.split())


def gym_instance(env_id, settings):
    env = gym.make(env_id, **settings)
    env.reset(seed=0)
    return env.unwrapped.instance


def test_every_module_and_operation_has_a_meaning():
    assert list(MODULES) == [*(module.name for module in EVERY_MODULE), "HALT"]
    assert list(OPERATIONS) == list(EVERY_OPERATION)


READ = [
    ("NRAMSort-v0", {}, "r2 = ADD(r1, r3)", (5, 0, 2, 1)),
    ("NRAMSort-v0", {}, " r2=ADD( r1 ,r3 )\n", (5, 0, 2, 1)),
    ("NRAMSort-v0", {}, "r1 = ONE", (2, 0, 0, 0)),
    ("NRAMSort-v0", {}, "r1 = ONE()", (2, 0, 0, 0)),
    ("NRAMSort-v0", {}, "r3 = WRITE(r1, r2)", (13, 0, 1, 2)),
    ("NRAMSort-v0", {}, "HALT", (14, 0, 0, 0)),
    ("NPTableQA-v0", {}, "greater column 2", (3, 1, 0)),
    ("NPTableQA-v0", {}, "greater column 2 number 2", (3, 1, 1)),
    ("NPTableQA-v0", {}, "count", (1, 0, 0)),
    ("NPIAddition-v0", {}, "RETURN", (0, 0, 0, 0)),
    ("NPIAddition-v0", {}, "WRITE  OUT 1", None),
]


@pytest.mark.parametrize(("env_id", "settings", "text", "action"), READ, ids=str)
def test_what_a_text_means(env_id, settings, text, action):
    machine = make_task(env_id, **settings).machine
    found = language_of(machine).read(text)
    assert found == (action or machine.library.actions["WRITE OUT 1"])


WRONG = [
    ("NRAMSort-v0", {}, "", "type an instruction, such as r2 = READ"),
    ("NRAMSort-v0", {}, "halt", "type an instruction"),
    ("NRAMSort-v0", {}, "I think r2 = ADD(r1, r3)", "type an instruction"),
    ("NRAMSort-v0", {}, "r2 = AD(r1, r3)", "did you mean ADD"),
    ("NRAMSort-v0", {}, "r2 = ADD(r1)", r"typed as r1 = ADD\(a, b\)"),
    ("NRAMSort-v0", {}, "r2 = ADD(r1, r99)", "did you mean r"),
    ("NRAMSort-v0", {}, "r0 = ADD(r1, r1)", "did you mean r"),
    ("NRAMSort-v0", {}, "r1 = HALT", "did you mean"),
    ("NRAMSort-v0", {"action": "circuit"}, "", "type the wires"),
    ("NRAMSort-v0", {"action": "circuit"}, "READ.a r1", "type each wire once"),
    ("NRAMSort-v0", {"action": "circuit"}, "READ.a=WRITE", "computed later"),
    ("NRAMSort-v0", {"action": "circuit"}, "REED.a=r1", "did you mean READ.a"),
    ("NPIAddition-v0", {}, "WRITE OUT", "did you mean WRITE OUT"),
    ("NPIAddition-v0", {}, "x" * 10_000, "did you mean"),
    ("NPTableQA-v0", {}, "greater", "typed as greater column C number N"),
    ("NPTableQA-v0", {}, "greater column 99", "they are 1 to"),
    ("NPTableQA-v0", {}, "greater column 0", "they are 1 to"),
    ("NPTableQA-v0", {}, "count column 1", "typed as count"),
    ("NPTableQA-v0", {}, "sum column 1 number 1", "typed as sum column C"),
    ("NPTableQA-v0", {}, "greatest", "did you mean greater"),
    ("NPTableQA-v0", {}, "greater column 1 number 9", "they are 1 to 2"),
]


@pytest.mark.parametrize(("env_id", "settings", "text", "words"), WRONG, ids=str)
def test_what_is_no_action_costs_a_step_and_is_told_in_one_line(env_id, settings, text, words):
    language = language_of(make_task(env_id, **settings).machine)
    with pytest.raises(ValueError, match=words) as caught:
        language.read(text)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 200
    env = text_env(env_id, max_steps=2, **settings)
    env.reset(seed=0)
    before = env.task_env.text().splitlines()
    observation, reward, terminated, truncated, info = env.step(text)
    assert (observation, reward, terminated, truncated) == (message, 0.0, False, False)
    assert not info["parsed"]
    after = env.task_env.text().splitlines()
    assert after[1].startswith("step 1 of 2")
    assert after[3:] == before[3:]  # below the header
    _, reward, terminated, truncated, info = env.step(text)
    assert (reward, terminated, truncated, info["success"]) == (0.0, False, True, False)
    with pytest.raises(ResetNeeded):
        env.step(text)


def test_a_skipped_step_is_paid_as_a_step():
    """With the shaped reward Φ is paid back at the end, whoever or whatever ends the episode."""
    env = text_env("NRAMCopy-v0", length=2, reward="shaped", max_steps=3)
    env.reset(options={"input": [1, 2]})
    rewards = [env.step(text)[1] for text in ("r1 = ONE", "nothing", "nothing")]
    assert sum(rewards) == 0.0


def test_it_is_an_environment_with_texts():
    env = text_env("NRAMCopy-v0", length=2)
    first, _ = env.reset(seed=1)
    assert first in env.observation_space
    assert first == env.reset(seed=1)[0]
    env.action_space.seed(0)
    for _ in range(5):
        assert env.step(env.action_space.sample())[4]["parsed"]
    assert 3 not in env.action_space
    again = gym.make(env.spec)
    assert again.reset(seed=1)[0] == first
    with pytest.raises(TypeError, match="takes an environment of neuralprog_envs"):
        TextEnv(gym.make("CartPole-v1"))
    with pytest.raises(TypeError, match="an action here is a text"):
        env.step(3)
    with pytest.raises(ResetNeeded):
        text_env("NRAMCopy-v0").step("nothing")


def test_a_notebook_shows_the_state_and_escapes_it():
    env = text_env("NPWikiTableQuestions-v0")
    assert "reset()" in env.unwrapped._repr_html_()
    table = [["<script>", "b"], ["1", "2 & 3"]]
    env.unwrapped.reset(options={"input": {"table": table, "question": "how many <b>?"}})
    for shown in (env._repr_html_(), env.unwrapped._repr_html_()):
        assert "&lt;script&gt;" in shown
        assert "2 &amp; 3" in shown
        assert "<script>" not in shown
