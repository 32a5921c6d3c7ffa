"""One restart: the likelihood of right answers, over the programs that a search finds.

Everything random is a function of (seed, restart, epoch) and checkpoints are written after whole
epochs, so a killed restart that goes on from its checkpoint ends with the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neuralprog_agents.agent import Outcome, Report, Stop, Tensors
from neuralprog_agents.agents.neural_programmer_2017 import data
from neuralprog_agents.agents.neural_programmer_2017.card import Shape
from neuralprog_agents.agents.neural_programmer_2017.config import Config
from neuralprog_agents.agents.neural_programmer_2017.data import Example
from neuralprog_agents.agents.neural_programmer_2017.features import joined
from neuralprog_agents.agents.neural_programmer_2017.model import Programmer
from neuralprog_agents.agents.neural_programmer_2017.policy import WikiPolicy
from neuralprog_agents.evaluation.release import answers_of, judged
from neuralprog_agents.training import checkpoint
from neuralprog_agents.training.network import restore, seeded, training_state, weights
from neuralprog_envs.table.wiki import WikiSource

_CHECKPOINT = "checkpoint.safetensors"
_KIND = "neural-programmer-2017-training"
_REPORTED = 20
"""Questions, or gradient steps, between two reports."""
_POOL = 16
"""Minibatches that are drawn together and sorted by the questions' lengths."""
_LOWEST_RATE = 0.05
_NEVER = -1e30


@dataclass(frozen=True)
class Progress:
    """What the judgements so far have found.

    Attributes:
        epoch: Epochs done.
        steps: Gradient steps done.
        accuracy: The last accuracy on the judged questions.
        best: The best one.
        best_epoch: After which epoch.
    """

    epoch: int = 0
    steps: int = 0
    accuracy: float = 0.0
    best: float = -1.0
    best_epoch: int = 0


def restart(config: Config, index: int, folder: Path, report: Report, stop: Stop) -> Outcome:
    """Do one restart; see ``neuralprog_agents.agent.AgentModule.restart``."""
    torch.set_num_threads(1)
    return _Restart(config, index, folder).run(report, stop)


