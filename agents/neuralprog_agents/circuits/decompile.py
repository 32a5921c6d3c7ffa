"""A learned table as a Python file that stands alone: one short function over a tape.

The program's text (``neuralprog_envs.tape.circuit.program_text``: circuits that occur, constants
folded, dead wiring gone) is written on a machine with a huge memory, where a constant near the
top of the range can only be M - k; from there to Python is a change of notation. All registers
change at once, which in Python is one assignment of a tuple.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from numpy.typing import NDArray

from neuralprog_agents.circuits.library import closure, learned_in
from neuralprog_envs.tape.circuit import program_text
from neuralprog_envs.tape.learned import TABLED, LearnedModule
from neuralprog_envs.tape.machine import TapeMachine

_HUGE = 1_000_003
_LAST_CONSTANT = 2
_INDENT = "    "

_MODULES = MappingProxyType({
    "READ": "tape[a]",
    "INC": "(a + 1) % M",
    "ADD": "(a + b) % M",
    "SUB": "(a - b) % M",
    "DEC": "(a - 1) % M",
    "LESS_THAN": "int(a < b)",
    "LESS_OR_EQUAL": "int(a <= b)",
    "EQUAL": "int(a == b)",
    "MIN": "min(a, b)",
    "MAX": "max(a, b)",
})  # fmt: skip
"""Every module in Python; a and b are its arguments."""


def python_function(
    name: str,
    machine: TapeMachine,
    table: NDArray,
    patterns: Sequence[int],
    time_limit: Sequence[int],
    docstring: Sequence[str] = (),
) -> str:
    """Return a table of circuits, (2^R, K), as the text of a Python function ``name(tape, n)``.

    It is a function of a list of integers from 0 to M - 1, M its length, and of the instance's
    length n, which decides nothing but the number of steps; it returns the tape that the circuits
    leave. Constants are folded as in a large memory: of a circuit that compares constants (as ``2 +
    2 < 3``) this is true from M = 14 on.

    The machine has the table's registers and modules, and any memory; ``patterns`` are those that
    occur. An instance has at most Σ_k c_k · n^k steps: (c_0, c_1, ...) is ``time_limit``. The
    docstring's lines have no quotes.
    """
    called = closure(learned_in(machine.module_list))
    own = _function(
        f"{name}(tape, n)", "tape, M = list(tape), len(tape)", "tape", machine, table, patterns,
        time_limit, docstring,
    )  # fmt: skip
    return "\n\n".join([*map(module_function, called), own])


def module_function(module: LearnedModule) -> str:
    """Return a learned module as the text of a Python function ``name(a, b, M)`` of numbers."""
    machine = TapeMachine(TABLED, module.registers, "circuit", module_list=module.modules)
    return _function(
        f"{_python_name(module.name)}(a, b, M)", "tape, n = [a, b] + [0] * (M - 2), M", "tape[0]",
        machine, module.circuits, module.occurring, module.time_limit,
        ["Return a learned function of two numbers below M."],
    )  # fmt: skip


def _function(
    signature: str,
    beginning: str,
    result: str,
    machine: TapeMachine,
    table: NDArray,
    patterns: Sequence[int],
    time_limit: Sequence[int],
    docstring: Sequence[str],
) -> str:
    large = replace(machine, memory_size=_HUGE, observation_mode="full")
    body = [
        line.replace("return tape", f"return {result}")
        for line in _cases(program_text(large, table, patterns))
    ]
    registers = [f"r{j + 1}" for j in range(machine.registers)]
    head = [
        f"def {signature}:",
        *(f"{_INDENT}{line}".rstrip() for line in _quoted(docstring)),
        f"{_INDENT}{beginning}",
        f"{_INDENT}{' = '.join(registers)} = 0",
        f"{_INDENT}for _ in range({_polynomial(time_limit)}):",
    ]
    rest = [*(f"{2 * _INDENT}{line}" for line in body), f"{_INDENT}return {result}\n"]
    return "\n".join([*head, *rest])


def _quoted(lines: Sequence[str]) -> list[str]:
    """A docstring of one line or of several, or none."""
    if len(lines) < 2:
        return [f'"""{line}"""' for line in lines]
    return [f'"""{lines[0]}', *lines[1:], '"""']


def _polynomial(coefficients: Sequence[int]) -> str:
    """Σ_k c_k · n^k, the highest power first."""
    terms = []
    for k in range(len(coefficients) - 1, -1, -1):
        c, power = coefficients[k], " * ".join(["n"] * k)
        if c and power:
            terms.append(power if c == 1 else f"{c} * {power}")
        elif c:
            terms.append(str(c))
    return " + ".join(terms).replace("+ -", "- ") or "1"


def _cases(text: str) -> list[str]:
    """Turn the blocks of a program into if, elif and else."""
    blocks = [block.split("\n") for block in text.split("\n\n")]
    if blocks[0][0] == "always:":
        return _statements(blocks[0][1:])
    lines = []
    for i, (heading, *circuit) in enumerate(blocks):
        last = i == len(blocks) - 1
        lines.append("else:" if last else f"{'elif' if i else 'if'} {_condition(heading)}:")
        lines += [f"{_INDENT}{line}" for line in _statements(circuit)]
    return lines


def _condition(heading: str) -> str:
    """Turn ``when r1 = 0, r2 != 0:`` into Python."""
    words = heading.removeprefix("when ").removesuffix(":")
    return words.replace(" = ", " == ").replace(",", " and")


def _statements(lines: Sequence[str]) -> list[str]:
    """Turn the lines of one circuit into Python."""
    done, targets, values = [], [], []
    finish = False
    for line in (line.strip() for line in lines):
        register, is_update, value = line.partition(" := ")
        if is_update:
            targets.append(register)
            values.append(_python(value))
        elif line == "finish":
            finish = True
        else:
            done.append(_effect(line))
    if targets and not finish:
        done.append(f"{', '.join(targets)} = {', '.join(values)}")
    return [*done, "return tape"] if finish else done or ["pass"]


def _effect(line: str) -> str:
    """Turn ``WRITE(a, b)`` or ``v = READ(a)`` into Python."""
    if not line.startswith("WRITE("):
        name, _, value = line.partition(" = ")
        return f"{name} = {_python(value)}"
    address, value = _arguments(line)
    return f"tape[{address}] = {value}"


def _python(text: str) -> str:
    return _arguments(f"({text},)")[0]


def _arguments(text: str) -> list[str]:
    """Return the arguments of a call, or the items of a tuple, in Python."""
    tree: Any = ast.parse(re.sub(r"\bold (r\d+)", r"\1", text), mode="eval").body
    parts = tree.args if isinstance(tree, ast.Call) else tree.elts
    return [ast.unparse(_Python().visit(part)) for part in parts]


class _Python(ast.NodeTransformer):
    """Replaces modules by Python, and constants by what they are in any memory."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        arguments = dict(zip("ab", (self.visit(argument) for argument in node.args), strict=False))
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        form = ast.parse(_MODULES.get(name, _call(name, len(node.args))), mode="eval").body
        result = _Fill(arguments).visit(form)
        assert isinstance(result, ast.expr)
        return result

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        assert isinstance(node.value, int)
        below = node.value - _HUGE
        if node.value <= _LAST_CONSTANT:
            return node
        text = f"{node.value} % M" if node.value < -below else f"{below} % M"
        return ast.parse(text, mode="eval").body


def _call(learned: str, arity: int) -> str:
    return f"{_python_name(learned)}(a, {'b' if arity == 2 else 0}, M)"


def _python_name(learned: str) -> str:
    """Turn "GCD" into "gcd", and "INT", whose name has a meaning already, into "run_int"."""
    name = learned.lower()
    taken = keyword.iskeyword(name) or hasattr(builtins, name)
    local = re.fullmatch(r"tape|[abmn]|[rv]\d*", name)
    return f"run_{name}" if taken or local else name


class _Fill(ast.NodeTransformer):
    """Puts arguments into a form."""

    def __init__(self, arguments: dict[str, ast.expr]) -> None:
        self._arguments = arguments

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._arguments.get(node.id, node)
