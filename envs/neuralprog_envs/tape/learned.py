"""A learned program of numbers as a module: data, not code.

A program of one of the functions of numbers (``neuralprog_envs.tape.functions``) is a table of
circuits. On a machine of M cells it is a pure function of a and b: they are posed in cells 0 and 1,
the program runs until it halts, and its result is in cell 0. So it joins a machine's list of
modules:

    gcd = LearnedModule("GCD", 2, circuits, time_limit=(4, 3))
    gym.make("NRAMSort-v0", modules=(*MODULES[:-1], gcd, MODULES[-1]))

A circuit's modules run in the order of the list, so what comes before WRITE can be written.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core import batch
from neuralprog_envs.core.task import Ints, fields_only
from neuralprog_envs.tape.machine import TapeMachine
from neuralprog_envs.tape.ops import MODULES, Module
from neuralprog_envs.tape.state import TapeState

TABLED = 64
"""Up to this M the results of all a and b are kept, M² numbers."""


@dataclass(frozen=True, eq=False)
class LearnedModule:
    """A module that is a program; two with the same content are equal.

    Attributes:
        name: What it is called in programs: capitals, digits and _.
        arity: How many numbers it takes, 1 or 2.
        circuits: One circuit for each pattern of zero registers, shape (2^R, K), int64.
        time_limit: (c_0, c_1, …): modulo M it runs for at most Σ_k c_k · M^k steps.
        modules: The list of modules that it is written in, learned ones among them.

    Raises:
        ValueError: The circuits are none of such a machine, or a setting is out of its range.
    """

    name: str
    arity: int
    circuits: NDArray[np.int64]
    time_limit: tuple[int, ...]
    modules: tuple[Module, ...] = MODULES
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,39}", self.name) or self.name in _RESERVED:
            raise ValueError(
                f"{self.name!r} is no name for a module: write it as in GCD or DIGIT_2"
            )
        if self.arity not in (1, 2):
            raise ValueError(f"a learned module takes 1 or 2 numbers, not {self.arity}")
        check_limit(self.time_limit)
        circuits = np.array(self.circuits, dtype=np.int64)
        circuits.setflags(write=False)
        object.__setattr__(self, "circuits", circuits)
        self._check_circuits()
        object.__setattr__(self, "digest", self._digest())

    __getstate__ = fields_only

    def _check_circuits(self) -> None:
        R = self.registers
        if self.circuits.ndim != 2 or len(self.circuits) != 1 << R or R < 1:
            raise ValueError(f"circuits of shape {self.circuits.shape} should be (2^R, K)")
        choices = np.array(self._machine(TABLED).actions)
        if self.circuits.shape[1] != len(choices):
            raise ValueError(
                f"the circuits of {self.name} have {self.circuits.shape[1]} wires; on this list of "
                f"modules they have {len(choices)}"
            )
        if (self.circuits < 0).any() or (self.circuits >= choices).any():
            raise ValueError(f"{self.name} wires a circuit to a source that does not exist")

    def _digest(self) -> str:
        content = [self.name, str(self.arity), str(self.time_limit), *map(_identity, self.modules)]
        whole = "\n".join(content).encode() + self.circuits.tobytes()
        return hashlib.sha256(whole).hexdigest()

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LearnedModule) and other.digest == self.digest

    @property
    def registers(self) -> int:
        """R."""
        return len(self.circuits).bit_length() - 1

    def limit(self, M: int) -> int:
        """Return the most steps that it takes modulo M."""
        return max(1, sum(c * M**k for k, c in enumerate(self.time_limit)))

    def apply(self, a: Any, b: Any, M: int) -> Any:
        """Return its results modulo M, as ``ops.Module.apply`` does: integers or int32 arrays."""
        if M <= TABLED:
            found = self.table(M)[a, b] if self.arity == 2 else self.table(M)[a, 0]
        else:
            found = self._compute(np.atleast_1d(a), np.atleast_1d(b), M).reshape(np.shape(a))
        return found if np.ndim(a) else int(found)

    def table(self, M: int) -> Ints:
        """Return the results of all a and b, shape (M, M), int32, read-only."""
        return _table(self, M)

    def halts(self, M: int) -> bool:
        """Return whether it halts by itself, within its limit, for every a and b modulo M."""
        a, b = np.indices((M, M if self.arity == 2 else 1), dtype=np.int32)
        return bool(self._run(a.ravel(), b.ravel(), M)[1].all())

    @cached_property
    def occurring(self) -> tuple[int, ...]:
        """The patterns of zero registers that it meets modulo 9 and 16."""
        return tuple(sorted({p for M in (9, 16) for p in self._patterns(M)}))

    def _patterns(self, M: int) -> set[int]:
        a, b = np.indices((M, M if self.arity == 2 else 1), dtype=np.int32)
        met = set[int]()
        self._run(a.ravel(), b.ravel(), M, met)
        return met

    def _compute(self, a: NDArray[Any], b: NDArray[Any], M: int) -> Ints:
        """Return the results, shape (B,); equal inputs are run once."""
        pairs = a.astype(np.int64) * M + (b if self.arity == 2 else 0)
        each, where = np.unique(pairs, return_inverse=True)
        return self._run(each // M, each % M, M)[0][where.reshape(-1)]

    def _run(
        self, a: NDArray[Any], b: NDArray[Any], M: int, met: set[int] | None = None
    ) -> tuple[Ints, NDArray[np.bool_]]:
        """Return cell 0 at the end, and whether the program halted by itself, each (B,).

        The patterns of zero registers that occur are added to ``met``.
        """
        machine, B = self._machine(M), len(a)
        zeros = np.zeros(B, dtype=np.int32)
        state = TapeState(
            tape=np.zeros((B, M), dtype=np.int32),
            registers=np.zeros((B, self.registers), dtype=np.int32),
            halted=np.zeros(B, dtype=bool),
            steps=zeros.copy(),
            last_actions=np.zeros((B, 0, len(machine.actions)), dtype=np.int32),
        )
        state.tape[:, 0], state.tape[:, 1] = a, b
        result, halted, rows = zeros, np.zeros(B, dtype=bool), np.arange(B)
        for _ in range(self.limit(M)):
            pattern = (state.registers == 0) @ (1 << np.arange(self.registers))
            if met is not None:
                met.update(np.unique(pattern).tolist())
            state = machine.advance(state, self.circuits[pattern])
            if state.halted.any():
                result[rows[state.halted]] = state.tape[state.halted, 0]
                halted[rows[state.halted]] = True
                left = np.flatnonzero(~state.halted)
                state, rows = batch.take(state, left), rows[left]
            if not len(rows):
                break
        result[rows] = state.tape[:, 0]
        return result, halted

    def _machine(self, M: int) -> TapeMachine:
        return TapeMachine(M, self.registers, "circuit", "flags", module_list=self.modules)


def check_limit(coefficients: tuple[int, ...]) -> None:
    """Raise ValueError unless (c_0, c_1, c_2) are whole numbers from 0 to 10,000, three at most."""
    whole = all(isinstance(c, int) and 0 <= c <= _MOST for c in coefficients)
    if not whole or not 1 <= len(coefficients) <= 3:
        raise ValueError(
            f"a time limit is one to three whole numbers from 0 to {_MOST}: {coefficients}"
        )


_MOST = 10_000
_RESERVED = {*(module.name for module in MODULES), "HALT"}


def _identity(module: Module) -> str:
    return module.digest if isinstance(module, LearnedModule) else module.name


@lru_cache(maxsize=256)
def _table(module: LearnedModule, M: int) -> Ints:
    a, b = np.indices((M, M), dtype=np.int32)
    table = module._compute(a.ravel(), b.ravel(), M).reshape(M, M)
    table.setflags(write=False)
    return table