class _Restart:
    def __init__(self, config: Config, index: int, folder: Path) -> None:
        self.config, self.index = config, index
        self.of = checkpoint.identity(config, index)
        self.path = folder / _CHECKPOINT
        release = data.source_of(config, config.questions, ()).release
        self.vocabulary = data.vocabulary_of(release, config.word_cutoff)
        self.settings = data.settings(config, self.vocabulary.words[2:])
        self.source = data.source_of(config, config.questions, self.vocabulary.words[2:])
        self.judged = data.source_of(config, config.validation_questions, self.vocabulary.words[2:])
        self.shape = Shape(
            words=len(self.vocabulary),
            operations=self.source.machine.operations,
            hidden=config.hidden,
            embedding=config.embedding,
            steps=config.steps,
        )
        build = partial(Programmer, self.shape, config.dropout)
        self.model = seeded(build, key(config, index))
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.best = weights(self.model)
        self.progress = Progress()

    def run(self, report: Report, stop: Stop) -> Outcome:
        self._resume()
        examples = self._examples(report, stop)
        while self.progress.epoch < self.config.epochs and not stop():
            if not self._epoch(examples, report, stop):
                break
            self._judge_if_due()
            self._save()
        return self._outcome()

    def _examples(self, report: Report, stop: Stop) -> list[Example]:
        """Search for the programs of all questions."""
        found = []
        for done, example in enumerate(data.examples(self.source)):
            if example is not None:
                found.append(example)
            if done % _REPORTED == 0:
                report(self._report(done, 0.0))
                if stop():
                    break
        return found

    def _epoch(self, examples: Sequence[Example], report: Report, stop: Stop) -> bool:
        """Go once through the examples; return whether it came to the end."""
        seed = key(self.config, self.index, self.progress.epoch + 1) >> 1
        with torch.random.fork_rng(devices=[]):  # dropout takes no generator of its own
            torch.manual_seed(seed)
            return self._pass(examples, np.random.default_rng(seed), report, stop)

    def _pass(
        self, examples: Sequence[Example], random: np.random.Generator, report: Report, stop: Stop
    ) -> bool:
        config, epoch = self.config, self.progress.epoch
        steps = max(1, len(examples) // config.batch)
        lengths = np.array([int(example.features.length[0]) for example in examples])
        self.model.train()
        step = 0
        for step, rows in enumerate(_minibatches(lengths, config.batch, random)):
            progress = (epoch * steps + step) / (config.epochs * steps)
            self._set_rate(progress)
            cost = self._step([examples[row] for row in rows], random, progress)
            if step % _REPORTED == 0:
                report(self._report(len(self.source.questions) + epoch * steps + step, cost))
                if stop():
                    return False
        self.progress = replace(
            self.progress, epoch=epoch + 1, steps=self.progress.steps + step + 1
        )
        return True

    def _set_rate(self, progress: float) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate * max(_LOWEST_RATE, 1.0 - progress)

    def _step(
        self, batch: Sequence[Example], random: np.random.Generator, progress: float
    ) -> float:
        config = self.config
        programs = [
            _some(example.programs, config.programs_per_question, random) for example in batch
        ]
        simplicity = config.simplicity * max(0.0, 1.0 - progress / config.simplicity_share)
        cost = loss(self.model, batch, programs, simplicity)
        self.optimiser.zero_grad()
        cost.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.optimiser.step()
        return float(cost.detach())

    def _judge_if_due(self) -> None:
        epoch, every = self.progress.epoch, self.config.judged_every
        if epoch % every == 0 or epoch == self.config.epochs:
            self._judge()

    def _judge(self) -> None:
        self.model.eval()
        policy = WikiPolicy(self.config.env, self.settings, [self.model], self.config.beam)
        found = accuracy(policy, self.judged)
        self.progress = replace(self.progress, accuracy=found)
        if found > self.progress.best:
            self.best = weights(self.model)
            self.progress = replace(self.progress, best=found, best_epoch=self.progress.epoch)

    def _report(self, step: int, cost: float) -> dict[str, float]:
        return {
            "step": step,
            "progress": self.progress.epoch / self.config.epochs,
            "loss": cost,
            "accuracy": self.progress.accuracy,
            "best": max(self.progress.best, 0.0),
        }

    def _save(self) -> None:
        metadata = {**asdict(self.progress), "of": self.of}
        checkpoint.save(self.path, _KIND, self._state(), metadata)

    def _state(self) -> Tensors:
        """Return parameters, the best ones, and Adam's means, by name."""
        best = {f"best.{name}": array for name, array in self.best.items()}
        return {**training_state(self.model, self.optimiser), **best}

    def _resume(self) -> None:
        wanted = {
            f"{group}{name}": ("float32", tuple(parameter.shape))
            for group in ("", "best.", "exp_avg.", "exp_avg_sq.")
            for name, parameter in self.model.named_parameters()
        }
        found = checkpoint.resume(self.path, _KIND, self.of, wanted)
        if found is None:
            return
        arrays, metadata = found
        self.progress = Progress(**metadata)
        self.best = {name: arrays[f"best.{name}"] for name in self.best}
        restore(self.model, self.optimiser, arrays, self.progress.steps)

    def _outcome(self) -> Outcome:
        metrics = {
            "step": float(self.progress.epoch),
            "accuracy": max(self.progress.best, 0.0),
            "best_epoch": float(self.progress.best_epoch),
        }
        card = {
            "env": self.config.env,
            "settings": self.settings,
            "shape": {**asdict(self.shape), "operations": list(self.shape.operations)},
            "networks": 1,
            "beam": self.config.beam,
        }
        tensors = {f"0.{name}": array.astype(np.float16) for name, array in self.best.items()}
        return Outcome(self.progress.best >= self.config.success_rate, metrics, tensors, card)


def key(config: Config, index: int, position: int = 0) -> int:
    """Return 64 bits that decide what is random at one place of a restart."""
    words = np.random.SeedSequence((config.seed, index, position))
    return int(words.generate_state(1, np.uint64)[0])


def accuracy(policy: WikiPolicy, source: WikiSource) -> float:
    """Return the fraction of a source's questions that are answered rightly, officially."""
    return float(np.mean(judged(source, answers_of(policy, source))))


def loss(
    model: Programmer,
    batch: Sequence[Example],
    programs: Sequence[NDArray[np.int8]],
    simplicity: float = 0.0,
) -> Tensor:
    """Return the mean of - log Σ_z p(z | question) e^(-λ |z|) over each question's programs.

    |z| are a program's steps beyond those of the question's shortest one, λ the ``simplicity``.
    """
    B = len(batch)
    features = joined([example.features for example in batch])
    owner = torch.from_numpy(np.repeat(np.arange(B), [len(each) for each in programs]))
    actions = torch.from_numpy(np.concatenate(programs)).long()
    logs = model.log_probability(features, actions, owner)
    size = (actions[:, :, 0] >= 0).sum(dim=1)
    least = torch.full((B,), actions.shape[1]).scatter_reduce(0, owner, size, "amin")
    logs = logs - simplicity * (size - least[owner])
    most = torch.full((B,), _NEVER).scatter_reduce(0, owner, logs.detach(), "amax")
    sums = torch.zeros(B).index_add(0, owner, torch.exp(logs - most[owner]))
    return -(torch.log(sums) + most).mean()


def _minibatches(
    lengths: NDArray[np.int64], size: int, random: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of each minibatch of one epoch, questions of like lengths together.

    What does not fill a minibatch is left out, unless there is no more than that.
    """
    order = random.permutation(len(lengths))
    pools = np.array_split(order, max(1, len(order) // (_POOL * size)))
    order = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
    firsts = np.arange(0, max(len(order) - size, 0) + 1, size)
    for first in random.permutation(firsts):
        yield order[first : first + size]


def _some(programs: NDArray[np.int8], most: int, random: np.random.Generator) -> NDArray[np.int8]:
    if len(programs) <= most:
        return programs
    return programs[random.choice(len(programs), most, replace=False)]
