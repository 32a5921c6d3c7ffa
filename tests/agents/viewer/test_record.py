"""Pages of episodes that anyone plays, and how notebooks show them."""

import html
import json
import re

import gymnasium as gym
import pytest
from gymnasium.error import ResetNeeded

import neuralprog_agents
from neuralprog_agents.viewer.record import RecordPages
from neuralprog_envs.interfaces.text import TextEnv


def trace_in(page):
    (text,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.S)
    return json.loads(text)


def play(env, seed):
    """Somebody's own random policy."""
    env.reset(seed=seed)
    over, actions = False, []
    while not over:
        actions.append(env.action_space.sample(mask=env.unwrapped.masks()))
        over = any(env.step(actions[-1])[2:4])
    return actions


@pytest.mark.parametrize("env_id", ["NRAMCopy-v0", "NPIMax-v0", "NPTextMatch-v0"])
def test_each_episode_becomes_a_page(env_id, tmp_path):
    env = RecordPages(gym.make(env_id), tmp_path / "new" / "pages", agent="<mine>")
    env.action_space.seed(0)
    played = [play(env, seed) for seed in (4, 5)]
    assert sorted(p.name for p in (tmp_path / "new" / "pages").iterdir()) == [
        "episode-0.html",
        "episode-1.html",
    ]
    for i, actions in enumerate(played):
        page = (tmp_path / "new" / "pages" / f"episode-{i}.html").read_text(encoding="utf-8")
        trace = trace_in(page)
        assert "<mine>" not in page
        assert (trace["agent"], trace["env"], trace["seed"]) == ("<mine>", env_id, 4 + i)
        chosen = [trace["actions"][number]["choice"] for number in trace["steps"]["action"]]
        assert chosen == [action.tolist() for action in actions]


def test_an_episode_is_written_when_it_is_left_and_only_if_it_was_asked_for(tmp_path):
    env = RecordPages(gym.make("NRAMCopy-v0"), tmp_path, lambda i: i != 1, "copy")
    for _ in range(3):
        env.reset()
        env.step([2, 0, 0, 0])
    env.close()
    env.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy-0.html", "copy-2.html"]
    assert "seed" not in trace_in((tmp_path / "copy-0.html").read_text(encoding="utf-8"))


def test_words_are_recorded_as_the_actions_that_they_are(tmp_path):
    env = TextEnv(RecordPages(gym.make("NRAMCopy-v0"), tmp_path))
    env.reset(seed=0)
    for text in ("r1 = ONE", "what?", "HALT"):
        env.step(text)
    trace = trace_in((tmp_path / "episode-0.html").read_text(encoding="utf-8"))
    assert [action["choice"] for action in trace["actions"]] == [[2, 0, 0, 0], [14, 0, 0, 0]]


def test_a_notebook_shows_the_episode_so_far(tmp_path):
    env = RecordPages(gym.make("NRAMCopy-v0"), tmp_path)
    with pytest.raises(ResetNeeded):
        env.page()
    env.reset(seed=0)
    env.step([2, 0, 0, 0])
    (page,) = re.findall(r'srcdoc="([^"]*)"', env._repr_html_())
    assert html.unescape(page) == env.page()


def test_other_environments_are_refused(tmp_path):
    with pytest.raises(TypeError, match="takes an environment of neuralprog_envs"):
        RecordPages(gym.make("CartPole-v1"), tmp_path)


def test_a_frame_in_a_notebook_runs_the_page(chromium, tmp_path):
    run = neuralprog_agents.load("search-sort").run([3, 1, 2])
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><div>{run._repr_html_()}</div>", encoding="utf-8")
    chromium.get_log("browser")
    chromium.get(path.as_uri())
    chromium.switch_to.frame(0)
    try:
        assert chromium.execute_script("return document.body.dataset.step") == "0"
    finally:
        chromium.switch_to.default_content()
    assert chromium.get_log("browser") == []
