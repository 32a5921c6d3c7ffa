"""The events that an expert emits while it solves one instance.

The acts alone are a demonstration for the environment. With the calls and returns they are the
execution trace from which the Neural Programmer-Interpreter learns.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Act:
    """One action of the environment: K integers of its action space."""

    action: tuple[int, ...]


@dataclass(frozen=True)
class Call:
    """The start of a program, with its arguments."""

    program: str
    arguments: tuple[int, ...] = ()


@dataclass(frozen=True)
class Return:
    """The end of the program that was called last."""


Event = Act | Call | Return
