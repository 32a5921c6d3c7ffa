"""One restart of reinforcement learning: rollouts and updates by Stable-Baselines3."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.agents.rl import state
from neuralprog_agents.agents.rl.algorithms import (
    ALGORITHMS,
    class_of,
    options_of,
    policy_arguments,
    policy_name,
)
from neuralprog_agents.agents.rl.config import Config
from neuralprog_agents.agents.rl.policy import LearnedPolicy
from neuralprog_agents.agents.rl.setup import Setup, ending, setup_of
from neuralprog_agents.agents.rl.validation import Validation
from neuralprog_agents.agents.rl.vec_env import ProgramVecEnv

_CHUNK = 1000
"""The environment steps of a chunk, or those of one rollout where these are more."""


def make_env(config: Config, setup: Setup) -> ProgramVecEnv:
    """Return the training environments."""
    single = len(setup.task().machine.observation) == 1
    return ProgramVecEnv(
        setup.env,
        config.envs,
        fields=() if single else setup.fields,
        flat=setup.flat,
        bootstrap=False,
        reward=config.reward,
        discount=config.gamma if config.reward == "shaped" else 1.0,
        **{**setup.settings, "length": setup.length},
    )


def make_learner(config: Config, setup: Setup, env: ProgramVecEnv, seed: int) -> Any:
    """Return the seeded algorithm; it also seeds the global generators of torch and NumPy."""
    kind = ALGORITHMS[config.algorithm]
    learner = class_of(kind)(
        policy_name(kind, hasattr(env.observation_space, "spaces")),
        env,
        gamma=config.gamma,
        seed=seed,
        device="cpu",
        policy_kwargs=policy_arguments(setup),
        **options_of(config),
    )
    last = ending(setup)
    if kind.critic and last is not None:
        with torch.no_grad():
            learner.policy.action_net.bias[last] -= config.linger
    return learner


def seed_of(config: Config, index: int) -> int:
    """Return the seed of a restart, 32 bits."""
    return int(np.random.SeedSequence((config.seed, index)).generate_state(1)[0])


class _WholeError(Exception):
    """A learner is between two rollouts, where its state is whole."""


class _Chunk(BaseCallback):  # type: ignore[misc]
    """Leaves ``learn`` before the rollout that begins with so many samples."""

    def __init__(self, samples: int, pulse: Pulse) -> None:
        super().__init__()
        self._samples, self._pulse = samples, pulse

    def _on_rollout_start(self) -> None:
        if self.model.num_timesteps >= self._samples:
            raise _WholeError

    def _on_step(self) -> bool:
        self._pulse()
        return True


class ReinforcementLearner:
    """One restart; see ``neuralprog_agents.agent.Learner``. Draws from the global generators."""

    def __init__(self, config: Config, index: int) -> None:
        torch.set_num_threads(1)
        self.config, setup = config, setup_of(config)
        self.env = make_env(config, setup)
        self.model = make_learner(config, setup, self.env, seed_of(config, index))
        self.model._setup_learn(config.budget)
        self.model.policy.optimizer.register_step_pre_hook(lambda *_: self._pulse())
        self.validation = Validation(config, LearnedPolicy(setup, self.model.policy))
        self._pulse: Pulse = lambda: None

    @property
    def samples(self) -> int:
        """The environment steps."""
        return int(self.model.num_timesteps)

    @property
    def finished(self) -> bool:
        """Whether it succeeds on validation, or the budget is spent."""
        return self.validation.solved or self.samples >= self.config.budget

    def advance(self, pulse: Pulse) -> None:
        """Do one rollout and its updates, or several short ones; validate when it is due."""
        self._pulse = pulse
        end = min(self.samples + _CHUNK, self.validation.at + self.config.judged_every)
        with suppress(_WholeError):
            self.model.learn(
                self.config.budget - self.samples,
                callback=_Chunk(end, pulse),
                log_interval=None,
                reset_num_timesteps=False,
            )
        self.validation.evaluate_if_due(self.samples)

    def status(self) -> dict[str, float]:
        """Return the reported metrics."""
        episodes = self.model.ep_info_buffer
        return {
            **self.validation.status(),
            "samples": float(self.samples),
            "reward": float(np.mean([info["r"] for info in episodes] or [0.0])),
            "episode_steps": float(np.mean([info["l"] for info in episodes] or [0.0])),
        }

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return the algorithm with its environments and generators, and the best weights."""
        tensors, learner = state.capture(self.model, self.env)
        best, validation = self.validation.state()
        return tensors | best, {"learner": learner, "validation": validation}

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Restore what ``state`` returned."""
        state.restore(self.model, self.env, tensors, metadata["learner"])
        self.validation.restore(tensors, metadata["validation"])

    def outcome(self) -> Outcome:
        """Return the weights that did best on validation."""
        return self.validation.outcome()
