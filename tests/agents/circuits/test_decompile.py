"""A decompiled program does what its circuits do."""

import subprocess
import sys
from copy import copy

import numpy as np
import pytest

from neuralprog_agents.circuits import tables
from neuralprog_agents.circuits.policy import TablePolicy
from neuralprog_agents.circuits.program import WIRES, program_of, with_learned
from neuralprog_agents.circuits.proposals import Moves, randomise
from neuralprog_agents.evaluation.agents import open_agent, pretrained
from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import find, make_task
from neuralprog_envs.tape.circuit import encode
from tests.envs.tape.paper_circuits import PROGRAMS
from tests.golden import PaperRun

MOVES = Moves(0.4, 0.3, 0.05, 0.0, 0.0, 0.0)


def is_circuit(name):
    agent = open_agent(name)
    return find(agent.env_id).family == "tape" and hasattr(agent.policy, "program_source")


def compiled(policy):
    """Return the function of the file that `program_source` writes."""
    space = {}
    exec(policy.program_source(), space)
    return list(space.values())[-1]  # after those of learned modules


def machine_of(policy):
    return {
        "registers": policy.registers, "repetitions": policy.repetitions, "action": "circuit",
        "modules": with_learned(policy.learned),
    }  # fmt: skip


def final_tapes(policy, length, count, seed=0):
    task = make_task(policy.env_id, length=length, **machine_of(policy))
    posed = draw(task, seed, np.arange(count), (length, length))
    limits = np.full(count, policy.limit(length))
    return posed.tape, tables.run(task.machine, policy.table, posed, limits).tape


def agree(policy, lengths, count):
    function = compiled(policy)
    for length in lengths:
        for tape, final in zip(*final_tapes(policy, length, count), strict=True):
            assert function(tape.tolist(), length) == final.tolist()


@pytest.mark.parametrize("seed", range(40))
def test_random_tables_become_functions_that_do_the_same(seed):
    R = 1 + seed % 4
    stream = np.array([seed, 0], dtype=np.uint64)
    table = np.zeros((1 << R, WIRES + R + 1), dtype=np.int64)
    randomise(stream, program_of(table), MOVES)
    table[:, -1] = np.random.default_rng(seed).random(1 << R) < 0.2
    policy = TablePolicy("NRAMReverse-v0", table, (3, 2), (4, 6))
    agree(policy, (4, 5, 6), 50)


def sorting():
    """A program for Sort, from `findings`: one compare-exchange a step."""
    policy = make_task("NRAMSort-v0", length=4, registers=2, action="circuit")
    p0c0 = {"READ.a": "r1", "r1": "READ", "r2": "r2", "WRITE.a": "r1", "WRITE.b": "READ"}
    rows = {
        0b11: p0c0,
        0b10: {
            "READ.a": "r1", "r2": "READ", "DEC.a": "r1", "r1": "DEC", "WRITE.a": "r1",
            "WRITE.b": "READ",
        },
        0b00: {
            "READ.a": "r1", "INC.a": "r1", "MAX.a": "r2", "MAX.b": "READ", "MIN.a": "r2",
            "MIN.b": "READ", "WRITE.a": "INC", "WRITE.b": "MAX", "r2": "MIN", "DEC.a": "r1",
            "r1": "DEC",
        },
        0b01: {"READ.a": "r1", "WRITE.a": "ONE", "WRITE.b": "r2", "r1": "READ", "r2": "ZERO"},
    }  # fmt: skip
    table = np.array([encode(policy.machine, rows[pattern]) for pattern in range(4)])
    return TablePolicy("NRAMSort-v0", table, (0, 0, 1), (2, 4))


def test_a_sorting_table_becomes_a_function_that_sorts():
    policy = sorting()
    agree(policy, (1, 4, 20), 200)
    sort = compiled(policy)
    rng = np.random.default_rng(0)
    for n in rng.integers(1, 15, 2000):
        values = rng.integers(1, n + 2, n).tolist()
        assert sort([n, *values, 0], n)[1 : n + 1] == sorted(values)


def test_the_file_stands_alone_and_its_example_is_true(tmp_path):
    path = tmp_path / "sort.py"
    path.write_text(sorting().program_source())
    text = path.read_text()
    assert text.startswith("def sort(tape, n):\n")
    assert "for _ in range(n * n):" in text
    assert "import" not in text
    assert len(text.splitlines()) < 32
    checked = subprocess.run(
        [sys.executable, "-I", "-m", "doctest", "-v", str(path)], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout
    assert "1 passed" in checked.stdout


@pytest.mark.parametrize(
    ("env_id", "name"), [("NRAMWalkBST-v0", "walk_bst"), ("NRAMListK-v0", "list_k")]
)
def test_functions_are_named_after_tasks(env_id, name):
    policy = TablePolicy(env_id, np.zeros((8, 23), dtype=np.int64), (3, 2), (1, 4))
    assert policy.program_source().startswith(f"def {name}(tape, n):")


def test_two_module_lists_become_a_function_too():
    program = next(program for program in PROGRAMS.values() if program.repetitions == 2)
    table, _ = PaperRun(program).table
    agree(TablePolicy("NRAMSwap-v0", table, (3,), (2, 5), repetitions=2), (3, 5), 100)


@pytest.mark.parametrize("name", [name for name in sorted(pretrained()) if is_circuit(name)])
def test_every_learned_program_is_its_python(name):
    policy = open_agent(name).policy
    longest = policy.lengths[1]
    agree(policy, (longest, longest + 3), 1000)


@pytest.mark.parametrize(
    ("env_id", "name"),
    [
        ("NRAMListK-v0", "list_k"),
        ("double:Double", "double"),
        ("my.tasks:NRAMDouble-v0", "double"),
        ("own:Max-v0", "run_max"),
        ("own:Class-v0", "run_class"),
        ("own:3Sum-v0", "run_3sum"),
        ("own:sort-by-key-v0", "sort_by_key"),
    ],
)
def test_a_program_of_any_id_is_a_python_function(env_id, name, monkeypatch):
    policy = open_agent("search-copy").policy
    monkeypatch.setattr(policy, "task", policy.task.__func__.__get__(copy(policy)))
    policy.env_id = env_id
    space = {}
    exec(policy.program_source(), space)
    assert space[name]([3, 0, 0, 5, 6, 0, 0], 2) == compiled(open_agent("search-copy").policy)(
        [3, 0, 0, 5, 6, 0, 0], 2
    )
