"""Proofs of tape programs: right ones hold, and each way to be wrong is found."""

import json
from dataclasses import replace

import numpy as np
import pytest

from neuralprog_agents.circuits.proofs import TapeProgram, closed_form, exhaustive, symbolic
from neuralprog_agents.circuits.proofs.layouts import FAMILIES, LAYOUTS, Open
from neuralprog_agents.cli import main
from neuralprog_agents.evaluation.agents import open_agent
from neuralprog_agents.evaluation.certificate import read
from neuralprog_envs.registry import make_task
from neuralprog_envs.tape.circuit import encode
from neuralprog_envs.tape.machine import TapeMachine

# Copy with R = 3: r1 = 0 at the start alone; then r1 counts the source, r2 the target.
PROOFS_BY_INDUCTION = "neuralprog_agents.circuits.proofs.induction"
START = {"READ.a": "r1", "WRITE.a": "r1", "WRITE.b": "READ", "r1": "ONE", "r2": "READ", "r3": "ONE"}
MOVE = {"READ.a": "r1", "WRITE.a": "r2", "WRITE.b": "READ"}
ON = {"INC.a": "r1", "ADD.a": "r2", "ADD.b": "ONE", "r1": "INC", "r2": "ADD", "r3": "r3"}


def program(env_id, circuits, limit, registers=3):
    """A program from circuits by name: the first for r1 = 0, the second for all else."""
    machine = TapeMachine(9, registers, action="circuit")
    rows = [encode(machine, circuits[0 if p & 1 else 1]) for p in range(2**registers)]
    return TapeProgram(env_id, np.array(rows), limit)


def test_every_shape_agrees_with_the_tasks_own_judge():
    rng = np.random.default_rng(0)
    for name, (shapes, lengths) in LAYOUTS.items():
        for layout in shapes(lengths[0] + 2):
            task = make_task(name, length=layout.length, memory_size=31)
            values = rng.integers(1, 31, len(layout.tape))
            filled = [values[c.i] if isinstance(c, Open) else c for c in layout.tape]
            tape = np.zeros((1, 31), np.int32)
            tape[0, : len(filled)] = filled
            posed = task.pose(tape, np.array([layout.length], np.int32))
            if layout.answer is None:
                wanted = dict(enumerate(sorted(filled[1:]), start=1))
            else:
                wanted = {
                    at: (values[c.i] + c.offset) % 31 if isinstance(c, Open) else c
                    for at, c in layout.answer.items()
                }
            assert np.flatnonzero(posed.mask[0]).tolist() == sorted(wanted)
            assert all(posed.answer[0, at] == value for at, value in wanted.items())


def test_a_right_program_is_proven_for_all_values_and_all_memories():
    right = program("NRAMCopy", [START, MOVE | ON], lambda n: n + 1)
    for proof in (exhaustive.prove(right, 5), symbolic.prove(right)):
        assert proof.holds, proof
    assert exhaustive.prove(right, 2).cases == 2 * (3 + 3 * 3)  # values 1..3, two memories


def test_a_program_that_stops_short_is_found_out():
    early = program("NRAMCopy", [START, MOVE | ON], lambda n: min(n + 1, 5))
    assert exhaustive.prove(early, 4).holds  # the bound is what is claimed, and no more
    assert not exhaustive.prove(early, 5).holds
    assert not symbolic.prove(early).holds


def test_a_program_that_needs_a_small_memory_is_found_out():
    """Increment downwards from cell 0 through the last cell, as a search once found it."""
    down = {"READ.a": "r1", "INC.a": "READ", "WRITE.a": "r1", "WRITE.b": "INC", "DEC.a": "r1"}
    hack = program("NRAMIncrement", [down | {"r1": "DEC"}] * 2, lambda n: n + 1, registers=1)
    proof = symbolic.prove(hack)
    assert proof.failing > 0
    assert proof.failing < proof.cases  # in the least memory it is right


def test_a_program_that_looks_at_values_is_not_proven_for_all_of_them():
    peeks = program("NRAMCopy", [START, MOVE | ON | {"r1": "READ"}], lambda n: n + 1)
    with pytest.raises(symbolic.OpenError, match="depends on the values"):
        symbolic.prove(peeks)


