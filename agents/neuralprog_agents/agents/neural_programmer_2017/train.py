"""One restart: maximum marginal likelihood over the programs that give the right answers.

Everything random is a function of (seed, restart, epoch, step). The programs of all questions are
searched first, and again when a restart is resumed, since they are many and quickly found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.agents.neural_programmer_2017 import data
from neuralprog_agents.agents.neural_programmer_2017.card import Shape
from neuralprog_agents.agents.neural_programmer_2017.config import Config
from neuralprog_agents.agents.neural_programmer_2017.data import Example
from neuralprog_agents.agents.neural_programmer_2017.features import joined
from neuralprog_agents.agents.neural_programmer_2017.model import Programmer
from neuralprog_agents.agents.neural_programmer_2017.policy import WikiPolicy
from neuralprog_agents.evaluation.release import answers_of, judged
from neuralprog_agents.training.network import restore, seeded, training_state, weights
from neuralprog_envs.table.wiki import WikiSource

_CHUNK = 20
"""Questions searched in a chunk, or gradient steps."""
_POOL = 16
"""Minibatches that are drawn together and sorted by the questions' lengths."""
_LOWEST_RATE = 0.05
_NEVER = -1e30


@dataclass(frozen=True)
class Progress:
    """The progress of a restart.

    Attributes:
        epoch: Complete epochs.
        step: Gradient steps in the current epoch.
        steps: Gradient steps in all epochs.
        samples: Questions in all minibatches.
        accuracy: The last accuracy on the validation questions.
        best: The best accuracy; -1 before the first validation.
        best_epoch: The epoch of the best accuracy.
    """

    epoch: int = 0
    step: int = 0
    steps: int = 0
    samples: int = 0
    accuracy: float = 0.0
    best: float = -1.0
    best_epoch: int = 0


class WikiLearner:
    """One restart of the 2017 system; see ``neuralprog_agents.agent.Learner``."""

    def __init__(self, config: Config, index: int) -> None:
        torch.set_num_threads(1)
        self.config, self.index = config, index
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
        self.progress, self.loss = Progress(), 0.0
        self._searched, self._examples = 0, list[Example]()
        self._search = data.examples(self.source)
        self._random = np.random.default_rng(0)
        self._rows: list[NDArray[np.int64]] = []

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.progress.epoch >= self.config.epochs

    def advance(self, pulse: Pulse) -> None:
        """Search the programs of a chunk of questions, or take a chunk of gradient steps."""
        if self._searched < len(self.source.questions):
            found = list(islice(self._search, _CHUNK))
            self._searched += len(found)
            self._examples += [example for example in found if example is not None]
        else:
            self._train(pulse)

    def _train(self, pulse: Pulse) -> None:
        self._rows = self._rows or self._begin_epoch()
        self.model.train()
        first = self.progress.step
        for rows in self._rows[first : first + _CHUNK]:
            pulse()
            self._step([self._examples[row] for row in rows])
        if self.progress.step == len(self._rows):
            self._end_epoch()

    def _begin_epoch(self) -> list[NDArray[np.int64]]:
        """Return the minibatches of an epoch; seed the generators unless they were restored."""
        seed = key(self.config, self.index, self.progress.epoch + 1) >> 1
        random = np.random.default_rng(seed)
        lengths = np.array([int(example.features.length[0]) for example in self._examples])
        minibatches = list(_minibatches(lengths, self.config.batch, random))
        if not self.progress.step:
            self._random = random
            torch.manual_seed(seed)
        return minibatches

    def _end_epoch(self) -> None:
        self._rows = []
        self.progress = replace(self.progress, epoch=self.progress.epoch + 1, step=0)
        self._validate_if_due()

    def _set_rate(self, progress: float) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate * max(_LOWEST_RATE, 1.0 - progress)

    def _step(self, batch: Sequence[Example]) -> None:
        config, done = self.config, self._share_done()
        self._set_rate(done)
        programs = [
            _some(example.programs, config.programs_per_question, self._random) for example in batch
        ]
        simplicity = config.simplicity * max(0.0, 1.0 - done / config.simplicity_share)
        cost = loss(self.model, batch, programs, simplicity)
        self.optimiser.zero_grad()
        cost.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.optimiser.step()
        self.loss = float(cost.detach())
        step, steps = self.progress.step + 1, self.progress.steps + 1
        samples = self.progress.samples + len(batch)
        self.progress = replace(self.progress, step=step, steps=steps, samples=samples)

    def _share_done(self) -> float:
        """Return the fraction of the training that is done, 0 to 1."""
        steps = max(1, len(self._examples) // self.config.batch)
        return (self.progress.epoch * steps + self.progress.step) / (self.config.epochs * steps)

    def _validate_if_due(self) -> None:
        epoch, every = self.progress.epoch, self.config.judged_every
        if epoch % every == 0 or epoch == self.config.epochs:
            self._validate()

    def _validate(self) -> None:
        self.model.eval()
        policy = WikiPolicy(self.config.env, self.settings, [self.model], self.config.beam)
        found = accuracy(policy, self.judged)
        self.progress = replace(self.progress, accuracy=found)
        if found > self.progress.best:
            self.best = weights(self.model)
            self.progress = replace(self.progress, best=found, best_epoch=self.progress.epoch)

    def status(self) -> dict[str, float]:
        """Return the reported metrics."""
        return {
            "step": self._searched + self.progress.steps,
            "progress": self.progress.epoch / self.config.epochs,
            "samples": float(self.progress.samples),
            "loss": self.loss,
            "accuracy": self.progress.accuracy,
            "best": max(self.progress.best, 0.0),
        }

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return the network, the best one, Adam's means, and the generators."""
        best = {f"best.{name}": array for name, array in self.best.items()}
        torch_state = {"torch": torch.get_rng_state().numpy()}
        metadata = {**asdict(self.progress), "numpy": self._random.bit_generator.state}
        return {**training_state(self.model, self.optimiser), **best, **torch_state}, metadata

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self._random.bit_generator.state = metadata.pop("numpy")
        torch.set_rng_state(torch.from_numpy(tensors["torch"].copy()))
        self.progress = Progress(**metadata)
        self.best = {name: tensors[f"best.{name}"] for name in self.best}
        restore(self.model, self.optimiser, tensors, self.progress.steps)

    def outcome(self) -> Outcome:
        """Return the best network."""
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
    """Return a seed of 64 bits for a position of a restart."""
    words = np.random.SeedSequence((config.seed, index, position))
    return int(words.generate_state(1, np.uint64)[0])


def accuracy(policy: WikiPolicy, source: WikiSource) -> float:
    """Return the fraction of a source's questions answered correctly by the official rules."""
    return float(np.mean(judged(source, answers_of(policy, source))))


def loss(
    model: Programmer,
    batch: Sequence[Example],
    programs: Sequence[NDArray[np.int8]],
    simplicity: float = 0.0,
) -> Tensor:
    """Return the mean of - log Σ_z p(z | question) e^(-λ |z|) over each question's programs.

    |z| is the number of a program's steps beyond the question's shortest one; λ is ``simplicity``.
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
    """Yield the rows of each minibatch of an epoch, with questions of similar length together.

    An incomplete minibatch is left out, unless it is the only one.
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
