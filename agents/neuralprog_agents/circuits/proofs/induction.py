"""Closed forms proven for every length, by an arithmetic solver (z3).

The closed form of a run (``closed_form``) claims what every register holds before each step, what
each READ finds and what each WRITE leaves. By induction over the steps it is enough that

- before the first step all registers are 0,
- the claimed registers have the claimed flags, and executing that pattern's circuit on them gives
  the claimed addresses, contents and next registers,
- what a READ finds is what the last WRITE to its address left, or the input if there was none,
- the run ends where the program does, and then the scored cells hold the answer.

Each is a statement of linear arithmetic over n, i and the other parameters; the solver shows that
its negation has no solution. As in ``symbolic`` the memory is without end: the proof holds in every
memory of more than p + q cells, where no number exceeds p and no k of a number M - k exceeds q.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import z3

from neuralprog_agents.circuits.proofs import closed_form
from neuralprog_agents.circuits.proofs.layouts import FAMILIES, Family, Open
from neuralprog_agents.circuits.proofs.program import TapeProgram
from neuralprog_agents.evaluation.certificate import Proof
from neuralprog_envs.tape.circuit import execute

_PATIENCE = 20_000
"""Milliseconds that the solver may take for one statement."""


def provable(program: TapeProgram) -> bool:
    """Return whether the task's inputs are formulas in the length, and all modules are known."""
    return program.task_name in FAMILIES and not program.learned


def prove(program: TapeProgram) -> Proof:
    """Prove a ``provable`` program for every length from the closed form's first on.

    Its limit is a polynomial of degree 2 at most.

    Raises:
        OpenError: What it does depends on the values.
        FormError: No closed form was found, or it does not hold.
    """
    family = FAMILIES[program.task_name]
    form = closed_form.guess(program, family)
    checker = _Checker(program, family, form)
    checker.check()
    first = closed_form.LENGTHS[0]
    slope = sum(bound.factors[0] for bound in form.reach)
    constant = sum(bound.constant for bound in form.reach)
    return Proof(
        method="induction",
        covers=(
            f"{program.task_name}: every input of length {first} or more, whatever its values, in "
            f"every memory of more than {slope} n + {constant} cells"
        ),
        cases=checker.proven,
        failing=0,
        details={"from_length": first, "memory_exceeds": [slope, constant]},
    )


@dataclass(frozen=True)
class _Write:
    """All WRITEs of one place in a segment: how often, when, where and what.

    ``stamp`` orders all reads and writes of the run; i-th of them is at stamp(i).
    """

    event: closed_form.Event
    count: Any
    first: Any
    period: int

    def stamp(self, i: Any) -> Any:
        return self.first + self.period * i