def test_the_zero_one_principle_refuses_what_sorts_nothing():
    idle = program("NRAMSort", [{}, {}], lambda n: 1)
    lost = program("NRAMSort", [{"WRITE.a": "ONE", "WRITE.b": "ONE"}] * 2, lambda n: 1)
    assert symbolic.prove(idle).failing == symbolic.prove(idle).cases - 2  # n = 1 is sorted
    assert symbolic.prove(lost).failing == symbolic.prove(lost).cases


def test_the_command_writes_a_certificate_bound_to_the_weights(tmp_path, capsys):
    path = tmp_path / "certificate.json"
    words = ["prove", "--agent", "nram-increment", "--certificate", str(path)]
    assert main(words) == 0
    assert "proven" in capsys.readouterr().out
    records = read(path)
    assert [record["holds"] for record in records] == [True] * len(records)
    card = open_agent("nram-increment").card
    assert {record["weights_sha256"] for record in records} == {card["weights_sha256"]}
    path.write_text(json.dumps([{"format": "other"}]))
    with pytest.raises(ValueError, match="not a list of certificates"):
        read(path)


def test_what_cannot_be_proven_is_one_line_and_status_2(tmp_path, capsys):
    assert main(["prove", "--agent", "random", "--env", "NRAMCopy"]) == 2
    assert "nothing can be proven" in capsys.readouterr().err


def test_induction_proves_every_length_and_refuses_false_forms(monkeypatch):
    induction = pytest.importorskip(
        "neuralprog_agents.circuits.proofs.induction", exc_type=ImportError
    )
    right = program("NRAMCopy", [START, MOVE | ON], lambda n: n + 1)
    assert induction.prove(right).details == {"from_length": 9, "memory_exceeds": [2, 2]}
    with pytest.raises(closed_form.FormError, match="the answer"):
        induction.prove(program("NRAMCopy", [START, MOVE | ON], lambda n: n))

    true = closed_form.guess(right, FAMILIES["NRAMCopy"])
    for false in falsified(true):
        monkeypatch.setattr(closed_form, "guess", lambda *_, false=false: false)
        with pytest.raises(closed_form.FormError):
            induction.prove(right)


BY_INC = {"INC.a": "READ", "WRITE.b": "INC", "ADD.a": "r1", "ADD.b": "ONE", "r1": "ADD"}
BY_ADD = {"ADD.a": "ONE", "ADD.b": "READ", "WRITE.b": "ADD", "INC.a": "r1", "r1": "INC"}
BY_TWO = BY_ADD | {"ADD.a": "TWO"}


@pytest.mark.parametrize(("circuit", "right"), [(BY_INC, True), (BY_ADD, True), (BY_TWO, False)])
def test_induction_proves_increments_however_they_are_wired(circuit, right):
    induction = pytest.importorskip(
        "neuralprog_agents.circuits.proofs.induction", exc_type=ImportError
    )
    step = {"READ.a": "r1", "WRITE.a": "r1"} | circuit
    increment = program("NRAMIncrement", [step, step], lambda n: n, registers=1)
    if right:
        assert induction.prove(increment).holds
        return
    with pytest.raises(closed_form.FormError, match="the answer"):
        induction.prove(increment)


def falsified(form):
    """Closed forms with one number changed: a register's, a read's, a count's, the bound."""
    loop = form.segments[-1]
    phase = loop.phases[0]

    def last(**changes):
        changed = replace(loop, phases=(replace(phase, **changes),))
        return replace(form, segments=(*form.segments[:-1], changed))

    first, *others = phase.registers
    read, written = phase.events
    yield last(registers=(replace(first, constant=first.constant + 1), *others))
    yield last(events=(replace(read, address=replace(read.address, slope=0)), written))
    yield last(events=(replace(read, content=replace(read.content, offset=1)), written))
    longer = replace(loop.count, constant=loop.count.constant + 1)
    yield replace(form, segments=(*form.segments[:-1], replace(loop, count=longer)))
    yield replace(form, reach=(replace(form.reach[0], constant=0), form.reach[1]))
