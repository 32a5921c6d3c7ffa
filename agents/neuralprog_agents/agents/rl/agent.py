"""Reinforcement learning as an agent: its config, its learner, and its policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neuralprog_agents.agents.rl.config import Config
from neuralprog_agents.agents.rl.setup import Setup as Card

if TYPE_CHECKING:
    from neuralprog_agents.agent import Learner, Tensors
    from neuralprog_agents.agents.rl.policy import LearnedPolicy

__all__ = ["SUPERVISION", "Card", "Config", "check", "learner", "load", "supervision"]

SUPERVISION = "rewards"
_REWARDS = {
    "sparse": "success alone", "shaped": "shaped by a potential", "progress": "partial credit",
}  # fmt: skip


def supervision(config: Config) -> str:
    """Return what is learned from: demonstrations, or which rewards."""
    return "demonstrations" if config.algorithm == "BC" else f"rewards: {_REWARDS[config.reward]}"


def check(config: Config) -> None:
    """Raise ValueError if the environment is unavailable, or does not fit the algorithm's options.

    Raises:
        ModuleNotFoundError: Stable-Baselines3 is not installed.
    """
    from neuralprog_agents.agents.rl.algorithms import check_installed, options_of
    from neuralprog_agents.agents.rl.setup import check_n_steps, setup_of

    check_installed()
    setup = setup_of(config)
    check_n_steps(setup, options_of(config))
    if config.self_imitation:
        from neuralprog_agents.agents.rl.train import self_imitation_of

        self_imitation_of(config, setup, config.seed)
    if config.algorithm == "BC":
        from neuralprog_agents.agents.rl.imitate import demonstrations

        if setup.settings.get("action") == "circuit":
            raise ValueError(
                "BC needs action: instruction on tape tasks: experts choose no circuits"
            )
        demonstrations(setup, 1, 0)
    else:
        from neuralprog_agents.agents.rl.train import check_options

        check_options(config, setup)


def learner(config: Config, index: int) -> Learner:
    """Return what does one restart; see ``neuralprog_agents.agent.AgentModule.learner``."""
    from neuralprog_agents.agents.rl.algorithms import check_installed

    check_installed()
    if config.algorithm == "BC":
        from neuralprog_agents.agents.rl.imitate import ImitationLearner

        return ImitationLearner(config, index)
    from neuralprog_agents.agents.rl.train import ReinforcementLearner

    return ReinforcementLearner(config, index)


def load(weights: Tensors, card: Card) -> LearnedPolicy:
    """Return the policy of a network's parameters, by name; see ``AgentModule.load``.

    Raises:
        ModuleNotFoundError: Stable-Baselines3 is not installed.
    """
    from neuralprog_agents.agents.rl.algorithms import check_installed

    check_installed()
    from neuralprog_agents.agents.rl import policy

    return policy.load(weights, card)
