"""Circuits by name, and circuits as programs: what is shown computes what is wired."""

from __future__ import annotations

import re

import numpy as np
import pytest

from neuralprog_envs.registry import make_task
from neuralprog_envs.tape import circuit
from neuralprog_envs.tape.machine import TapeMachine
from neuralprog_envs.tape.ops import MODULES
from neuralprog_envs.tape.state import TapeState
from tests.envs.tape.paper_circuits import PROGRAMS
from tests.golden import PaperRun, pattern_of

MACHINE = TapeMachine(memory_size=7, registers=3, action="circuit")
TWICE = TapeMachine(memory_size=5, registers=2, action="circuit", repetitions=2)


def execute(text, registers, tape, M):
    """Run the lines of a program, an independent reading of them; change both lists in place."""
    old = {f"r{j + 1}": value for j, value in enumerate(registers)}
    names = {module.name: module.apply for module in MODULES if module.apply}
    scope = {name: lambda a, b=0, f=f: int(f(a, b, M)) for name, f in names.items()}
    scope["READ"] = lambda address: tape[address]
    scope["WRITE"] = tape.__setitem__
    scope.update(old)
    scope.update({f"old_{name}": value for name, value in old.items()})
    for line in text:
        if line != "finish":
            exec(re.sub(r"old r", "old_r", line).replace(":=", "="), scope)
    registers[:] = [scope[name] for name in old]


def random_action(rng, machine):
    """Return a random circuit, of which many wires lead to registers, so that rules apply."""
    action = [int(rng.integers(n)) for n in machine.actions]
    few = rng.random(len(action)) < 0.3
    return [int(rng.integers(min(n, 6))) if f else a for a, n, f in zip(
        action, machine.actions, few, strict=True)]  # fmt: skip


def state_of(registers, tape):
    return TapeState(
        np.array([tape], dtype=np.int32),
        np.array([registers], dtype=np.int32),
        np.zeros(1, dtype=bool),
        np.zeros(1, dtype=np.int32),
        np.zeros((1, 0, 0), dtype=np.int32),
    )


@pytest.mark.parametrize("machine", [MACHINE, TWICE], ids=["one list", "two lists"])
def test_the_lines_compute_what_the_wires_do(machine):
    rng = np.random.default_rng(0)
    M, R = machine.memory_size, machine.registers
    for _ in range(800):
        action = random_action(rng, machine)
        registers = [int(v) for v in rng.integers(M, size=R) * (rng.random(R) < 0.6)]
        tape = [int(v) for v in rng.integers(M, size=M)]
        after = machine.step(state_of(registers, tape), np.array([action]))
        zero = frozenset(j for j in range(R) if registers[j] == 0)
        for known in ((), (zero, frozenset(range(R)) - zero)):
            text = circuit.lines(machine, action, *known)
            r, t = list(registers), list(tape)
            execute(text, r, t, M)
            assert (r, t) == (after.registers[0].tolist(), after.tape[0].tolist()), text
            assert (text[-1] == "finish") == after.halted[0]


def test_a_program_executes_exactly_one_case_for_each_pattern():
    rng = np.random.default_rng(1)
    for _ in range(60):
        kinds = [random_action(rng, MACHINE) for _ in range(3)]
        table = np.array([kinds[rng.integers(3)] for _ in range(8)])
        patterns = rng.permutation(8)[: rng.integers(1, 9)].tolist()
        blocks = circuit.program_text(MACHINE, table, patterns).split("\n\n")
        for pattern in patterns:
            registers = [0 if pattern >> j & 1 else int(rng.integers(1, 7)) for j in range(3)]
            tape = [int(v) for v in rng.integers(7, size=7)]
            after = MACHINE.step(state_of(registers, tape), table[[pattern]])
            (block,) = [b for b in blocks if holds(b.splitlines()[0], registers)]
            execute([line.strip() for line in block.splitlines()[1:]], registers, tape, 7)
            assert registers == after.registers[0].tolist()
            assert tape == after.tape[0].tolist()


def holds(heading, registers):
    if heading == "always:":
        return True
    scope = {f"r{j + 1}": value for j, value in enumerate(registers)}
    condition = heading.removeprefix("when ").removesuffix(":").replace(",", " and")
    return bool(eval(condition.replace(" = ", " == "), scope))


def test_encode_and_describe_the_paper_copy():
    run = PaperRun(PROGRAMS["copy"])
    assert circuit.describe(run.task.machine, run.actions[1]).splitlines() == [
        "WRITE(ADD(r2, r4), READ(r4))",
        "r1 := 0",
        "r3 := r4",
        "r4 := MIN(INC(old r3), r2)",
    ]


def test_a_value_used_twice_is_read_once_and_before_the_write():
    wires = {"READ.a": "r1", "WRITE.a": "r2", "WRITE.b": "READ", "r1": "READ", "r2": "r2"}
    assert circuit.describe(MACHINE, circuit.encode(MACHINE, {**wires, "r3": "r3"})) == (
        "v = READ(r1)\nWRITE(r2, v)\nr1 := v"
    )


def test_constants_and_identities_are_folded():
    wires = {
        "INC.a": "TWO", "ADD.a": "r2", "ADD.b": "ZERO", "SUB.a": "ADD", "SUB.b": "r2",
        "WRITE.a": "SUB", "WRITE.b": "INC", "r2": "ADD", "r3": "r3", "finish": "1",
    }  # fmt: skip
    text = circuit.describe(MACHINE, circuit.encode(MACHINE, wires))
    assert text == "WRITE(0, 3)\nfinish"


def test_unnamed_wires_are_fed_by_the_first_source():
    assert circuit.encode(MACHINE, {}) == (0,) * len(MACHINE.actions)


@pytest.mark.parametrize(
    ("wires", "message"),
    [
        ({"RAED.a": "r1"}, r"unknown input 'RAED.a': did you mean READ.a"),
        ({"READ.a": "r9"}, r"unknown source 'r9'"),
        ({"ADD.a": "MAX"}, r"ADD.a cannot be fed by MAX, which is computed later: .*r1.*INC$"),
        ({"finish": "yes"}, r"finish is 'yes', but must be '0' or '1'"),
    ],
)
def test_encode_says_what_is_wrong(wires, message):
    with pytest.raises(ValueError, match=message):
        circuit.encode(MACHINE, wires)


def test_an_instruction_machine_has_no_circuits():
    with pytest.raises(ValueError, match="action='circuit'"):
        circuit.encode(TapeMachine(memory_size=7, registers=3), {})


def test_occurring_lists_the_patterns_of_a_run_in_order():
    run = PaperRun(PROGRAMS["swap"])
    table, seen = run.table
    assert circuit.occurring(run.task.machine, table, run.instances, limit=3) == seen
    assert seen[0] == pattern_of([0, 0]) == 3


def test_occurring_stops_where_the_program_finishes():
    task = make_task("NRAMCopy", length=2, action="circuit", registers=2)
    halting = circuit.encode(task.machine, {"r1": "ONE", "r2": "r2", "finish": "1"})
    table = np.tile(halting, (4, 1))
    assert circuit.occurring(task.machine, table, task.pose_input([1, 2]), limit=9) == (3,)
