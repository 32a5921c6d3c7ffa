"""The Neural Turing Machine as an agent: its config, its learner, and its policy."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from neuralprog_agents.agent import Answerer, Learner, Tensors
from neuralprog_agents.agents.ntm.card import Card, Form
from neuralprog_agents.agents.ntm.config import Config
from neuralprog_envs.core.instances import check_lengths
from neuralprog_envs.registry import find, make_task

__all__ = ["COMPILED", "SUPERVISION", "Card", "Config", "check", "learner", "load"]

SUPERVISION = "input/output pairs"
COMPILED = True


def check(config: Config) -> None:
    """Raise ValueError if a config's task is no tape task, or its values have too many bits."""
    if find(config.env).family != "tape":
        raise ValueError(f"ntm reads the cells of a tape as bits, and {config.env} has no tape")
    task: Any = make_task(config.env, length=config.length, **_settings(config))
    check_lengths(task, config.length, "train")
    most = task.machine.memory_size - 1
    if most >= 1 << config.bits:
        raise ValueError(f"values up to {most} need more than {config.bits} bits")


def learner(config: Config, index: int) -> Learner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    from neuralprog_agents.agents.ntm.learner import TapeReader
    from neuralprog_agents.sequences.training import SequenceLearner

    form = Form(**{field.name: getattr(config, field.name) for field in fields(Form)})
    return SequenceLearner(
        config, index, lambda: TapeReader(form), asdict(form), _settings(config), one_length=True
    )


def load(weights: Tensors, card: Card) -> Answerer:
    """Return the policy of the machine's parameters, by name; see ``AgentModule.load``."""
    from neuralprog_agents.agents.ntm.learner import TapeReader
    from neuralprog_agents.sequences.policy import SequencePolicy

    return SequencePolicy(card.env, card.settings, lambda: TapeReader(card.form), weights)


def _settings(config: Config) -> dict[str, Any]:
    """Return the environment's keyword arguments, besides the length."""
    return {"memory_size": config.memory_size} if config.memory_size else {}
