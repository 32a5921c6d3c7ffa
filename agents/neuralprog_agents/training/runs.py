"""Run folders: everything about one training, enough to go on, to score it and to repeat it.

::

    RUN/config.yaml       agent and settings, resolved
        meta.json         command, commit, versions, platform, times
        metrics.csv       one row a restart
        restarts/0000/    checkpoint, metrics.csv, TensorBoard events, result.json when finished
        weights.safetensors, card.json     the learned program, once there is one
"""

from __future__ import annotations

import platform
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from neuralprog_agents import registry
from neuralprog_agents.agent import Outcome
from neuralprog_agents.training import checkpoint, config
from neuralprog_agents.training.files import locked, read_json, write_atomically, write_json
from neuralprog_agents.training.schema import structured

FORMAT = "neuralprog-run"
VERSION = 1
WEIGHTS = "weights.safetensors"
CARD = "card.json"
_PACKAGES = ("neuralprog", "gymnasium", "numpy", "torch", "numba", "safetensors")
_UNFINISHED = {".lock", "config.yaml", ".config.yaml.tmp", ".meta.json.tmp"}


class RunError(ValueError):
    """A folder is not the run folder that was asked for; the message says why."""


_SHORTER = {"wikitablequestions": "wikitables"}
"""Tasks that go by a shorter name."""


@dataclass(frozen=True)
class Meta:
    """What must be in ``meta.json``."""

    version: Literal[1]
    command: str
    versions: dict[str, str | None]
    kind: Literal["train", "sweep"]
    git: dict[str, Any] | None = None
    resumed: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunFolder:
    """An open run folder; its kind is "train" or "sweep", and ``meta`` what ``meta.json`` holds."""

    folder: Path
    kind: str
    agent: str
    config: Any
    meta: Mapping[str, Any]


def default_folder(agent: str, env_id: str, root: Path = Path("runs")) -> Path:
    """Return a new name: ``runs/nram-copy-20261123-185900``."""
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    name = f"{agent}-{task_name(env_id)}-{stamp}"
    taken = sum(1 for path in root.glob(f"{name}*") if path.exists()) if root.exists() else 0
    return root / (f"{name}-{taken + 1}" if taken else name)


def task_name(env_id: str) -> str:
    """Return the task in an environment's id, lower case: "NRAMCopy-v0" is "copy".

    It is part of files' names, and so without the module of a task of one's own: no colon.
    """
    name = env_id.rpartition(":")[2].partition("-v")[0]
    for family in ("NRAM", "NPI", "NP"):
        name = name.removeprefix(family) if name.startswith(family) else name
    return _SHORTER.get(name.lower(), name.lower())


def create(folder: Path, kind: str, agent: str, settings: Any, command: Sequence[str]) -> RunFolder:
    """Make a run folder, and return its run.

    Raises:
        RunError: There is something else there, or an older run.
        OSError: It could not be written.
    """
    if (folder / "meta.json").exists() and is_run(folder):
        raise RunError(f"{folder}: there is a run here already; go on with --resume {folder}")
    if folder.exists() and (not folder.is_dir() or _occupied(folder)):
        raise RunError(f"{folder}: is not empty and not a run of neuralprog; name another --output")
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / ".lock"):
        write_atomically(folder / "config.yaml", config.dump(agent, settings).encode())
        meta = _meta(kind, agent, command)
        write_json(folder / "meta.json", meta)
    return RunFolder(folder, kind, agent, settings, meta)


def _occupied(folder: Path) -> bool:
    return any(path.name not in _UNFINISHED for path in folder.iterdir())


def is_run(folder: Path) -> bool:
    """Return whether a folder is a run folder."""
    path = folder / "meta.json"
    if not path.is_file():
        return False
    meta = read_json(path)
    return isinstance(meta, dict) and meta.get("format") == FORMAT


def _read_meta(path: Path) -> dict[str, Any]:
    meta = read_json(path)
    try:
        structured(Meta, meta)
    except ValueError as error:
        raise RunError(f"{path}: {error}") from None
    return dict(meta)


def read(folder: Path) -> RunFolder:
    """Return the run in a folder.

    Raises:
        RunError: It is missing or no run folder.
        ValueError: Its files are damaged, or its agent is not known here.
    """
    if not folder.is_dir():
        raise RunError(f"{folder}: there is no such folder")
    if not is_run(folder):
        raise RunError(f"{folder}: not a run folder of neuralprog (it has no valid meta.json)")
    meta = _read_meta(folder / "meta.json")
    agent, settings = config.load(folder / "config.yaml")
    return RunFolder(folder, str(meta["kind"]), agent, settings, meta)


def note_resumed(run: RunFolder) -> None:
    """Write into ``meta.json`` that the run goes on now."""
    resumed = [*run.meta.get("resumed", []), _now()]
    write_json(run.folder / "meta.json", {**run.meta, "resumed": resumed})


def finish(run: RunFolder, outcome: Outcome, index: int, tried: int, succeeded: int) -> None:
    """Write the learned program: its weights, and the card that says where they are from.

    It is the outcome of restart ``index``, one of ``tried``, of which ``succeeded`` were successes.
    """
    env = str(run.config.env)
    name = env.removesuffix("-v0")  # as it always was here: equal weights keep their hash
    digest = checkpoint.save(
        run.folder / WEIGHTS, "weights", outcome.tensors, {"agent": run.agent, "env": name}
    )
    card = {
        "agent": run.agent,
        "env": env,
        "supervision": registry.supervision(run.agent, run.config),
        "command": run.meta["command"],
        "seed": run.config.seed,
        "commit": (run.meta.get("git") or {}).get("commit"),
        "dirty": (run.meta.get("git") or {}).get("dirty"),
        "versions": run.meta["versions"],
        "config": config.plain_settings(run.config),
        "restart": index,
        "restarts_tried": tried,
        "restarts_succeeded": succeeded,
        "metrics": outcome.metrics,
        "model": outcome.card,
        "weights_sha256": digest,
    }
    write_json(run.folder / CARD, card)


def _meta(kind: str, agent: str, command: Sequence[str]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "kind": kind,
        "agent": agent,
        "command": shlex.join(command),
        "git": commit(),
        "versions": {"python": platform.python_version(), **_versions()},
        "platform": platform.platform(),
        "started": _now(),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def commit() -> dict[str, Any] | None:
    """Return the "commit" that this package was imported from, and whether it is "dirty".

    None if it is not in a clone.
    """
    here = Path(__file__)
    if _git(here.parent, "ls-files", "--error-unmatch", here.name) is None:
        return None
    changes = _git(here.parent, "status", "--porcelain", "--untracked-files=no", ":/")
    return {"commit": _git(here.parent, "rev-parse", "HEAD"), "dirty": bool(changes)}


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", *words],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
