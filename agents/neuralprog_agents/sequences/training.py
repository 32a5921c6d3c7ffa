"""One restart of a network that learns from pairs, with Adam, judged on pairs held out.

Where no trained length has any held out, it is judged on pairs drawn as those of training are.

Batch k is the pairs at the addresses k·B … of the dataset. A restart has succeeded as soon as it is
right on the judged pairs of the trained lengths, ``in_a_row`` times in a row. The settings that
it reads are described in ``seq2seq.config``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.evaluation.answers import is_right, right_answers
from neuralprog_agents.training.network import gradient_step, restore, training_state, weights
from neuralprog_envs.core.draws import key_of
from neuralprog_envs.core.instances import draw
from neuralprog_envs.interfaces.dataset import pairs
from neuralprog_envs.registry import make_task


class SequenceModel(Protocol):
    """A network that reads instances and writes answers."""

    @property
    def model(self) -> nn.Module:
        """What is trained."""

    def loss(self, task: Any, instances: Any) -> Tensor:
        """Return the mean cost of the right answers of n instances."""

    def answer(self, task: Any, instances: Any) -> list[list[Any]]:
        """Return the answer to each of n instances, as ``Task.answers`` lists it."""


@dataclass(frozen=True)
class Progress:
    """How far a restart is, besides its weights.

    ``success`` is the fraction of validation pairs that were right when last judged, and
    ``in_a_row`` how many judgements in a row were successes.
    """

    step: int = 0
    success: float = 0.0
    in_a_row: int = 0


class SequenceLearner:
    """One restart; see ``neuralprog_agents.agent.Learner``. Draws from torch's own generator.

    ``form`` has the network's sizes, for the card; ``settings`` are the environment's keyword
    arguments, besides the length. With ``one_length`` all pairs of a batch have one length, drawn
    for it: less padding.
    """

    def __init__(
        self, config: Any, index: int, build: Callable[[], SequenceModel],
        form: Mapping[str, Any], settings: Mapping[str, Any], *, one_length: bool = False,
    ) -> None:  # fmt: skip
        torch.set_num_threads(1)
        self.config, self.index, self.form, self.one_length = config, index, form, one_length
        self.settings = dict(settings)
        self.task: Any = make_task(config.env, length=config.length, **settings)
        torch.manual_seed(key_of(config.seed, index, 0) >> 1)
        self.network = build()
        self.model = self.network.model
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), lr=config.learning_rate, fused=True
        )
        self.held_out = self._judged_pairs()
        self.expected = right_answers(self.task, self.held_out)
        self.progress, self.loss = Progress(), 0.0
        self._pulse: Pulse = lambda: None
        for part in self.model.modules():  # judging long texts may take 20 seconds within it
            part.register_forward_pre_hook(lambda *_: self._pulse())

    @property
    def success(self) -> bool:
        """Whether it was right on the validation pairs, as often in a row as it should be."""
        return self.progress.in_a_row >= self.config.in_a_row

    @property
    def finished(self) -> bool:
        """Whether it has succeeded, or the budget is spent."""
        return self.success or self.progress.step >= self.config.budget

    def go_on(self) -> None:
        """Train on until as many judgements in a row are successes again."""
        self.progress = replace(self.progress, in_a_row=0)

    def advance(self, pulse: Pulse) -> None:
        """Take a gradient step, and judge the network every ``validation_interval`` steps.

        ``pulse`` is called whenever a part of the network is, and all along the backward pass.
        """
        self._pulse = pulse
        self.loss = self._step()
        if self.progress.step % self.config.validation_interval == 0:
            self._judge()

    def _judged_pairs(self) -> Any:
        """Return validation pairs of the trained lengths that have any held out.

        Without such a length they are pairs for training, of the longest trained length.
        """
        low, high = self.config.length
        lengths = (min(max(low, self.task.split_from), high), high)
        split = "validation" if lengths[0] >= self.task.split_from else "train"
        seed = key_of(self.config.seed, self.index, 1)
        return draw(self.task, seed, np.arange(self.config.validation_pairs), lengths, split)

    def _step(self) -> float:
        """Take a gradient step on the next batch; return its cost."""
        config, first = self.config, self.progress.step * self.config.batch
        first = first % config.pairs if config.pairs else first
        instances = pairs(
            self.task, config.batch, length=self._lengths(first), seed=config.seed, start=first
        )
        self.model.train()
        torch.manual_seed(key_of(config.seed, self.index, 2, self.progress.step) >> 1)
        with saved_tensors_hooks(self._looked, self._looked):
            cost = self.network.loss(self.task, instances)
        self._pulse()
        loss = gradient_step(self.model, self.optimizer, cost, config.clip_norm)
        self.progress = replace(self.progress, step=self.progress.step + 1)
        return loss

    def _looked(self, saved: Tensor) -> Tensor:
        """Return what the forward pass saves for the backward one: both may take seconds."""
        self._pulse()
        return saved

    def _lengths(self, first: int) -> tuple[int, int]:
        """Return the lengths of the batch whose pairs are at the addresses from ``first`` on."""
        low, high = self.config.length
        if self.one_length:
            low = high = low + key_of(self.config.seed, first) % (high - low + 1)
        return low, high

    def _judge(self) -> None:
        self.model.eval()
        with torch.inference_mode():
            given = self.network.answer(self.task, self.held_out)
        success = float(np.mean(list(map(is_right, given, self.expected))))
        in_a_row = self.progress.in_a_row + 1 if success >= self.config.success_rate else 0
        self.progress = replace(self.progress, success=success, in_a_row=in_a_row)

    def status(self) -> dict[str, float]:
        """Return what is reported: the last judgement."""
        step = self.progress.step - self.progress.step % self.config.validation_interval
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
        return training_state(self.model, self.optimizer), asdict(self.progress)

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Load what ``state`` returned."""
        self.progress = Progress(**metadata)
        restore(self.model, self.optimizer, tensors, self.progress.step)

    def outcome(self) -> Outcome:
        """Return the network."""
        tensors = weights(self.model)
        metrics = {
            "step": float(self.progress.step),
            "success": self.progress.success,
            "parameters": float(sum(tensor.size for tensor in tensors.values())),
        }
        card = {
            "form": dict(self.form),
            "env": self.config.env,
            "settings": self.settings,
        }
        return Outcome(self.success, metrics, tensors, card)
