"""Sequence to sequence as an agent: its config, its learner, and its policy."""

from __future__ import annotations

from dataclasses import asdict

from neuralprog_agents.agent import Answerer, Learner, Tensors
from neuralprog_agents.agents.seq2seq.card import Card, Form
from neuralprog_agents.agents.seq2seq.config import Config
from neuralprog_envs.core.instances import check_lengths
from neuralprog_envs.registry import find, make_task

__all__ = ["SUPERVISION", "Card", "Config", "check", "learner", "load"]

SUPERVISION = "input/output pairs"


def check(config: Config) -> None:
    """Raise ValueError if a config's task can't be read as a text."""
    row = find(config.env)
    if {"pictures", "real"} & row.tags:
        what = "pictures" if "pictures" in row.tags else "real tables"
        raise ValueError(f"seq2seq reads texts, and {row.name} has {what}")
    if config.format != "text" and row.name != "NPIAddition":
        raise ValueError(f"format {config.format} is for NPIAddition, not for {row.name}")
    check_lengths(make_task(row.id, length=config.length), config.length, "train")


def learner(config: Config, index: int) -> Learner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    from neuralprog_agents.agents.seq2seq.learner import Seq2Seq
    from neuralprog_agents.sequences.training import SequenceLearner

    form = Form(config.model, config.format, config.hidden, config.layers)
    return SequenceLearner(config, index, lambda: Seq2Seq(form), asdict(form), {})


def load(weights: Tensors, card: Card) -> Answerer:
    """Return the policy of a network's parameters, by name; see ``AgentModule.load``."""
    from neuralprog_agents.agents.seq2seq.learner import Seq2Seq
    from neuralprog_agents.sequences.policy import SequencePolicy

    return SequencePolicy(card.env, card.settings, lambda: Seq2Seq(card.form), weights)
