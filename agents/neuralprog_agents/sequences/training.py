"""One restart of a network that learns from pairs: Adam, judged on held-out pairs.

Batch k is the pairs at the addresses k·B … of the dataset, so a killed restart that goes on from
its checkpoint sees the same ones. It has succeeded as soon as it is right on the validation pairs
of the trained lengths, several times in a row if it should stay so. An agent's config has the
fields env, seed, length, pairs, batch, learning_rate, clip_norm, budget, judged, judged_every,
solved and in_a_row; ``seq2seq.config`` says what they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from neuralprog_agents.agent import Outcome, Report, Stop
from neuralprog_agents.evaluation.answers import is_right, right_answers
from neuralprog_agents.sequences.learner import Learner
from neuralprog_agents.training import checkpoint
from neuralprog_agents.training.network import restore, training_state, weights
from neuralprog_envs.core.draws import as_words, combine
from neuralprog_envs.core.instances import draw
from neuralprog_envs.interfaces.dataset import pairs
from neuralprog_envs.registry import make_task

_SAVED_SECONDS = 5.0
_CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class Progress:
    """Where a restart stands, besides its weights.

    Attributes:
        step: Gradient steps made.
        success: The fraction of validation pairs that were right when last judged.
        in_a_row: How many judgements in a row were successes.
        cpu_seconds: Processor time.
    """

    step: int = 0
    success: float = 0.0
    in_a_row: int = 0
    cpu_seconds: float = 0.0


@dataclass(frozen=True)
class Setup:
    """What an agent gives to its restart.

    Attributes:
        kind: The kind of its checkpoints.
        settings: The environment's keyword arguments, besides the length.
        build: Makes the network, with torch's own generator.
        card: What loading it needs.
        alike: Whether all pairs of a batch have one length, drawn for it: less padding.
    """

    kind: str
    settings: Mapping[str, Any]
    build: Callable[[], Learner]
    card: Mapping[str, Any]
    alike: bool = False


def key(config: Any, *words: int) -> int:
    """Return 64 bits that decide what is random at one place of a run."""
    found: int = int(combine(*map(as_words, (config.seed, *words)))[0])
    return found


def restart(
    config: Any, index: int, folder: Path, report: Report, stop: Stop, setup: Setup
) -> Outcome:
    """Do one restart; see ``neuralprog_agents.agent.AgentModule.restart``."""
    with torch.random.fork_rng(devices=[]):
        return _Restart(config, index, folder, setup).run(report, stop)


class _Restart:
    def __init__(self, config: Any, index: int, folder: Path, setup: Setup) -> None:
        self.config, self.index, self.setup = config, index, setup
        self.of = checkpoint.identity(config, index)
        self.path = folder / _CHECKPOINT
        self.task: Any = make_task(config.env, length=config.length, **setup.settings)
        torch.manual_seed(key(config, index, 0) >> 1)
        self.learner = setup.build()
        self.optimizer = torch.optim.Adam(
            self.learner.model.parameters(), lr=config.learning_rate, fused=True
        )
        self.held_out = self._judged_pairs()
        self.expected = right_answers(self.task, self.held_out)
        self.progress = Progress()
        self._resume()
        self._clock = time.thread_time()

    def run(self, report: Report, stop: Stop) -> Outcome:
        saved = time.perf_counter()
        while self.progress.step < self.config.budget and not stop():
            cost = self._step()
            if self.progress.step % self.config.judged_every == 0:
                self._judge()
                report(self._report(cost))
                if self.progress.in_a_row >= self.config.in_a_row:
                    return self._outcome()
            if time.perf_counter() - saved > _SAVED_SECONDS:
                self._save()
                saved = time.perf_counter()
        if self.progress.step:
            self._save()
        return self._outcome()

    def _judged_pairs(self) -> Any:
        """Return validation pairs of the trained lengths that have any held out."""
        low, high = self.config.length
        lengths = (min(max(low, self.task.split_from), high), high)
        split = "validation" if lengths[0] >= self.task.split_from else "train"
        seed = key(self.config, self.index, 1)
        return draw(self.task, seed, np.arange(self.config.judged), lengths, split)

    def _step(self) -> float:
        """Take a gradient step on the next batch; return its cost."""
        config, first = self.config, self.progress.step * self.config.batch
        first = first % config.pairs if config.pairs else first
        instances = pairs(
            self.task, config.batch, length=self._lengths(first), seed=config.seed, start=first
        )
        self.learner.model.train()
        torch.manual_seed(key(config, self.index, 2, self.progress.step) >> 1)
        cost = self.learner.loss(self.task, instances)
        self.optimizer.zero_grad()
        cost.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.learner.model.parameters(), config.clip_norm)
        self.optimizer.step()
        self.progress = replace(self.progress, step=self.progress.step + 1)
        return float(cost.detach())

    def _lengths(self, first: int) -> tuple[int, int]:
        """Return the lengths of the batch whose pairs are at the addresses from ``first`` on."""
        low, high = self.config.length
        if self.setup.alike:
            low = high = low + key(self.config, first) % (high - low + 1)
        return low, high

    def _judge(self) -> None:
        self.learner.model.eval()
        with torch.inference_mode():
            given = self.learner.answer(self.task, self.held_out)
        success = float(np.mean(list(map(is_right, given, self.expected))))
        again = self.progress.in_a_row + 1 if success >= self.config.success_rate else 0
        self.progress = replace(self.progress, success=success, in_a_row=again)

    def _report(self, cost: float) -> dict[str, float]:
        return {
            "step": self.progress.step,
            "progress": self.progress.step / self.config.budget,
            "loss": cost,
            "success": self.progress.success,
            "samples": float(self._samples()),
        }

    def _samples(self) -> int:
        """Return how many different pairs have been learned from."""
        seen = self.progress.step * self.config.batch
        return min(seen, self.config.pairs) if self.config.pairs else seen

    def _spent(self) -> float:
        return self.progress.cpu_seconds + time.thread_time() - self._clock

    def _save(self) -> None:
        progress = replace(self.progress, cpu_seconds=self._spent())
        tensors = training_state(self.learner.model, self.optimizer)
        checkpoint.save(self.path, self.setup.kind, tensors, {**asdict(progress), "of": self.of})

    def _resume(self) -> None:
        found = checkpoint.resume(self.path, self.setup.kind, self.of)
        if found is None:
            return
        tensors, metadata = found
        self.progress = Progress(**metadata)
        restore(self.learner.model, self.optimizer, tensors, self.progress.step)

    def _outcome(self) -> Outcome:
        tensors = weights(self.learner.model)
        metrics = {
            "step": float(self.progress.step),
            "success": self.progress.success,
            "samples": float(self._samples()),
            "parameters": float(sum(tensor.size for tensor in tensors.values())),
            "cpu_seconds": self._spent(),
        }
        card = {
            **self.setup.card,
            "env": self.config.env,
            "settings": dict(self.setup.settings),
            "trained_lengths": list(self.config.length),
        }
        success = self.progress.in_a_row >= self.config.in_a_row
        return Outcome(success, metrics, tensors, card)
