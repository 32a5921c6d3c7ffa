"""Trained agents by name: pretrained ones, run folders, and the references."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents import registry
from neuralprog_agents.agent import Answerer, Policy, Tensors, Versatile
from neuralprog_agents.evaluation.policy_file import is_policy_file, policy_file
from neuralprog_agents.evaluation.reference import REFERENCES, reference
from neuralprog_agents.training import checkpoint, renames, runs
from neuralprog_agents.training.files import read_json
from neuralprog_agents.training.ranges import Within
from neuralprog_agents.training.schema import Count, structured
from neuralprog_envs.registry import find

_MOST_BASES = 8
"""Agents that one is built on, each on the next."""

Length = Annotated[int, Within(1, 10**6)]


@dataclass(frozen=True)
class CardConfig:
    """What is read of the config in a card: the settings of an environment, or of several."""

    env: str = ""
    test_lengths: tuple[Length, ...] = ()
    length: tuple[Length, ...] | Length | None = None
    also: tuple[CardConfig, ...] = ()
    base: str = ""


@dataclass(frozen=True)
class Card:
    """What must be in ``card.json``; the model is what the agent's own ``Card`` says."""

    agent: str
    env: str
    weights_sha256: str
    model: dict[str, Any]
    config: CardConfig
    restart: Count = 0


class AgentError(ValueError):
    """There is no such agent, or its files are damaged."""


@dataclass(frozen=True)
class Agent:
    """A policy in the environment where it acts, by the name that it was asked for.

    ``card`` is the content of its ``card.json``, empty for a reference.
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
        configs = bases_of(self.card.get("config", {}))
        config = next(filter(None, (_of(each, self.env_id) for each in configs)), configs[0])
        if config.test_lengths:
            return config.test_lengths
        trained = config.length or find(self.env_id).defaults["length"]
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


def open_typed(name: str, env_id: str | None = None, seed: int = 0) -> Agent:
    """Return what ``open_agent`` does, or the policy of a Python file, which is executed.

    Only for a name that the user has typed.
    """
    if is_policy_file(name) and not Path(name).is_dir():
        return _of_file(name, env_id)
    return open_agent(name, env_id, seed)


def open_agent(name: str, env_id: str | None = None, seed: int = 0) -> Agent:
    """Return an agent: a pretrained one's name, a run folder, "random", "expert".

    Nothing is executed: the name may stand in a file, as ``base`` and ``start`` of a config do.

    Several names with commas between them are one agent that decides together, where its kind can.
    It acts in ``env_id``, by default where it was trained; references need it, and "random" a seed.

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
    policy, identity = _load(folder, card), find(env_id or card["env"]).id
    if find(identity).family != find(policy.env_id).family:
        home, there = find(policy.env_id).family, find(identity).family
        raise AgentError(
            f"{name} acts in {home} tasks ({policy.env_id}), and {identity} is a {there} task"
        )
    if env_id is not None and isinstance(policy, Versatile):
        policy = _acting_in(policy, identity, name)
    return Agent(name, identity, policy, card)


def _of_file(name: str, env_id: str | None) -> Agent:
    policy = policy_file(name)
    home, identity = find(policy.env_id).id, find(env_id or policy.env_id).id
    if identity != home:
        raise AgentError(f"{name} acts in {home}, and not in {identity}")
    return Agent(name, identity, policy)


def _acting_in(policy: Versatile, env_id: str, name: str) -> Policy:
    if env_id not in policy.env_ids:
        raise AgentError(f"{name} has learned {', '.join(policy.env_ids)}, and not {env_id}")
    return policy.acting_in(env_id)


def bases_of(config: Mapping[str, Any]) -> list[CardConfig]:
    """Return a card's config, then those of the agents that it is built on.

    Raises:
        AgentError: They are too many: perhaps one is built on itself.
    """
    found = [structured(CardConfig, config)]
    while found[-1].base:
        if len(found) > _MOST_BASES:
            raise AgentError(f"base {found[-1].base}: is it built on itself?")
        found.append(structured(CardConfig, _read_card(_locate(found[-1].base))["config"]))
    return found


def _of(config: CardConfig, env_id: str) -> CardConfig | None:
    """Return the settings of an environment in a config."""
    tasks = (task for task in (config, *config.also) if task.env)
    return next((task for task in tasks if find(task.env).id == env_id), None)


def _together(agents: list[Agent], name: str) -> Agent:
    """Return several agents of one kind as one.

    Raises:
        AgentError: Agents of this kind do not decide together, or they are of several kinds.
    """
    kinds = sorted({str(agent.card.get("agent", agent.name)) for agent in agents})
    join = getattr(registry.find(kinds[0]), "ensemble", None) if len(kinds) == 1 else None
    if join is None:
        raise AgentError(
            f"{name}: a comma joins agents of one kind that decide together, which "
            f"{' and '.join(kinds)} can't; to compare agents, name them apart: "
            f"neuralprog evaluate --agent {name.replace(',', ' ')}"
        )
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
    matches = difflib.get_close_matches(name, known, n=3) or [*known, *REFERENCES]
    raise AgentError(
        f"unknown agent {name!r}: neither a run folder nor a pretrained agent; "
        f"available: {', '.join(matches)}"
    )


def _read_card(folder: Path) -> dict[str, Any]:
    path = folder / runs.CARD
    if not path.exists() and runs.is_run(folder):
        raise AgentError(
            f"{folder}: this run has no learned program (yet); go on with "
            f"neuralprog train --resume {folder}"
        )
    card = read_json(path)
    try:
        structured(Card, card)
    except ValueError as error:
        raise AgentError(f"{path}: not an agent's card: {error}") from None
    try:
        renames.refuse_old(card["agent"], card["config"])
    except ValueError as error:
        raise AgentError(
            f"{path}: {error} (python scripts/rename.py {folder} rewrites it)"
        ) from None
    return dict(card)


def _load(folder: Path, card: dict[str, Any]) -> Policy | Answerer:
    path = folder / runs.WEIGHTS
    weights, _ = checkpoint.load(path, "weights")
    if checkpoint.sha256(path) != card["weights_sha256"]:
        raise AgentError(f"{path}: not the weights that {runs.CARD} beside it tells of")
    try:
        return policy_of(card["agent"], weights, card["model"])
    except (ValueError, KeyError, TypeError) as error:
        raise AgentError(f"{folder}: card and weights do not fit each other ({error})") from None


def policy_of(agent: str, weights: Tensors, card: Mapping[str, Any]) -> Policy | Answerer:
    """Return the policy of an ``Outcome``'s tensors and card.

    Raises:
        ValueError: They do not fit each other, or a number is not finite.
        TypeError: The environment has no such setting.
    """
    for name, array in weights.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} has numbers that are not finite")
    module = registry.find(agent)
    return module.load(weights, structured(module.Card, card))
