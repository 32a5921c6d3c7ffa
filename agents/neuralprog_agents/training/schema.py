"""Values read from files, checked against types: a dataclass is the schema of a mapping.

Nothing here imports what a value names. The types are bool, int, float, str, None, Any, Literal,
unions, tuples, ``dict[str, …]``, dataclasses, and ``Annotated[…, RULE]`` with a rule of ``ranges``.
"""

from __future__ import annotations

import difflib
import re
import reprlib
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from neuralprog_agents.training.ranges import Within, type_hints

Kind = TypeVar("Kind")

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
"""YAML 1.1 takes 1e-3 for a text."""


class SchemaError(ValueError):
    """A value has not the type that it should have; the message says where and which."""


Size = Annotated[int, Within(1, 2**20)]
"""A size that memory is taken for."""
Count = Annotated[int, Within(0, 2**31 - 1)]
"""A number of things; what there are so many of exists already."""


def structured(kind: type[Kind], value: Any, strict: bool = False) -> Kind:
    """Return a value of JSON or YAML as a type of this module's docstring has it.

    If ``strict``, a key that a dataclass does not know is refused, and not left out.

    Raises:
        SchemaError: It is none.
    """
    made: Kind = _made(kind, value, "", strict)
    return made


def _made(kind: Any, value: Any, at: str, strict: bool) -> Any:
    origin = get_origin(kind)
    if is_dataclass(kind):
        return _record(kind, value, at, strict)
    if origin is Annotated:
        return _bounded(kind, value, at, strict)
    if origin in (Union, types.UnionType):
        return _union(kind, value, at, strict)
    if origin is tuple:
        return _sequence(get_args(kind), value, at, strict)
    if origin is dict:
        items = _mapping(value, at).items()
        return {key: _made(get_args(kind)[1], each, _in(at, key), strict) for key, each in items}
    return _plain(kind, value, at)


def _plain(kind: Any, value: Any, at: str) -> Any:
    if kind is float and isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if kind is float and type(value) is int:
        return float(value)
    if get_origin(kind) is Literal:
        right = any(value == each and type(value) is type(each) for each in get_args(kind))
    else:
        right = kind is Any or type(value) is kind
    if not right:
        raise _wrong(at, _name(kind), value)
    return value


def _bounded(kind: Any, value: Any, at: str, strict: bool) -> Any:
    inner, rule = get_args(kind)
    made = _made(inner, value, at, strict)
    if not rule.holds(made):
        raise SchemaError(f"{at or 'value'} must be {rule}, got {_shown(value)}")
    return made


def _union(kind: Any, value: Any, at: str, strict: bool) -> Any:
    kinds = [each for each in get_args(kind) if each is not types.NoneType]
    if value is None and len(kinds) < len(get_args(kind)):
        return None
    for each in kinds[:-1]:
        try:
            return _made(each, value, at, strict)
        except SchemaError:
            continue
    return _made(kinds[-1], value, at, strict)


def _sequence(kinds: tuple[Any, ...], value: Any, at: str, strict: bool) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise _wrong(at, "a list", value)
    if kinds[-1] is Ellipsis:
        kinds = kinds[:1] * len(value)
    if len(kinds) != len(value):
        raise _wrong(at, f"a list of {len(kinds)}", value)
    made = zip(kinds, value, strict=True)
    return tuple(_made(kind, each, f"{at}[{i}]", strict) for i, (kind, each) in enumerate(made))


def _mapping(value: Any, at: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(at, "a mapping (key: value)", value)
    return value


def _record(kind: Any, value: Any, at: str, strict: bool) -> Any:
    if type(value) is kind:
        return value
    given = _mapping(value, at)
    if strict:
        check_names([_in(at, key) for key in given], [_in(at, name) for name in defaults(kind)])
    kinds, made = type_hints(kind), {}
    for name, default in defaults(kind).items():
        found = given.get(name, default)
        if found is MISSING:
            raise SchemaError(f"{_in(at, name)} is missing")
        made[name] = _made(kinds[name], found, _in(at, name), strict)
    try:
        return kind(**made)
    except ValueError as error:
        raise SchemaError(f"{at}: {error}" if at else str(error)) from None


def check_names(names: list[str], known: list[str]) -> None:
    """Raise SchemaError where a name is not known; the message names the nearest ones."""
    for name in names:
        if name not in known:
            matches = difflib.get_close_matches(name, known, n=3) or sorted(known)
            raise SchemaError(f"unknown setting {name}: did you mean {', '.join(matches)}?")


def defaults(kind: type[Any]) -> dict[str, Any]:
    """Return the default of each of a dataclass's fields, MISSING where there is none."""
    return {
        field.name: field.default if field.default_factory is MISSING else field.default_factory()
        for field in fields(kind)
    }


def check_alike(value: Any, example: Any, at: str = "") -> None:
    """Raise SchemaError unless a value is made as an example of it is.

    It has the mappings of the example with their keys, and its lists, with values of its types;
    whole numbers are not negative, unless the example's is. Where that has None is anything.
    """
    if isinstance(example, Mapping):
        for key, inner in example.items():
            check_alike(_mapping(value, at).get(key), inner, _in(at, key))
    elif isinstance(example, list):
        if not isinstance(value, list) or len(value) != len(example):
            raise _wrong(at, f"a list of {len(example)}", value)
        for i, (each, inner) in enumerate(zip(value, example, strict=True)):
            check_alike(each, inner, f"{at}[{i}]")
    elif example is not None:
        made = _plain(type(example), value, at)
        if isinstance(example, int) and made < min(0, example):
            raise SchemaError(f"{at} must be at least {min(0, example)}, got {value}")


def _in(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def type_text(kind: Any) -> str:
    """Return how a type is written, with its range: "int, at least 1"."""
    if get_origin(kind) is Annotated:
        inner, rule = get_args(kind)
        return f"{type_text(inner)}, {rule}"
    return kind.__name__ if isinstance(kind, type) and not get_args(kind) else f"{kind}"


def _name(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(map(str, get_args(kind)))
    return str(getattr(kind, "__name__", kind))


def _wrong(at: str, wanted: str, value: Any) -> SchemaError:
    return SchemaError(f"{at or 'value'}: expected {wanted}, got {_shown(value)}")


def _shown(value: Any) -> str:
    return value if isinstance(value, str) and len(value) < 40 else reprlib.repr(value)
