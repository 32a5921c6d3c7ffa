"""An agent's settings: dataclass defaults, then a YAML file, then ``--key value`` overrides."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from neuralprog_agents import registry
from neuralprog_agents.training import renames
from neuralprog_agents.training.files import parse_yaml, read_yaml
from neuralprog_agents.training.ranges import type_hints
from neuralprog_agents.training.schema import check_names, defaults, structured, type_text
from neuralprog_envs.registry import full_id


class ConfigError(ValueError):
    """A setting is unknown or its value is wrong; the message is one line."""


def read_agent(path: Path) -> str:
    """Return the name that a YAML file gives under ``agent``.

    Raises:
        ConfigError: The file is missing, is no YAML mapping, or names no agent.
    """
    return _agent(_read(path), path)


def load(path: Path, overrides: Sequence[str] = ()) -> tuple[str, Any]:
    """Return the agent that a YAML file names, and its ``Config``; see ``parse``."""
    content = _read(path)
    agent = _agent(content, path)
    return agent, _config(agent, content, path, overrides)


def parse(agent: str, path: Path, overrides: Sequence[str] = ()) -> Any:
    """Return the ``Config`` of an agent: its defaults, changed by a YAML file and by overrides.

    Overrides are words of a command line: ``--key value`` or ``--key=value``.

    Raises:
        ConfigError: A key is unknown or a value is wrong.
        ValueError: There is no such agent.
    """
    return _config(agent, _read(path), path, overrides)


def _agent(content: Mapping[str, Any], path: Path) -> str:
    name = content.get("agent")
    if not isinstance(name, str):
        raise ConfigError(f"{path}: says no agent; begin it with 'agent: {registry.names()[0]}'")
    return name


def _config(agent: str, content: Mapping[str, Any], path: Path, overrides: Sequence[str]) -> Any:
    kind = registry.find(agent).Config
    settings = {key: value for key, value in content.items() if key != "agent"}
    try:
        renames.refuse_old(agent, settings)
        for key, word in _given(overrides):
            renames.refuse_old(agent, [key])
            _set_at(settings, kind, key, word)
        return _with_full_ids(structured(kind, settings, strict=True))
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def dump(agent: str, config: Any) -> str:
    """Return a ``Config`` as the YAML that ``parse`` reads."""
    import yaml

    settings = plain_settings(config)
    return yaml.safe_dump({"agent": agent, **settings}, sort_keys=False, allow_unicode=True)


def help_text(agent: str) -> str:
    """Return the help of an agent's settings."""
    kind = registry.find(agent).Config
    lines = [f"The settings of {agent}: {inspect.getdoc(kind)}", ""]
    for name, (annotation, default, text) in _documented(kind):
        lines += [f"  --{name} {annotation} {default}", f"      {text}"]
    return "\n".join(lines)


def _documented(kind: type[Any]) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Yield each setting's name, type, default and docstring, from the source of its class."""
    bases = [base for base in kind.__mro__ if is_dataclass(base)]
    bodies = [ast.parse(inspect.getsource(base)).body[0].body for base in bases]  # type: ignore[attr-defined]
    texts = {
        ast.unparse(field.target): " ".join(text.value.value.split())
        for body in bodies
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(getattr(text, "value", 0), ast.Constant)
    }
    types = {name: type_text(hint) for name, hint in type_hints(kind).items()}
    for name, default in defaults(kind).items():
        shown = "(needed)" if default is MISSING else f"({plain_settings(default)!r})"
        yield name, (types[name], shown, texts.get(name, ""))


def _with_full_ids(value: Any) -> Any:
    """Return settings whose environments have their full ids, of further tasks too."""
    if isinstance(value, tuple):
        return tuple(map(_with_full_ids, value))
    if not is_dataclass(value) or isinstance(value, type):
        return value
    own = {field.name: getattr(value, field.name) for field in fields(value)}
    return replace(
        value,
        **{k: full_id(v) if k == "env" else _with_full_ids(v) for k, v in own.items()},
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        content = read_yaml(path)
    except ValueError as error:
        raise ConfigError(f"{error}{renames.new_config(path)}") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: must be a mapping of settings (key: value)")
    return content


def _given(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the keys and values of a command line."""
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        key, equals, value = word.partition("=")
        if not key.startswith("--"):
            raise ValueError(f"unrecognized arguments: {word}")
        if not equals:
            if not waiting or waiting[0].startswith("--"):
                raise ValueError(f"{key}: expected one argument")
            value = waiting.pop(0)
        yield key[2:], value


def _set_at(settings: dict[str, Any], kind: type[Any], path: str, word: str) -> None:
    """Put a word's value where a path of keys, ``options.PPO.gamma``, leads."""
    *above, last = path.split(".")
    names = [f"--{field.name}" for field in fields(kind)]
    check_names([f"--{(above or [last])[0]}"], names)
    declared = type_hints(kind).get(last)
    is_text = not above and getattr(declared, "__origin__", declared) is str  # with a range or not
    value = word if is_text else parse_yaml(word, f"--{path}")
    for key in above:
        inner = settings.get(key)
        settings[key] = dict(inner) if isinstance(inner, Mapping) else {}
        settings = settings[key]
    settings[last] = value


def plain_settings(value: Any) -> Any:
    """Return a value made of YAML's own types only."""
    if is_dataclass(value):
        return {field.name: plain_settings(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: plain_settings(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_settings(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def changed_settings(value: Any) -> Any:
    """Return ``plain_settings``, of a config only those that are not its defaults."""
    plain = plain_settings(value)
    if not is_dataclass(value):
        return plain
    same = {name: plain_settings(default) for name, default in defaults(type(value)).items()}
    return {name: item for name, item in plain.items() if item != same[name]}
