"""Rewrite cards for the names of ``neuralprog_agents.training.renames``.

    python scripts/rename.py                 every pretrained agent's card
    python scripts/rename.py runs/nram-copy  the card and config of a run folder

Weights stay as they are, and so do their hashes. What has its new names already stays too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from neuralprog_agents.evaluation.agents import pretrained
from neuralprog_agents.training.files import write_atomically, write_json
from neuralprog_agents.training.renames import CONFIGS, SETTINGS
from neuralprog_envs.registry import full_id

GRADIENT = ("access", "copy", "increment", "reverse")
"""Tasks whose plain NRAM config was the gradient's."""

Settings = dict[str, Any]


def main(folders: list[str]) -> None:
    """Rewrite the given run folders; without any, all that the repository holds."""
    for folder in map(Path, folders) if folders else pretrained().values():
        rename_card(folder)
        rename_config(folder)


def rename_card(folder: Path) -> None:
    """Rewrite a ``card.json``: its settings, command and environments' ids."""
    path = folder / "card.json"
    if not path.exists():
        return
    card = json.loads(path.read_text(encoding="utf-8"))
    card["config"] = new_settings(card["agent"], card["config"])
    card["command"] = new_command(card["command"], card["config"])
    new = with_full_ids(card)
    if new != json.loads(path.read_text(encoding="utf-8")):
        write_json(path, new)
        print(path)


def rename_config(folder: Path) -> None:
    """Rewrite a ``config.yaml``."""
    import yaml

    path = folder / "config.yaml"
    if not path.exists():
        return
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings = with_full_ids(new_settings(settings["agent"], settings))
    write_atomically(path, yaml.safe_dump(settings, sort_keys=False, allow_unicode=True).encode())


def new_settings(agent: str, old: Settings) -> Settings:
    """Return settings under their new names, in the new names' meaning."""
    names, new = SETTINGS.get(agent, {}), {}
    for key, value in old.items():
        if key not in names:
            new[key] = value
        elif not names[key].startswith(("gone", "part of")):
            new[names[key].split(",")[0].split(" ")[0]] = _MEANING.get((agent, key), _same)(value)
    if old.get("square"):
        new["steps"] = [old["square"], *old["steps"]]
    return new


def _same(value: Any) -> Any:
    return value


_MEANING: Mapping[tuple[str, str | None], Callable[[Any], Any]] = {
    ("nram", "solved"): lambda share: round(1.0 - share, 9),
    ("alphanpi", "steps"): lambda pair: list(reversed(pair)),
    ("rl", "linger"): lambda logit: -logit,
}
"""What becomes of the values; each is its own inverse."""


def new_command(command: str, config: Settings) -> str:
    """Return a command line with the config's new name and the settings' new names."""
    for old, new in CONFIGS.items():
        command = command.replace(f"configs/{old}.yaml", f"configs/{new}.yaml")
    for task in GRADIENT:
        if config.get("repair") == 0:
            command = command.replace(
                f"configs/nram/{task}.yaml", f"configs/nram/{task}-gradient.yaml"
            )
    return command


def with_full_ids(value: Any) -> Any:
    """Return JSON in which every "env" is a full id."""
    if isinstance(value, list):
        return [with_full_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: full_id(item) if key == "env" and isinstance(item, str) else with_full_ids(item)
        for key, item in value.items()
    }


if __name__ == "__main__":
    main(sys.argv[1:])
