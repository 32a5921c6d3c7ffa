"""Trained agents by name: pretrained ones, run folders, and the references."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from neuralprog_agents import registry
from neuralprog_agents.agent import Answerer, Policy, Versatile
from neuralprog_agents.evaluation.reference import REFERENCES, reference
from neuralprog_agents.training import checkpoint, renames, runs
from neuralprog_agents.training.files import read_json
from neuralprog_envs.registry import find

CARD_KEYS = frozenset({"agent", "env", "model", "weights_sha256"})


class AgentError(ValueError):
    """There is no such agent, or its files are damaged."""


@dataclass(frozen=True)
class Agent:
    """A policy with its name and where it is from.

    Attributes:
        name: As it was asked for.
        env_id: Where it acts.
        policy: The policy.
        card: The content of its ``card.json``; empty for a reference.
    """

    name: str
    env_id: str
    policy: Policy | Answerer
    card: Mapping[str, Any] = field(default_factory=dict)

    @property
    def test_lengths(self) -> tuple[int, ...]:
        """The lengths at which it is scored by default.

        They are its config's ``test_lengths``, or else the longest that it was trained on (for
        references, the environment's default), twice that and ten times that. Of an agent that
        learned several environments they are those of the one where it acts; where it acts with
        what its base learned, the base's.
        """
        config = _told(self.card.get("config", {}), self.env_id)
        if config.get("test_lengths"):
            return tuple(int(n) for n in config["test_lengths"])
        trained = config.get("length") or find(self.env_id).defaults["length"]
        longest = trained if isinstance(trained, int) else int(trained[-1])
        return longest, 2 * longest, 10 * longest

    def everywhere(self) -> list[Agent]:
        """Return the agent in each environment that it has learned."""
        if not isinstance(self.policy, Versatile):
            return [self]
        acting = self.policy.acting_in
        return [replace(self, env_id=e, policy=acting(e)) for e in self.policy.env_ids]


def pretrained() -> dict[str, Path]:
    """Return the folder of every agent that comes with the package, by name."""
    root = Path(str(files("neuralprog_agents").joinpath("pretrained")))
    if not root.is_dir():
        return {}
    return {path.name: path for path in sorted(root.iterdir()) if (path / "card.json").is_file()}


def open_agent(name: str, env_id: str | None = None, seed: int = 0) -> Agent:
    """Return an agent.

    Args:
        name: A pretrained agent's name, a run folder, "random" or "expert"; several names with
            commas between them are one agent that decides together, where its kind can.
        env_id: Where it is to act; by default where it was trained. References need it.
        seed: The seed of "random".

    Raises:
        AgentError: There is no such agent, or it has nothing to show yet.
        ValueError: The environment or a file is not right.
    """
    if name in REFERENCES:
        if env_id is None:
            raise AgentError(f"agent {name!r} needs an environment: --env NRAMCopy-v0")
        identity = find(env_id).id
        return Agent(name, identity, reference(name, identity, seed))
    if "," in name and not Path(name).is_dir():
        return _together([open_agent(part, env_id) for part in name.split(",")], name)
    folder = _locate(name)
    card = _read_card(folder)
    policy, identity = _load(folder, card), find(env_id or str(card["env"])).id
    if env_id is not None and isinstance(policy, Versatile):
        policy = _acting_in(policy, identity, name)
    return Agent(name, identity, policy, card)


def _acting_in(policy: Versatile, env_id: str, name: str) -> Policy:
    if env_id not in policy.env_ids:
        raise AgentError(f"{name} has learned {', '.join(policy.env_ids)}, and not {env_id}")
    return policy.acting_in(env_id)


def _told(config: Mapping[str, Any], env_id: str) -> Mapping[str, Any]:
    """Return what an agent, or the one that it is built on, was told of an environment.

    Elsewhere it is taken to be in an environment like its own.
    """
    for task in (config, *config.get("also", ())):
        if "env" in task and find(task["env"]).id == env_id:
            return task
    base = config.get("base")
    return _told(_read_card(_locate(base))["config"], env_id) if base else config


def _together(agents: list[Agent], name: str) -> Agent:
    """Return several agents of one kind as one.

    Raises:
        AgentError: Agents of this kind do not decide together, or they are of several kinds.
    """
    kinds = sorted({str(agent.card.get("agent", agent.name)) for agent in agents})
    join = getattr(registry.find(kinds[0]), "ensemble", None) if len(kinds) == 1 else None
    if join is None:
        raise AgentError(f"{name}: {', '.join(kinds)} can't decide together")
    card = {"agent": kinds[0], "config": agents[0].card["config"]}
    return Agent(name, agents[0].env_id, join([agent.policy for agent in agents]), card)


def weights_of(agent: Agent) -> dict[str, NDArray[Any]]:
    """Return the weights of an agent that was opened by name, as its file has them."""
    weights, _ = checkpoint.load(_locate(agent.name) / runs.WEIGHTS, "weights")
    return weights


def _locate(name: str) -> Path:
    known = pretrained()
    if name in known:
        return known[name]
    folder = Path(name)
    if folder.is_dir():
        return folder
    near = difflib.get_close_matches(name, known, n=3) or [*known, *REFERENCES]
    raise AgentError(
        f"unknown agent {name!r}: neither a run folder nor a pretrained agent; "
        f"available: {', '.join(near)}"
    )


def _read_card(folder: Path) -> dict[str, Any]:
    path = folder / runs.CARD
    if not path.exists() and runs.is_run(folder):
        raise AgentError(
            f"{folder}: this run has no learned program (yet); go on with "
            f"neuralprog train --resume {folder}"
        )
    card = read_json(path)
    if not isinstance(card, dict) or not card.keys() >= CARD_KEYS:
        raise AgentError(f"{path}: not an agent's card, which has {', '.join(sorted(CARD_KEYS))}")
    try:
        renames.refuse_old(str(card["agent"]), card.get("config", ()))
    except ValueError as error:
        raise AgentError(
            f"{path}: {error} (python scripts/rename.py {folder} rewrites it)"
        ) from None
    return card


def _load(folder: Path, card: dict[str, Any]) -> Policy | Answerer:
    path = folder / runs.WEIGHTS
    weights, _ = checkpoint.load(path, "weights")
    if checkpoint.sha256(path) != card["weights_sha256"]:
        raise AgentError(f"{path}: not the weights that {runs.CARD} beside it tells of")
    try:
        return registry.find(str(card["agent"])).load(weights, card["model"])
    except (KeyError, TypeError) as error:
        raise AgentError(f"{folder}: card and weights do not fit each other ({error})") from None
