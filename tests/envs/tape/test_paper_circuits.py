"""The paper's printed circuits, on both machines, against a simulation by hand."""

from __future__ import annotations

import numpy as np
import pytest

from neuralprog_envs.core.instances import draw
from neuralprog_envs.registry import make_task
from tests.envs.tape.paper_circuits import PROGRAMS
from tests.golden import FOLDER, PaperRun, check


def copy_by_hand(t, r, tape):
    if t == 1:
        v = tape[0]
        return [0, v - 1, 0, 1]
    tape[r[1] + r[3]] = tape[r[3]]
    return [0, r[1], r[3], min(r[2] + 1, r[1])]


def access_by_hand(t, r, tape):
    if t == 1:
        return [tape[r[0]], 0]
    tape[r[1]] = tape[r[0]]
    return [r[0], 0]


def increment_by_hand(t, r, tape):
    w = tape[r[0]] + 1
    tape[r[0]] = w
    return [r[0] + 1, w, w, w, r[0] + 1]


def reverse_by_hand(t, r, tape):
    if t == 1:
        return [tape[0], 0, 1, 1]
    tape[2 * r[0] - 1 - r[2]] = tape[r[2]]
    return [r[0], 1, r[2] + 1, 1]


def swap_by_hand(t, r, tape):
    p = tape[r[0]]
    v = tape[p]
    if t == 1:
        tape[0] = v
        return [1, p]
    if t % 2 == 0:
        tape[r[1]] = v
        return [0, p]
    tape[r[1]] = p
    return [p, 1]


RULES = {
    "copy": copy_by_hand,
    "access": access_by_hand,
    "increment": increment_by_hand,
    "reverse": reverse_by_hand,
    "swap": swap_by_hand,
}
over_programs = pytest.mark.parametrize("name", sorted(PROGRAMS))


def simulate(name):
    """Return (registers, tape) before every step of the printed run, and after the last."""
    program = PROGRAMS[name]
    registers, tape = [0] * program.registers, list(program.tape)
    rows = [(list(registers), list(tape))]
    for t in range(1, len(program.order) + 1):
        registers = RULES[name](t, registers, tape)
        rows.append((list(registers), list(tape)))
    return rows


def test_every_program_has_rules():
    assert RULES.keys() == PROGRAMS.keys()


@over_programs
def test_the_batch_machine_follows_the_rules_row_for_row(name):
    steps = PaperRun(PROGRAMS[name]).steps
    shown = [(s.state.registers[0].tolist(), s.state.tape[0].tolist()) for s in steps]
    assert shown == simulate(name)


@over_programs
def test_the_scalar_machine_follows_the_rules_row_for_row(name):
    run = PaperRun(PROGRAMS[name])
    episode = run.task.machine.begin(run.instances)
    rows = []
    for action in [*run.actions, None]:
        state = episode.state()
        rows.append((state.registers[0].tolist(), state.tape[0].tolist()))
        if action is not None:
            episode.step(action)
    assert rows == simulate(name)


@over_programs
def test_the_run_ends_with_the_printed_output(name):
    run = PaperRun(PROGRAMS[name])
    final = run.steps[-1].state
    assert {cell: int(final.tape[0, cell]) for cell in run.program.output} == run.program.output
    assert run.task.score(final, run.instances)[0] == 1.0
    judged = run.instances.answer[0]
    assert all(judged[cell] == value for cell, value in run.program.output.items())


STEPS = {
    "copy": lambda n: 2 * n + 1,
    "access": lambda n: 2,
    "increment": lambda n: n,
    "reverse": lambda n: n + 1,
    "swap": lambda n: 3,
}


@over_programs
@pytest.mark.parametrize("n", [2, 5, 30])
def test_a_controller_that_sees_only_flags_solves_other_tapes(name, n):
    """The paper's claim: chosen by flags alone, the circuits are a program for any length."""
    run = PaperRun(PROGRAMS[name])
    settings = {"registers": run.program.registers, "repetitions": run.program.repetitions}
    task = make_task(run.program.task, length=n, action="circuit", **settings)
    instances = draw(task, 0, np.arange(50), (n, n), "all")
    state = task.machine.initial(instances)
    weights = 1 << np.arange(task.machine.registers)
    for _ in range(STEPS[name](n)):
        state = task.machine.step(state, run.table[0][(state.registers == 0) @ weights])
    assert (task.score(state, instances) == 1.0).all()


@over_programs
def test_the_transcript_is_the_golden_one(name):
    check(FOLDER / "paper" / f"{name}.txt", PaperRun(PROGRAMS[name]).text())
