"""A policy in a Python file of the user's own, named on the command line: ``mine.py``."""

from __future__ import annotations

import importlib.util
import inspect
from functools import cache
from pathlib import Path
from typing import Any

from neuralprog_agents.agent import Answerer, Policy
from neuralprog_envs.registry import find

_POLICY, _ANSWERER = ("settings", "start", "act"), ("settings", "answer")


def is_policy_file(name: str) -> bool:
    """Return whether a name is that of a Python file."""
    return name.endswith(".py")


def policy_file(name: str) -> Policy | Answerer:
    """Return a new policy of the one class in a file that has the members of one.

    The file is executed: it must have been typed by the user, as the name of a command would be.

    Args:
        name: The file's path.

    Raises:
        ValueError: There is no such file, it breaks, or it has no such class or several.
    """
    if not Path(name).is_file():
        raise ValueError(f"{name}: No such file")
    kinds = _classes(Path(name).resolve())
    if len(kinds) != 1:
        found = f"{len(kinds)} such classes" if kinds else "none"
        raise ValueError(
            f"{name}: must have one class with env_id, {', '.join(_POLICY)} "
            f"(or env_id, {', '.join(_ANSWERER)}), has {found}"
        )
    try:
        policy: Policy | Answerer = kinds[0]()
        find(policy.env_id)
    except Exception as error:
        raise ValueError(f"{name}: {_line(error)}") from None
    return policy


@cache
def _classes(path: Path) -> tuple[Any, ...]:
    """Return the policies that a file defines itself."""
    spec = importlib.util.spec_from_file_location(f"policy_file_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ValueError(f"{path}: {_line(error)}") from None
    own = (each for each in vars(module).values() if inspect.isclass(each))
    return tuple(each for each in own if each.__module__ == module.__name__ and _acts(each))


def _acts(kind: Any) -> bool:
    return any(all(hasattr(kind, name) for name in names) for names in (_POLICY, _ANSWERER))


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
