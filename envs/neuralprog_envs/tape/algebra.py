"""Expressions of the NRAM's modules; each is stored once and simplified by the rules below.

Equal expressions are the same node (value numbering), and a node is simplified when it is made,
by rules that hold for all integers modulo M.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import NamedTuple

from neuralprog_envs.tape.ops import MODULES, Module

Node = int
"""The number of a term; it is higher than those of its arguments."""


_FOLDED = frozenset(module.name for module in MODULES)
"""What is computed where its arguments are constants; a learned program may take long."""


class Term(NamedTuple):
    """A register ``r1``, a constant ``0``, or a module applied to arguments.

    ``time`` is the number of WRITEs before a READ, and 0 for all other terms.
    """

    name: str
    arguments: tuple[Node, ...] = ()
    time: int = 0


class Graph:
    """The expressions of one circuit, modulo M."""

    def __init__(self, M: int, modules: Iterable[Module] = MODULES) -> None:
        self.M = M
        self._apply = {module.name: module.apply for module in modules}
        self.terms: list[Term] = []
        self._numbers: dict[Term, Node] = {}
        self._positive = set[Node]()
        self._constants: dict[Node, int] = {}
        self._registers: dict[Node, int] = {}

    def constant(self, value: int) -> Node:
        """Return the node of a constant."""
        node = self._intern(Term(str(value)))
        self._constants[node] = value
        if value:
            self._positive.add(node)
        return node

    def register(self, j: int, *, positive: bool) -> Node:
        """Return the node of register j, from 0; ``positive``: it is known not to be 0."""
        node = self._intern(Term(f"r{j + 1}"))
        self._registers[node] = j
        if positive:
            self._positive.add(node)
        return node

    def apply(self, name: str, arguments: tuple[Node, ...], time: int = 0) -> Node:
        """Return the node of a module's output, given what it reads; WRITE is no expression.

        ``time`` is how many WRITEs have been executed, for READ.
        """
        if name == "READ":
            return self._intern(Term(name, arguments, time))
        values = [self._constants.get(node) for node in arguments]
        if None not in values and name in _FOLDED:
            a, b = (*values, 0, 0)[:2]
            return self.constant(int(self._apply[name](a, b, self.M)))  # type: ignore[misc]
        simpler = _RULES[name](self, *arguments) if name in _RULES else None
        if simpler is not None:
            return simpler
        node = self._intern(Term(name, arguments))
        if name in ("MIN", "MAX") and self._positive.issuperset(arguments):
            self._positive.add(node)
        return node

    def value_of(self, node: Node) -> int | None:
        """Return a constant's value; None for other nodes."""
        return self._constants.get(node)

    def values(self) -> Collection[int]:
        """Return the values of all constants so far."""
        return self._constants.values()

    def register_of(self, node: Node) -> int | None:
        """Return which register a node is, if any."""
        return self._registers.get(node)

    def time_read(self, node: Node, otherwise: int) -> int:
        """Return the time of a READ, and ``otherwise`` for other nodes, which have no time."""
        term = self.terms[node]
        return term.time if term.name == "READ" else otherwise

    def is_positive(self, node: Node) -> bool:
        """Return whether a node is known not to be 0."""
        return node in self._positive

    def inverse(self, name: str, node: Node) -> Node | None:
        """Return x when the node is name(x)."""
        term = self.terms[node]
        return term.arguments[0] if term.name == name else None

    def _intern(self, term: Term) -> Node:
        if term not in self._numbers:
            self._numbers[term] = len(self.terms)
            self.terms.append(term)
        return self._numbers[term]


def _add(g: Graph, a: Node, b: Node) -> Node | None:
    zero, one = g.constant(0), g.constant(1)
    for x, y in ((a, b), (b, a)):
        if x == zero:
            return y
        if x == one:
            return g.apply("INC", (y,))
    return None


def _sub(g: Graph, a: Node, b: Node) -> Node | None:
    if a == b:
        return g.constant(0)
    if b == g.constant(0):
        return a
    return g.apply("DEC", (a,)) if b == g.constant(1) else None


def _less(g: Graph, a: Node, b: Node) -> Node | None:
    """[a < b]: never when b = 0 or b = a; 0 < b when b is positive, and no positive a is < 1."""
    zero, one = g.constant(0), g.constant(1)
    if a == b or b == zero or (b == one and g.is_positive(a)):
        return zero
    return one if a == zero and g.is_positive(b) else None


def _less_or_equal(g: Graph, a: Node, b: Node) -> Node | None:
    """[a ≤ b] = 1 - [b < a]."""
    opposite = _less(g, b, a)
    if opposite is None:
        return None
    return g.constant(1) if opposite == g.constant(0) else g.constant(0)


def _equal(g: Graph, a: Node, b: Node) -> Node | None:
    if a == b:
        return g.constant(1)
    zero = g.constant(0)
    apart = (a == zero and g.is_positive(b)) or (b == zero and g.is_positive(a))
    return zero if apart else None


def _choose(g: Graph, a: Node, b: Node, *, lesser: bool) -> Node | None:
    """Return min(a, b) or max(a, b) where one of them is known to be no more than the other."""
    zero, one = g.constant(0), g.constant(1)
    for x, y in ((a, b), (b, a)):
        if x in (y, zero) or (x == one and g.is_positive(y)):
            return x if lesser else y
    return None


_RULES: dict[str, Callable[..., Node | None]] = {
    "INC": lambda g, a: g.inverse("DEC", a),
    "DEC": lambda g, a: g.inverse("INC", a),
    "ADD": _add,
    "SUB": _sub,
    "LESS_THAN": _less,
    "LESS_OR_EQUAL": _less_or_equal,
    "EQUAL": _equal,
    "MIN": partial(_choose, lesser=True),
    "MAX": partial(_choose, lesser=False),
}
"""For each module: returns the simpler node that equals its output, or None."""