class _Checker:
    """Proves the statements of one closed form."""

    def __init__(self, program: TapeProgram, family: Family, form: closed_form.ClosedForm) -> None:
        self.proven = 0
        self._program, self._family, self._form = program, family, form
        names = [f"p{k}" for k in range(len(form.segments[0].count.factors))]
        self._parameters = [z3.Int(name) for name in names]
        self._i = z3.Int("i")
        self._solver = z3.Solver()
        self._solver.set("timeout", _PATIENCE)
        self._solver.add(self._parameters[0] >= closed_form.LENGTHS[0])
        self._solver.add(*family.domain(*self._parameters))
        self._events = 2 * program.repetitions
        self._starts = list(self._start_times())
        self._writes = list(self._all_writes())

    def check(self) -> None:
        """Prove everything.

        Raises:
            FormError: A statement does not hold, or the solver found no answer.
        """
        first = self._form.segments[0].phases[0].registers
        for content in first:
            self._require(self._same(self._at(content, 0), 0), "a register starts at 0")
        for s, segment in enumerate(self._form.segments):
            self._segment(s, segment)
        self._end()
        self._answer()

    def _start_times(self) -> Iterator[Any]:
        """Yield the number of steps before each segment, and at last the run's."""
        time: Any = z3.IntVal(0)
        for segment in self._form.segments:
            yield time
            time = time + len(segment.phases) * segment.count(0, self._parameters)
        yield time

    def _all_writes(self) -> Iterator[_Write]:
        for segment, start in zip(self._form.segments, self._starts[:-1], strict=True):
            count = segment.count(0, self._parameters)
            for k, phase in enumerate(segment.phases):
                for e, event in enumerate(phase.events):
                    if event.name == "WRITE":
                        first = (start + k) * self._events + e
                        yield _Write(event, count, first, len(segment.phases) * self._events)

    def _segment(self, s: int, segment: closed_form.Segment) -> None:
        count = segment.count(0, self._parameters)
        self._require(count >= 1, "a segment is not empty")
        self._solver.push()
        self._solver.add(self._i >= 0, self._i < count)
        for k in range(len(segment.phases)):
            self._step(s, k)
        self._solver.pop()

    def _step(self, s: int, k: int) -> None:
        """Prove that step k of a block leads from its registers to the next ones."""
        segment = self._form.segments[s]
        phase, i = segment.phases[k], self._i
        registers = [self._at(content, i) for content in phase.registers]
        for j, content in enumerate(registers):
            zero = self._same(content, 0)
            self._require(zero if phase.pattern >> j & 1 else self._nonzero(content), "a flag")
        now = (self._starts[s] + len(segment.phases) * i + k) * self._events
        after = self._execute(phase, registers, now)
        if k + 1 < len(segment.phases):
            self._leads(after, segment.phases[k + 1].registers, i)
            return
        last = i == segment.count(0, self._parameters) - 1
        self._leads(after, segment.phases[0].registers, i + 1, z3.Not(last))
        if s + 1 < len(self._form.segments):
            self._leads(after, self._form.segments[s + 1].phases[0].registers, 0, last)

    def _leads(self, after: list[Any], claimed: Any, i: Any, given: Any = True) -> None:
        """Prove that registers are as claimed of iteration i; of None nothing is claimed."""
        for content, claim in zip(after, claimed, strict=True):
            if claim is not None:
                same = self._same(content, self._at(claim, i))
                self._require(z3.Implies(given, same), "the next registers")

    def _execute(self, phase: closed_form.Phase, registers: list[Any], now: Any) -> list[Any]:
        """Execute a circuit on claimed registers; prove its reads and writes on the way."""
        events = enumerate(phase.events)

        def apply(name: str, inputs: tuple[Any, ...]) -> Any:
            if name not in ("READ", "WRITE"):
                return self._compute(name, inputs)
            e, event = next(events)
            return self._access(event, inputs, now + e)

        circuit = self._program.table[phase.pattern].tolist()
        return execute(self._program.modules, circuit, registers, apply)

    def _access(self, event: closed_form.Event, inputs: tuple[Any, ...], now: Any) -> Any:
        address, content = self._at(event.address, self._i), self._at(event.content, self._i)
        self._require(self._same(inputs[0], address), "an address")
        if event.name == "WRITE":
            if content is not None:
                self._require(self._same(inputs[1], content), "what is written")
            return 0
        if content is not None:
            self._require(self._holds(address, content, now), "what is read")
            if not isinstance(content, Open):
                self._require_reach(content)
        return content

    def _compute(self, name: str, inputs: tuple[Any, ...]) -> Any:
        """Return a module's output: a number, an open value, or None where it is neither."""
        if any(isinstance(content, Open) for content in inputs):
            return _moved(name, *inputs)
        if any(content is None for content in inputs):
            return None
        result = self._number(name, *inputs)
        if result is not None:
            self._require_reach(result)
        return result

    def _number(self, name: str, a: Any = 0, b: Any = 0) -> Any:
        if name in _SUMS:
            return _SUMS[name](a, b)
        truth = self._decide(_COMPARISONS[name](a, b))
        if truth is None:
            return None
        if name in ("MIN", "MAX"):
            return a if truth == (name == "MIN") else b
        return int(truth)

    def _require_reach(self, number: Any) -> None:
        most, least = (bound(0, self._parameters) for bound in self._form.reach)
        self._require(z3.And(number <= most, -number <= least), "the greatest number")

    def _holds(self, address: Any, content: Any, now: Any) -> Any:
        """Return the statement that a cell holds something at a time."""
        hits = [self._last(write, address, now) for write in self._writes]
        stamps = [write.stamp(i) for write, (_, i) in zip(self._writes, hits, strict=True)]
        statements = [z3.Or(*(hit for hit, _ in hits), self._in_input(address, content))]
        for write, (hit, i), stamp in zip(self._writes, hits, stamps, strict=True):
            latest = [z3.Implies(h, t <= stamp) for (h, _), t in zip(hits, stamps, strict=True)]
            same = self._same(self._at(write.event.content, i), content)
            statements.append(z3.Implies(z3.And(hit, *latest), same))
        return z3.And(*statements)

    def _last(self, write: _Write, address: Any, now: Any) -> tuple[Any, Any]:
        """Return whether such a WRITE hit an address before a time, and the last that did."""
        slope = write.event.address.slope
        rest = write.event.address(0, self._parameters)
        if slope:
            i = (address - rest) * slope if abs(slope) == 1 else (address - rest) / slope
        else:
            before = (now - 1 - write.first) / write.period
            i = z3.If(before < write.count - 1, before, write.count - 1)
        hits = write.event.address(i, self._parameters) == address
        return z3.And(hits, i >= 0, i < write.count, write.stamp(i) < now), i

    def _in_input(self, address: Any, content: Any) -> Any:
        """Return the statement that the input holds something in a cell."""
        header = self._family.header(*self._parameters)
        first, n = len(header), self._parameters[0]
        if isinstance(content, Open):
            inside = z3.And(address >= first, address < first + n)
            return z3.And(inside, address - first == content.i, content.offset == 0)
        cells = [z3.And(address == h, content == number) for h, number in enumerate(header)]
        outside = z3.Or(address < 0, address >= first + n)
        return z3.Or(*cells, z3.And(outside, content == 0))

    def _end(self) -> None:
        """Prove that the run has as many steps as the program makes."""
        n, (first, *others) = self._parameters[0], closed_form.LENGTHS[:3]
        limits = [self._program.limit(m) for m in (first, *others)]
        if limits[2] - limits[1] != limits[1] - limits[0]:
            raise closed_form.FormError("the time limit is not affine in the length")
        limit = limits[0] + (limits[1] - limits[0]) * (n - first)
        *amid, last = self._finishes()
        if any(amid):
            raise closed_form.FormError("it halts amid a segment")
        end = self._starts[-1]
        self._require(end <= limit if last else end == limit, "the run's end")

    def _finishes(self) -> list[bool]:
        """Return of every step's place whether its circuit halts, a segment's first turn first."""
        halts = self._program.table[:, -1] == 1
        return [
            bool(halts[phase.pattern])
            for segment in self._form.segments
            for phase in (*segment.phases, *(segment.phases if segment.loops else ()))
        ]

    def _answer(self) -> None:
        cell, end = z3.Int("cell"), self._starts[-1] * self._events
        first = self._family.scored(*self._parameters)
        self._solver.add(cell >= first, cell < first + self._parameters[0])
        self._require_reach(cell)
        self._require_reach(len(self._family.header(*self._parameters)) + self._parameters[0])
        for condition, value in self._family.answer(cell, *self._parameters):
            self._solver.push()
            self._solver.add(condition)
            self._require(self._holds(cell, value, end), "the answer")
            self._solver.pop()
            self._solver.add(z3.Not(condition))

    def _at(self, content: closed_form.Content, i: Any) -> Any:
        """Return a claim's number or open value at iteration i."""
        if content is None:
            return None
        if isinstance(content, Open):
            return Open(content.i(i, self._parameters), content.offset)
        return content(i, self._parameters)

    def _same(self, a: Any, b: Any) -> Any:
        """Return the statement that two contents are equal; an unknown equals nothing."""
        if a is None or b is None or isinstance(a, Open) != isinstance(b, Open):
            return z3.BoolVal(False)
        if isinstance(a, Open):
            return z3.And(a.i == b.i, a.offset == b.offset)
        return _truth(a == b)

    def _nonzero(self, content: Any) -> Any:
        """Return the statement that a content is not 0; open values of the input are not."""
        if isinstance(content, Open):
            return z3.BoolVal(content.offset == 0)
        return z3.BoolVal(False) if content is None else _truth(content != 0)

    def _decide(self, statement: Any) -> bool | None:
        if self._true(statement):
            return True
        return False if self._true(z3.Not(statement)) else None

    def _true(self, statement: Any) -> bool:
        self._solver.push()
        self._solver.add(z3.Not(statement))
        found = self._solver.check() == z3.unsat
        self._solver.pop()
        return found

    def _require(self, statement: Any, what: str) -> None:
        if not self._true(statement):
            raise closed_form.FormError(f"not proven for every length: {what}")
        self.proven += 1


