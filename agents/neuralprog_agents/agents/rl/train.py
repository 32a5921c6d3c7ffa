"""One restart of reinforcement learning: it goes on exactly where it was killed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback

from neuralprog_agents.agent import Outcome, Report, Stop, Tensors
from neuralprog_agents.agents.rl import judge, state
from neuralprog_agents.agents.rl.algorithms import (
    ALGORITHMS,
    class_of,
    options_of,
    policy_arguments,
    policy_name,
)
from neuralprog_agents.agents.rl.config import Config
from neuralprog_agents.agents.rl.policy import LearnedPolicy, weights_of
from neuralprog_agents.agents.rl.setup import Setup, ending, setup_of
from neuralprog_agents.agents.rl.vec_env import ProgramVecEnv
from neuralprog_agents.training import checkpoint

_SAVED_SECONDS = 15.0
_CHECKPOINT = "checkpoint.safetensors"
_KIND = "rl-training"


def restart(config: Config, index: int, folder: Path, report: Report, stop: Stop) -> Outcome:
    """Do one restart; see ``neuralprog_agents.agent.AgentModule.restart``."""
    torch.set_num_threads(1)
    with state.contained():
        return _Restart(config, index, folder, report, stop).run()


def make_env(config: Config, setup: Setup) -> ProgramVecEnv:
    """Return the environments in which a restart learns."""
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
    """Return the algorithm, seeded; it seeds torch's and NumPy's global generators as well."""
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


class _Boundary(BaseCallback):  # type: ignore[misc]
    """Asks ``leave`` between two rollouts, when a learner's state is complete."""

    def __init__(self, leave: Callable[[], bool]) -> None:
        super().__init__()
        self._leave, self._left = leave, False

    def _on_rollout_start(self) -> None:
        self._left = self._leave()

    def _on_step(self) -> bool:
        return not self._left


class _Restart:
    def __init__(
        self, config: Config, index: int, folder: Path, report: Report, stop: Stop
    ) -> None:
        self.config, self.report, self.stop = config, report, stop
        self.setup = setup_of(config)
        self.env = make_env(config, self.setup)
        self.model = make_learner(config, self.setup, self.env, seed_of(config, index))
        self.policy = LearnedPolicy(self.setup, self.model.policy)
        self.of = checkpoint.identity(config, index)
        self.path = folder / _CHECKPOINT
        self.success, self.best = -1.0, weights_of(self.model.policy)
        self.judged_at = 0
        self.resumed = self._resume()
        self.saved = time.monotonic()

    def run(self) -> Outcome:
        self.model.learn(
            self.config.budget - self.model.num_timesteps,
            callback=_Boundary(self._boundary),
            log_interval=None,
            reset_num_timesteps=not self.resumed,
        )
        if self.success < self.config.success_rate:
            self._judge()
        return self._outcome()

    def _boundary(self) -> bool:
        """Judge, report and save when it is time; return whether to leave."""
        step = self.model.num_timesteps
        if step - self.judged_at >= self.config.judged_every:
            self.judged_at = step
            self._judge()
            if self.success >= self.config.success_rate:
                return True
        leaving = self.stop()
        if leaving or time.monotonic() - self.saved > _SAVED_SECONDS:
            self._save()
            self.saved = time.monotonic()
        return leaving

    def _judge(self) -> None:
        """Validate the policy; keep its weights if they are the best so far."""
        found = judge.success(self.policy, self.config.judged)
        if found > self.success:
            self.success, self.best = found, weights_of(self.model.policy)
        step, episodes = self.model.num_timesteps, self.model.ep_info_buffer
        self.report(
            {
                "step": step,
                "samples": step,
                "progress": min(1.0, step / self.config.budget),
                "success": found,
                "best": self.success,
                "reward": float(np.mean([info["r"] for info in episodes] or [0.0])),
                "episode_steps": float(np.mean([info["l"] for info in episodes] or [0.0])),
            }
        )

    def _save(self) -> None:
        tensors, learner = state.capture(self.model, self.env)
        best = {f"best.{name}": array for name, array in self.best.items()}
        judged = {"success": self.success, "judged_at": self.judged_at}
        metadata = {"of": self.of, "learner": learner, **judged}
        checkpoint.save(self.path, _KIND, {**tensors, **best}, metadata)

    def _resume(self) -> bool:
        found = checkpoint.resume(self.path, _KIND, self.of)
        if found is None:
            return False
        tensors, metadata = found
        state.restore(self.model, self.env, tensors, metadata["learner"])
        self.best = {name: tensors[f"best.{name}"] for name in self.best}
        self.success, self.judged_at = metadata["success"], metadata["judged_at"]
        return True

    def _outcome(self) -> Outcome:
        return outcome(self.config, self.setup, self.success, self.best, self.model.num_timesteps)


def outcome(
    config: Config, setup: Setup, success: float, weights: Tensors, samples: int
) -> Outcome:
    """Return what a restart came to, with the weights that did best on validation."""
    metrics = {
        "success": success,
        "samples": float(samples),
        "parameters": float(sum(array.size for array in weights.values())),
    }
    return Outcome(success >= config.success_rate, metrics, weights, setup.card())
