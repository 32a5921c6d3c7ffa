"""One restart of a network that learns from pairs: Adam, judged on held-out pairs.

Batch k is the pairs at the addresses k·B … of the dataset. A restart has succeeded as soon as it is
right on the validation pairs of the trained lengths, several times in a row if it should stay so.
An agent's config has the fields env, seed, length, pairs, batch, learning_rate, clip_norm, budget,
judged, judged_every, solved and in_a_row; ``seq2seq.config`` says what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.evaluation.answers import is_right, right_answers
from neuralprog_agents.sequences.learner import Learner
from neuralprog_agents.training.network import restore, training_state, weights
from neuralprog_envs.core.draws import as_words, combine
from neuralprog_envs.core.instances import draw
from neuralprog_envs.interfaces.dataset import pairs
from neuralprog_envs.registry import make_task


@dataclass(frozen=True)
class Progress:
    """Where a restart stands, besides its weights.

    Attributes:
        step: Gradient steps made.
        success: The fraction of validation pairs that were right when last judged.
        in_a_row: How many judgements in a row were successes.
    """

    step: int = 0
    success: float = 0.0
    in_a_row: int = 0


@dataclass(frozen=True)
class Setup:
    """What an agent gives to its restart.

    Attributes:
        settings: The environment's keyword arguments, besides the length.
        build: Makes the network, with torch's own generator.
        card: What loading it needs.
        one_length: Whether all pairs of a batch have one length, drawn for it: less padding.
    """

    settings: Mapping[str, Any]
    build: Callable[[], Learner]
    card: Mapping[str, Any]
    one_length: bool = False


def key(config: Any, *words: int) -> int:
    """Return 64 bits that decide what is random at one place of a run."""
    found: int = int(combine(*map(as_words, (config.seed, *words)))[0])
    return found


class SequenceLearner:
    """One restart; see ``neuralprog_agents.agent.Learner``. Draws from torch's own generator."""

    def __init__(self, config: Any, index: int, setup: Setup) -> None:
        torch.set_num_threads(1)
        self.config, self.index, self.setup = config, index, setup
        self.task: Any = make_task(config.env, length=config.length, **setup.settings)
        torch.manual_seed(key(config, index, 0) >> 1)
        self.learner = setup.build()
        self.optimizer = torch.optim.Adam(
            self.learner.model.parameters(), lr=config.learning_rate, fused=True
        )
        self.held_out = self._judged_pairs()
        self.expected = right_answers(self.task, self.held_out)
        self.progress, self.loss = Progress(), 0.0

    @property
    def success(self) -> bool:
        """Whether it was right on the validation pairs, as often in a row as it should be."""
        return self.progress.in_a_row >= self.config.in_a_row

    @property
    def finished(self) -> bool:
        """Whether it has succeeded, or the budget is spent."""
        return self.success or self.progress.step >= self.config.budget

    def advance(self, pulse: Pulse) -> None:
        """Take a gradient step, and judge what is learned when it is time."""
        self.loss = self._step()
        if self.progress.step % self.config.judged_every == 0:
            self._judge()

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
        if self.setup.one_length:
            low = high = low + key(self.config, first) % (high - low + 1)
        return low, high

    def _judge(self) -> None:
        self.learner.model.eval()
        with torch.inference_mode():
            given = self.learner.answer(self.task, self.held_out)
        success = float(np.mean(list(map(is_right, given, self.expected))))
        in_a_row = self.progress.in_a_row + 1 if success >= self.config.success_rate else 0
        self.progress = replace(self.progress, success=success, in_a_row=in_a_row)

    def status(self) -> dict[str, float]:
        """Return what is reported: the last judgement."""
        step = self.progress.step - self.progress.step % self.config.judged_every
        seen = self.progress.step * self.config.batch
        return {
            "step": step,
            "progress": step / self.config.budget,
            "samples": float(min(seen, self.config.pairs) if self.config.pairs else seen),
            "loss": self.loss,
            "success": self.progress.success,
        }

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return the network, Adam's moments, and the progress."""
        return training_state(self.learner.model, self.optimizer), asdict(self.progress)

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Undo ``state``."""
        self.progress = Progress(**metadata)
        restore(self.learner.model, self.optimizer, tensors, self.progress.step)

    def outcome(self) -> Outcome:
        """Return the network."""
        tensors = weights(self.learner.model)
        metrics = {
            "step": float(self.progress.step),
            "success": self.progress.success,
            "parameters": float(sum(tensor.size for tensor in tensors.values())),
        }
        card = {
            **self.setup.card,
            "env": self.config.env,
            "settings": dict(self.setup.settings),
            "trained_lengths": list(self.config.length),
        }
        return Outcome(self.success, metrics, tensors, card)