def _moved(name: str, a: Any, b: Any = 1) -> Open | None:
    """Return an open value plus or minus a number that is known, or None for anything else."""
    if name == "ADD" and isinstance(b, Open):
        a, b = b, a
    if name not in _SIGNS or not isinstance(a, Open) or not isinstance(b, int):
        return None
    offset = a.offset + _SIGNS[name] * b
    return Open(a.i, offset) if offset >= 0 else None


_SIGNS = {"INC": 1, "ADD": 1, "DEC": -1, "SUB": -1}
_SUMS: dict[str, Callable[[Any, Any], Any]] = {
    "ZERO": lambda a, b: 0,
    "ONE": lambda a, b: 1,
    "TWO": lambda a, b: 2,
    "INC": lambda a, b: a + 1,
    "DEC": lambda a, b: a - 1,
    "ADD": lambda a, b: a + b,
    "SUB": lambda a, b: a - b,
}


def _truth(statement: Any) -> Any:
    return z3.BoolVal(statement) if isinstance(statement, bool) else statement


def _less(a: Any, b: Any) -> Any:
    """Return a < b, where a negative number -k stands for M - k, above all small ones."""
    same_side = _truth(a >= 0) == _truth(b >= 0)
    return z3.If(same_side, _truth(a < b), _truth(a >= 0))


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "EQUAL": lambda a, b: _truth(a == b),
    "LESS_THAN": _less,
    "LESS_OR_EQUAL": lambda a, b: z3.Not(_less(b, a)),
    "MIN": _less,
    "MAX": _less,
}
