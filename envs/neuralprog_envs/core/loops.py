"""Functions that exist twice: in NumPy, and compiled by the module ``neuralprog_envs.compiled``."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Loop(Generic[P, T]):
    """A function whose calls can go to another one that computes the same; a decorator.

    Attributes:
        numpy: The function that was decorated.
        used: The one that is called.
    """

    def __init__(self, function: Callable[P, T]) -> None:
        self.numpy: Callable[P, T] = function
        self.used: Callable[P, T] = function
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the function in use."""
        return self.used(*args, **kwargs)
