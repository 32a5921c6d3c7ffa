"""Checks of arguments: each returns plain values, or raises ValueError with one clear line."""

from __future__ import annotations

import operator
import reprlib
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_envs.core.loops import Loop

if TYPE_CHECKING:
    from neuralprog_envs.core.task import Machine

LONGEST = 10**6
"""The greatest length of an instance."""


def shown(value: Any) -> str:
    """Return a value for a message: one line, shortened."""
    return " ".join(_SHORT.repr(value).split())


_SHORT = reprlib.Repr()  # Python refuses to print integers of 4300 digits and more
_SHORT.repr_int = lambda x, level: (  # type: ignore[method-assign]
    str(x) if x.bit_length() <= 200 else f"a number of {x.bit_length():,} bits"
)


def integer(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Return a whole number within bounds, both inclusive; raise ValueError for anything else.

    ``high`` None means no upper bound. Fractions, texts and truth values are no whole numbers.
    """
    number = _whole(value)
    if number is None:
        raise ValueError(f"{name} must be a whole number, got {shown(value)}")
    if number < low:
        raise ValueError(f"{name} must be at least {low}, got {shown(number)}")
    if high is not None and number > high:
        raise ValueError(f"{name} must be at most {high:,}, got {shown(number)}")
    return number


def set_integers(record: Any, bounds: Mapping[str, tuple[int, int]]) -> None:
    """Make fields of a frozen dataclass plain integers within bounds; see ``integer``."""
    for name, (low, high) in bounds.items():
        object.__setattr__(record, name, integer(name, getattr(record, name), low, high))


def integers(name: str, values: Any) -> list[int]:
    """Return the whole numbers of a sequence or 1-D array; raise ValueError for anything else."""
    plain = np.asarray(values) if hasattr(values, "__array__") else values
    if isinstance(plain, np.ndarray) and plain.ndim == 1:
        plain = plain.tolist()
    listed = isinstance(plain, Sequence) and not isinstance(plain, (str, bytes))
    numbers = [_whole(value) for value in plain] if listed else [None]
    whole = [number for number in numbers if number is not None]
    if len(whole) < len(numbers):
        raise ValueError(f"{name} must be whole numbers, as in [3, 1, 2], got {shown(values)}")
    return whole


def _whole(value: Any) -> int | None:
    """Return a whole number, 3.0 included, as an int; None for all else."""
    if isinstance(value, (bool, np.bool_)):
        return None
    if isinstance(value, (float, np.floating)):
        return int(value) if float(value).is_integer() else None
    try:
        return operator.index(value)
    except TypeError:
        return None


def real(name: str, value: Any) -> Any:
    """Return a number as it is; raise ValueError if it is not one."""
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        return value
    raise ValueError(f"{name} must be a number, got {shown(value)}")


def words(name: str, values: Any) -> list[str]:
    """Return a sequence of texts as a list; raise ValueError if it is something else."""
    listed = isinstance(values, Sequence) and not isinstance(values, (str, bytes))
    if not listed or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{name} must be a list of texts, got {shown(values)}")
    return list(values)


def choice(name: str, value: Any, choices: Collection[Any]) -> Any:
    """Return the value if a choice equals it and has its type; raise ValueError if none does."""
    if not any(type(value) is type(one) and value == one for one in choices):
        listed = ", ".join(map(repr, choices))
        raise ValueError(f"{name}: {shown(value)} is not among {listed}")
    return value


def span(value: Any, name: str = "length") -> tuple[int, int]:
    """Return the least and the greatest of one number, a pair, or a range of consecutive numbers.

    Raise ValueError if it is something else, or a number is greater than ``LONGEST``.
    """
    if isinstance(value, range) and value and value.step == 1:
        value = value[0], value[-1]
    alone = _whole(value)
    low, high = (alone, alone) if alone is not None else _pair(name, value)
    if low > high:
        raise ValueError(f"{name} ({low}, {high}): the least comes first, then the greatest")
    return integer(name, low, 0, LONGEST), integer(name, high, 0, LONGEST)


def _pair(name: str, value: Any) -> tuple[int, int]:
    try:
        low, high = integers(name, value)
    except ValueError:
        form = "a whole number, or the least and the greatest, as in (2, 5)"
        raise ValueError(f"{name} must be {form}; got {shown(value)}") from None
    return low, high


def action(machine: Machine, given: Any) -> list[int]:
    """Return an action as a list; raise ValueError if it is not one of the machine's."""
    choices = machine.actions
    if type(given) is np.ndarray and given.ndim == 1 and given.dtype.kind in "iu":
        numbers = given.tolist()
    elif type(given) is tuple and set(map(type, given)) == {int}:
        numbers = list(given)  # an expert's action: what follows takes twice as long as its step
    else:
        numbers = integers(f"an action here is {len(choices)} integers: they", given)
    if len(numbers) != len(choices):
        raise ValueError(f"an action here is {len(choices)} integers, got {len(numbers)}")
    for place, count in enumerate(choices):
        if not 0 <= numbers[place] < count:
            chosen = f"{machine.action_names[place]} = {shown(numbers[place])}"
            raise ValueError(f"action out of range: {chosen}, must be 0..{count - 1}")
    return numbers


def grid(name: str, values: Any, shape: tuple[int, ...] | None) -> NDArray[Any]:
    """Return whole numbers as an array; raise ValueError when they do not have that shape."""
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.zeros(0, dtype=object)  # rows of several lengths
    if array.dtype.kind == "f" and (np.abs(array) < 2**31).all() and (array % 1 == 0).all():
        array = array.astype(np.int64)
    if array.shape != shape or array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers of shape {shape}, got {shown(values)}")
    return array


@Loop
def all_below(numbers: NDArray[np.int64], limits: NDArray[np.int64]) -> bool:
    """Return whether all numbers are at least 0 and below their limits, in arrays of one shape."""
    return not (numbers.view(np.uint64) >= limits.view(np.uint64)).any()  # a negative one is huge


def options(given: Any, known: tuple[str, ...]) -> dict[str, Any]:
    """Return the options of ``reset``; raise ValueError when one is not known."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ValueError(f"options must be a dictionary of {', '.join(known)}, got {shown(given)}")
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ValueError(f"unknown reset option {unknown[0]!r}: {', '.join(known)}")
    return dict(given)
