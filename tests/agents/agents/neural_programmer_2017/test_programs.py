"""Labels, the search for programs, what the networks see: on the sample that comes along."""

from dataclasses import fields, replace

import numpy as np
import pytest

from neuralprog_agents.agents.neural_programmer_2017 import data, programs
from neuralprog_agents.agents.neural_programmer_2017.config import Config
from neuralprog_agents.agents.neural_programmer_2017.decode import state_of
from neuralprog_agents.agents.neural_programmer_2017.features import Features, features_of, joined
from neuralprog_agents.agents.neural_programmer_2017.labels import Values, labels
from neuralprog_envs.core import batch
from neuralprog_envs.table.display import TableDisplay
from neuralprog_envs.table.ops import OPERATIONS
from neuralprog_envs.table.tables import Table
from neuralprog_envs.table.task import TableTask

CONFIG = Config(data="", questions="sample", validation_questions="sample", word_cutoff=1)


@pytest.fixture(scope="module")
def source():
    release = data.source_of(CONFIG, "sample", ()).release
    return data.source_of(CONFIG, "sample", data.vocabulary_of(release, 1).words[2:])


def test_labels_are_the_cells_that_the_official_rules_accept():
    values = Values.of(Table(("Name", "Year"), (("Bo (a)", "1,999"), ("Ann", "2000"), ("bo", "7"))))
    found = labels(values, ["Bo", "1999"], ["Bo", "1999"])
    assert found.items.tolist() == [
        [[True, False], [False, False], [True, False]],
        [[False, False], [False, False], [False, False]],
    ]
    assert np.isnan(found.scalar)
    assert labels(values, ["1,999"], None).scalar == 1999.0
    assert labels(values, ["7.0"], None).items[0].tolist() == [
        [False] * 2,
        [False] * 2,
        [False, True],
    ]


def test_every_program_found_is_right_by_the_official_rules_and_the_known_one_is_among_them(source):
    known = 0
    for number, question in enumerate(source.questions[:60]):
        fitting = source.fitted([number])
        posed, machine = fitting.posed([number]), fitting.machine
        right = labels(
            Values.of(source.release.table(question.context).table), question.target, question.canon
        )
        found = programs.Explorer(machine, posed).search(right)
        acts = np.zeros((len(found), machine.steps, 3), dtype=np.int64)
        acts[:, :, 0] = machine.operations.index("reset")
        for row, program in enumerate(found):
            acts[row, machine.steps - len(program) :] = program
        many = batch.take(posed, np.zeros(len(found), dtype=int))
        state = machine.initial(many)
        for t in range(machine.steps):
            state = machine.step(state, acts[:, t])
        assert (TableTask(fitting).score(state, many) == 1.0).all(), question.id
        expert = posed.program[0]
        if expert[0, 0] >= 0:
            known += bool((acts[:, :, :2] == expert[:, :2]).all(axis=(1, 2)).any())
    assert known >= 55


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_no_program_is_longer_than_the_machine_has_steps(source, steps):
    some = 0
    for number, question in enumerate(source.questions[:20]):
        fitting = source.fitted([number])
        posed, machine = fitting.posed([number]), fitting.machine
        right = labels(
            Values.of(source.release.table(question.context).table), question.target, question.canon
        )
        every = programs.Explorer(machine, posed).search(right)
        few = programs.Explorer(replace(machine, steps=steps), posed).search(right)
        assert [p.tolist() for p in few] == [p.tolist() for p in every if len(p) <= steps]
        some += len(few) < len(every)
    assert some


def test_an_observation_is_enough_to_go_on_from(source):
    numbers = [0, 5, 9]
    fitting = source.fitted(numbers)
    machine, posed = fitting.machine, fitting.posed(numbers)
    state = machine.initial(posed)
    again = state_of(machine.observe(state), machine)
    rng = np.random.default_rng(0)
    for _ in range(machine.steps):
        action = np.stack([rng.integers(0, n, 3) for n in machine.actions], axis=1)
        state, again = machine.step(state, action), machine.step(again, action)
        for name in ("selected", "scalars", "printed", "output"):
            np.testing.assert_array_equal(getattr(state, name), getattr(again, name))
    assert TableDisplay(machine).output(batch.take(state, slice(0, 1)))


def test_features_are_padded_and_cut_without_loss(source):
    machine = source.fitted([0, 1, 40]).machine
    posed = source.fitted([0, 1, 40]).posed([0, 1, 40])
    features = features_of(machine.observe(machine.initial(posed)), machine.operations)
    parts = [features.take(row) for row in range(3)]
    assert parts[0].words.shape[1] == posed.question_length[0]
    whole = joined(parts)
    for field in fields(Features):
        array, padded = getattr(whole, field.name), getattr(features, field.name)
        np.testing.assert_array_equal(array, padded[tuple(slice(n) for n in array.shape)])
        assert not padded.sum() - array.sum()


def test_operations_can_do_something_where_they_are_said_to(source):
    fitting = source.fitted([0])
    machine, posed = fitting.machine, fitting.posed([0])
    state = machine.initial(posed)
    able = features_of(machine.observe(state), machine.operations).able[0]
    for o, name in enumerate(machine.operations):
        for c in np.flatnonzero(able[o]):
            after = machine.step(state, np.array([[o, c, 0]]))
            some = after.selected.any() or after.output[0] > 0
            operation = OPERATIONS[name]
            assert some or operation.pivot or operation.reads == "row", (name, c)
    assert not able[machine.operations.index("count"), 1:].any()
