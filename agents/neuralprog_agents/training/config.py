"""An agent's settings: dataclass defaults, then a YAML file, then ``--key value`` overrides."""

from __future__ import annotations

import difflib
import re
from argparse import ArgumentError
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from neuralprog_agents import registry


class ConfigError(ValueError):
    """A setting is unknown or its value is wrong; the message is one line."""


def read_agent(path: Path) -> str:
    """Return the name that a YAML file gives under ``agent``.

    Raises:
        ConfigError: The file is missing, is no YAML mapping, or names no agent.
    """
    name = _read(path).get("agent")
    if not isinstance(name, str):
        raise ConfigError(f"{path}: says no agent; begin it with 'agent: {registry.names()[0]}'")
    return name


def parse(agent: str, path: Path, overrides: Sequence[str] = ()) -> Any:
    """Return the agent's ``Config``.

    Args:
        agent: A name of the registry of agents.
        path: A YAML file of differences from the defaults.
        overrides: Words of a command line: ``--key value`` or ``--key=value``.

    Raises:
        ConfigError: A key is unknown or a value is wrong.
        ValueError: There is no such agent.
    """
    parser = _parser(agent)
    known = [key for key in parser.get_defaults().keys() if key not in ("config", "agent")]  # noqa: SIM118
    _check_keys([key for key in _read(path) if key != "agent"], known, str(path))
    _check_keys(_given(overrides), known, "the command line", "--")
    try:
        return _build(parser, registry.find(agent).Config, [f"--config={path}", *overrides])
    except (ArgumentError, ValueError, TypeError) as error:
        raise ConfigError(f"{path}: {_one_line(error)}") from None


def dump(agent: str, config: Any) -> str:
    """Return a ``Config`` as the YAML that ``parse`` reads."""
    import yaml

    settings = plain_settings(config)
    return yaml.safe_dump({"agent": agent, **settings}, sort_keys=False, allow_unicode=True)


def help_text(agent: str) -> str:
    """Return the help of an agent's settings."""
    return str(_parser(agent).format_help())


def _parser(agent: str) -> Any:
    import jsonargparse

    jsonargparse.set_parsing_settings(docstring_parse_attribute_docstrings=True)
    parser = jsonargparse.ArgumentParser(exit_on_error=False, prog=f"--config ({agent})")
    parser.add_argument("--config", action="config", help="A YAML file of settings.")
    parser.add_argument("--agent", type=str, default=agent, help="The agent's name.")
    parser.add_class_arguments(registry.find(agent).Config, None)
    return parser


def _build(parser: Any, kind: type[Any], words: list[str]) -> Any:
    """Parse the words and make the dataclass, nested ones included."""
    parsed = parser.parse_args(words)
    make = getattr(parser, "instantiate", None) or parser.instantiate_classes
    made = make(parsed)
    return kind(**{field.name: made[field.name] for field in fields(kind)})


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML: {_one_line(error)}") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: must be a mapping of settings (key: value)")
    if "class_path" in str(content):
        raise ConfigError(f"{path}: class_path names code, which no file may")
    return {str(key): value for key, value in content.items()}


def _given(words: Iterable[str]) -> list[str]:
    """Return the keys among the words of a command line."""
    return [word[2:].partition("=")[0] for word in words if word.startswith("--")]


def _check_keys(keys: Iterable[str], known: Sequence[str], where: str, dashes: str = "") -> None:
    heads = {key.partition(".")[0] for key in known}
    for key in keys:
        if key in known or key in heads:
            continue
        near = difflib.get_close_matches(key, known, n=3) or sorted(known)
        names = ", ".join(f"{dashes}{name}" for name in near)
        raise ConfigError(f"{where}: unknown setting {dashes}{key}: did you mean {names}?")


def plain_settings(value: Any) -> Any:
    """Return a value made of YAML's own types only."""
    if is_dataclass(value):
        return {field.name: plain_settings(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: plain_settings(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_settings(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _one_line(error: object) -> str:
    text = " ".join(str(error).split())
    text = re.sub(r'Parser key "([^"]+)":', r"\1:", text)
    return re.sub(r"Expected an? <class '(\w+)'>\. Got value:", r"expected \1, got", text)
