"""Tasks of one's own: registered by their file, found by module and name."""

import json
import os
import pickle
import subprocess
import sys

import gymnasium as gym
import pytest

import neuralprog_envs
from neuralprog_envs.registry import add, find, import_task, make_task, own_rows
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


class Outer:
    """Not at the top of the module: what it holds."""

    class Inner(Copy):
        """A task."""


@pytest.mark.parametrize(
    ("name", "task", "length"),
    [
        ("My Task", Twin, (1, 3)), ("a/b/c", Twin, (1, 3)),
        ("Made", Twin(), (1, 3)), ("None", None, (1, 3)), ("Function", lambda: Twin(), (1, 3)),
        ("Inner", Outer.Inner, (1, 3)), ("Falling", Twin, (3, 1)), ("Text", Twin, "13"),
    ],
)  # fmt: skip
def test_a_refused_task_leaves_the_registry_as_it_was(name, task, length):
    known = dict(neuralprog_envs.REGISTRY)
    with pytest.raises((ValueError, gym.error.Error)):
        neuralprog_envs.register(name, "tape", task, length=length)
    assert dict(neuralprog_envs.REGISTRY) == known
    neuralprog_envs.register("Twin", "tape", Twin, length=3)
    assert gym.make("Twin-v0").unwrapped.setting.lengths == (3, 3)


def test_an_id_may_name_its_module(tmp_path, monkeypatch):
    code = (
        "import neuralprog_envs\n"
        "from neuralprog_envs.tape.tasks.sort import Sort\n"
        "class Mine(Sort): pass\n"
        "neuralprog_envs.register('Mine', 'tape', Mine, length=(2, 3))\n"
    )
    (tmp_path / "tasks_of_mine.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    for unknown in (find, make_task):
        with pytest.raises(ValueError, match="type --env tasks_of_mine:Mine"):
            unknown("tasks_of_mine:Mine")
    assert "tasks_of_mine" not in sys.modules
    assert import_task("tasks_of_mine:Mine").defaults["length"] == (2, 3)
    assert find("tasks_of_mine:Mine") == find("Mine")
    assert gym.make("tasks_of_mine:Mine-v0").unwrapped.setting.lengths == (2, 3)
    with pytest.raises(ValueError, match="no module 'tasks_of_yours'"):
        import_task("tasks_of_yours:Mine")
    with pytest.raises(ValueError, match="Yours-v0 is a user's task"):
        import_task("tasks_of_mine:Yours")


@pytest.mark.parametrize("env_id", ["..:Copy", "os;x:Copy", ".os:Copy", "a b:Copy"])
def test_what_is_no_module_is_refused(env_id):
    with pytest.raises(ValueError, match="is not the name of a module"):
        import_task(env_id)


def test_a_builtin_task_is_of_no_other_module():
    assert find("neuralprog_envs:NRAMCopy-v0") == find("NRAMCopy")
    with pytest.raises(ValueError, match="not of 'antigravity'"):
        find("antigravity:NRAMCopy-v0")
    assert "antigravity" not in sys.modules


OWN = """
import neuralprog_envs
from neuralprog_envs.tape.tasks.sort import Sort
class Mine(Sort): pass
neuralprog_envs.register("Mine", "tape", Mine, length=(2, 3))
"""

MADE_OF_JSON = """
import json, sys
import gymnasium as gym
from gymnasium.envs.registration import EnvSpec
spec = EnvSpec.from_json(json.load(sys.stdin))
print(gym.make(spec).reset(seed=1)[0]["tape"].tolist())
print(gym.make_vec(spec, 2).reset(seed=1)[0]["tape"][0].tolist())
"""


@pytest.mark.parametrize("context", ["spawn", "forkserver"])
def test_specs_of_own_tasks_work_in_other_processes(context, tmp_path, monkeypatch):
    (tmp_path / f"own_{context}.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    alone = gym.make(f"own_{context}:Mine-v0", length=3)
    tape = alone.reset(seed=1)[0]["tape"]
    kwargs = {"context": context}
    env = gym.make_vec("Mine-v0", 2, vectorization_mode="async", vector_kwargs=kwargs, length=3)
    try:
        assert env.reset(seed=1)[0]["tape"][0].tolist() == tape.tolist()
    finally:
        env.close()
    if context == "spawn":
        done = subprocess.run(
            [sys.executable, "-c", MADE_OF_JSON],
            input=json.dumps(alone.spec.to_json()),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.splitlines() == [str(tape.tolist())] * 2


def test_another_process_takes_the_rows():
    neuralprog_envs.register("Twin", "tape", Twin, length=(1, 3))
    rows = pickle.loads(pickle.dumps(own_rows()))
    del neuralprog_envs.registry._TABLE["Twin-v0"]
    for row in rows:
        add(row)
    assert find("Twin").defaults["length"] == (1, 3)


@pytest.fixture(autouse=True)
def _forget(monkeypatch):
    """Leave the registries as they were: other tests run over them."""
    table = neuralprog_envs.registry._TABLE
    known, specs = dict(table), dict(gym.registry)
    yield
    for registry, kept in ((table, known), (gym.registry, specs)):
        for name in set(registry) - set(kept):
            del registry[name]
