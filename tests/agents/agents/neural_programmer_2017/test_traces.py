"""What programs have selected before each step, against one execution after the other."""

import numpy as np
import pytest

from neuralprog_agents.agents.neural_programmer_2017 import traces
from neuralprog_envs.registry import make_task
from neuralprog_envs.table import tokenizer
from neuralprog_envs.table.pose import actions_of
from neuralprog_envs.table.tables import Table

ROWS = (
    ("nation", "gold", "note"),
    ("Arland", "3", "a"),
    ("Belmark", "5", ""),
    ("Corvia", "5", "c"),
    ("Dunmar", "x", "d"),
)
PROGRAMS = [
    "max[gold] -> next -> print[nation]",
    "match[nation] -> print[gold]",
    "frequent[gold] -> first -> print[note]",
    "count",
]
MENTIONED, SIMILAR, EQUAL, NUMBERS, EMPTY, READ = (1 << k for k in range(traces.CELLS))


@pytest.fixture(scope="module")
def traced():
    question = "what has belmark won?"
    words = tokenizer.tokens(question)
    task = make_task("NPWikiTableQuestions", length=4, columns=3, vocabulary=words)
    posed = task.pose_input({"table": [list(row) for row in ROWS], "question": question})
    table, start = Table(ROWS[0], ROWS[1:]), task.machine.initial(posed)
    padded = [actions_of(program, table, task.machine)[0] for program in PROGRAMS]
    reset = task.machine.operations.index("reset")
    programs = [actions[actions[:, 0] != reset] for actions in padded]
    return task.machine, start, programs, traces.traced(task.machine, start, programs)


def test_every_step_is_as_if_its_program_were_executed_alone(traced):
    machine, start, programs, found = traced
    for row, program in enumerate(programs):
        state = start
        for t, action in enumerate(program):
            assert found.sizes[row, t] == traces.size_of(state)[0]
            assert (found.cells[row, t] == traces.cells_of(machine, state)[0]).all()
            state = machine.step(state, action[None].astype(np.int64))
        assert (found.actions[row, : len(program)] == program).all()
        assert (found.actions[row, len(program) :] == -1).all()
        assert not found.sizes[row, len(program) :].any()


def test_what_is_known_of_a_selection(traced):
    *_, found = traced
    every, one, two = traces.SIZES - 1, 1, 2
    assert found.sizes[:, 0].tolist() == [every] * 4
    assert found.sizes[:3, 1].tolist() == [one, one, two]
    assert found.cells[0, 0].tolist() == [MENTIONED | SIMILAR, 0, EMPTY]
    mentioned = MENTIONED | SIMILAR | EQUAL
    assert found.cells[1, 1].tolist() == [mentioned | READ, EQUAL | NUMBERS, EQUAL | EMPTY]
    assert found.cells[2, 1].tolist() == [MENTIONED | SIMILAR, EQUAL | NUMBERS | READ, EMPTY]


def test_programs_of_narrow_and_wide_tables_are_joined(traced):
    *_, found = traced
    wide = traces.Traces(found.actions, found.sizes, np.pad(found.cells, ((0, 0), (0, 0), (0, 2))))
    both = traces.joined([found, wide])
    assert both.cells.shape == (8, 4, 5)
    assert (both.cells[:4, :, :3] == found.cells).all()
    assert not both.cells[:, :, 3:].any()
    assert (both.take(np.arange(4, 8)).actions == found.actions).all()
