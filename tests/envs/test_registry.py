"""Tasks of one's own: registered by their file, found by module and name."""

import gymnasium as gym
import pytest

import neuralprog_envs
from neuralprog_envs.registry import find, make_task
from neuralprog_envs.tape.tasks.copy import Copy


class Twin(Copy):
    """A task in this module."""


def test_a_task_is_registered_once_and_found():
    neuralprog_envs.register("Twin", "tape", Twin, length=(1, 3))
    neuralprog_envs.register("Twin", "tape", Twin, length=(1, 3))
    assert find("Twin").task == f"{__name__}:Twin"
    assert isinstance(make_task("Twin").algorithm, Twin)
    observation, _ = gym.make("Twin-v0", length=2).reset(seed=0)
    assert observation["tape"].shape == (5,)
    assert gym.make_vec("Twin-v0", 3, vectorization_mode="vector_entry_point").num_envs == 3


def test_a_taken_name_and_an_unknown_family_are_refused():
    with pytest.raises(ValueError, match="NRAMCopy-v0 is registered already"):
        neuralprog_envs.register("NRAMCopy", "tape", Twin, length=(1, 3))
    with pytest.raises(ValueError, match="unknown family 'tapes': tape, program, table"):
        neuralprog_envs.register("Twins", "tapes", Twin, length=(1, 3))


def test_an_id_may_name_its_module(tmp_path, monkeypatch):
    code = (
        "import neuralprog_envs\n"
        "from neuralprog_envs.tape.tasks.sort import Sort\n"
        "class Mine(Sort): pass\n"
        "neuralprog_envs.register('Mine', 'tape', Mine, length=(2, 3))\n"
    )
    (tmp_path / "tasks_of_mine.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    assert find("tasks_of_mine:Mine").defaults["length"] == (2, 3)
    assert gym.make("tasks_of_mine:Mine-v0").unwrapped.setting.lengths == (2, 3)
    with pytest.raises(ValueError, match="no module 'tasks_of_yours'"):
        find("tasks_of_yours:Mine")
    with pytest.raises(ValueError, match="unknown environment 'tasks_of_mine:Yours'"):
        find("tasks_of_mine:Yours")


@pytest.fixture(autouse=True)
def _forget(monkeypatch):
    """Leave the registries as they were: other tests run over them."""
    table = neuralprog_envs.registry._TABLE
    known, specs = dict(table), dict(gym.registry)
    yield
    for registry, kept in ((table, known), (gym.registry, specs)):
        for name in set(registry) - set(kept):
            del registry[name]
