"""One restart of reinforcement learning: rollouts and updates by Stable-Baselines3."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import Any

import numpy as np
import torch

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.agents.rl import state
from neuralprog_agents.agents.rl.algorithms import (
    ALGORITHMS,
    END,
    class_of,
    options_of,
    policy_arguments,
    policy_name,
)
from neuralprog_agents.agents.rl.callbacks import Chunk, Curriculum, EntropyDecay, WholeError
from neuralprog_agents.agents.rl.config import Config
from neuralprog_agents.agents.rl.policy import LearnedPolicy
from neuralprog_agents.agents.rl.self_imitation import SelfImitation, SuccessMemory
from neuralprog_agents.agents.rl.setup import Setup, first_bias, key_columns, setup_of
from neuralprog_agents.agents.rl.validation import Validation
from neuralprog_agents.agents.rl.vec_env import ProgramVecEnv
from neuralprog_agents.training.decay import geometric
from neuralprog_agents.training.loop import contained_randomness
from neuralprog_envs.registry import find

IMITATES_ITSELF = ("PPO", "A2C", "MaskablePPO")
"""The algorithms that can imitate their own successes: on-policy, without a memory."""

_CHUNK = 1000
"""The environment steps of a chunk, or those of one rollout where these are more."""


def make_env(config: Config, setup: Setup) -> ProgramVecEnv:
    """Return the training environments."""
    return _env(config, setup, config.envs)


def _env(config: Config, setup: Setup, count: int) -> ProgramVecEnv:
    single = len(setup.task().machine.observation) == 1
    return ProgramVecEnv(
        setup.env,
        count,
        fields=() if single else setup.fields,
        flat=setup.flat,
        pack=True,
        bonus=config.bonus,
        bootstrap=False,
        reward=config.reward,
        discount=config.gamma if config.reward == "shaped" else 1.0,
        **{**setup.settings, "length": setup.length},
    )


def make_learner(config: Config, setup: Setup, env: ProgramVecEnv, seed: int) -> Any:
    """Return the seeded algorithm; it also seeds the global generators of torch and NumPy."""
    kind = ALGORITHMS[config.algorithm]
    options = options_of(config)
    end = options.pop(f"learning_rate{END}", None)
    if end is not None:
        start = options["learning_rate"]
        options["learning_rate"] = lambda remaining: geometric(start, end, 1 - remaining)
    options.pop(f"ent_coef{END}", None)
    learner = class_of(kind)(
        policy_name(kind, hasattr(env.observation_space, "spaces")),
        env,
        gamma=config.gamma,
        seed=seed,
        device="cpu",
        policy_kwargs=policy_arguments(setup),
        **options,
    )
    if kind.critic:
        with torch.no_grad():
            learner.policy.action_net.bias += torch.from_numpy(first_bias(setup, config.halt_bias))
    return learner


_accepted: set[str] = set()


def check_options(config: Config, setup: Setup) -> None:
    """Raise ValueError if Stable-Baselines3 refuses the options of a config's algorithm.

    Two environments tell as much as many, and one task of a family as much as another. What it
    warns of, it warns of again in training.
    """
    options, count = sorted(options_of(config).items()), min(config.envs, 2)
    parts = (config.algorithm, options, config.gamma, count, policy_arguments(setup))
    case = repr((*parts, find(setup.env).family, setup.settings, setup.fields, setup.flat))
    if case in _accepted:  # a comparison asks of hundreds of configs, a dozen of which differ here
        return
    env = _env(config, setup, min(config.envs, 2))
    with contained_randomness(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            make_learner(config, setup, env, seed=0)
        except (AssertionError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise ValueError(f"options.{config.algorithm}: {reason}") from None
    _accepted.add(case)


def entropy_decay_of(config: Config) -> EntropyDecay | None:
    """Return what lets the entropy coefficient fall; None if it is to stay."""
    options = options_of(config)
    end = options.get(f"ent_coef{END}")
    return None if end is None else EntropyDecay(options["ent_coef"], end, config.budget)


def curriculum_of(config: Config, setup: Setup) -> Curriculum | None:
    """Return the curriculum; None without one."""
    return Curriculum(config.curriculum, setup.length) if config.curriculum else None


def self_imitation_of(config: Config, setup: Setup, seed: int) -> SelfImitation | None:
    """Return what imitates own successes; None without it.

    Raises:
        ValueError: The algorithm or the observation does not allow it.
    """
    if not config.self_imitation:
        return None
    if config.algorithm not in IMITATES_ITSELF:
        raise ValueError(
            f"self_imitation: {config.algorithm} is not among {', '.join(IMITATES_ITSELF)}"
        )
    key = key_columns(setup, config.self_imitation_key)
    explorers = _env(config, setup, config.exploration_envs) if config.exploration_envs else None
    return SelfImitation(config.self_imitation, key, seed, explorers)


def seed_of(config: Config, index: int) -> int:
    """Return the seed of a restart, 32 bits."""
    return int(np.random.SeedSequence((config.seed, index)).generate_state(1)[0])


class ReinforcementLearner:
    """One restart; see ``neuralprog_agents.agent.Learner``. Draws from the global generators."""

    def __init__(self, config: Config, index: int) -> None:
        torch.set_num_threads(1)
        self.config, setup, seed = config, setup_of(config), seed_of(config, index)
        self.env = make_env(config, setup)
        self.curriculum = curriculum_of(config, setup)
        if self.curriculum:
            self.curriculum.apply(self.env)
        self.imitation = self_imitation_of(config, setup, seed)
        own = [entropy_decay_of(config), self.curriculum, self.imitation]
        self.callbacks = [each for each in own if each is not None]
        self.model = make_learner(config, setup, self.env, seed)
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

    def go_on(self) -> None:
        """Train on until the next validation that succeeds."""
        self.validation.take_back()

    def advance(self, pulse: Pulse) -> None:
        """Do one rollout and its updates, or several short ones; validate when it is due."""
        self._pulse = pulse
        end = min(self.samples + _CHUNK, self.validation.at + self.config.validation_interval)
        with suppress(WholeError):
            self.model.learn(
                self.config.budget - self.samples,
                callback=[Chunk(end, pulse), *self.callbacks],
                log_interval=None,
                reset_num_timesteps=False,
            )
        self.validation.evaluate_if_due(self.samples, pulse)

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
        own = {f"successes.{n}": a for n, a in self._memory().items()}
        top = self.curriculum.top if self.curriculum else None
        found = {"learner": learner, "validation": validation, "top": top}
        return tensors | best | own, found

    def _memory(self) -> Tensors:
        return self.imitation.memory.arrays() if self.imitation else {}

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Restore what ``state`` returned."""
        if self.curriculum:
            self.curriculum.top = metadata["top"]
            self.curriculum.apply(self.env)
        if self.imitation:
            self.imitation.memory = SuccessMemory.of(state.part("successes", tensors))
        state.restore(self.model, self.env, tensors, metadata["learner"])
        self.validation.restore(tensors, metadata["validation"])

    def outcome(self) -> Outcome:
        """Return the weights that did best on validation."""
        return self.validation.outcome()
