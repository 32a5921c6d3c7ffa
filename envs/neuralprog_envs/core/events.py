"""The events that an expert emits while it solves one instance.

The acts alone are a demonstration for the environment; with the calls and returns they are the
nested trace that the Neural Programmer-Interpreter learns from.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Act:
    """One action of the environment: K integers, as its action space has them."""

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
