"""One restart: maximum marginal likelihood over the programs that give the right answers.

Everything random is a function of (seed, restart, epoch, step). The programs of all questions are
searched first, and again when a restart is resumed, since they are many and quickly found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.agents.neural_programmer_2017 import data, traces
from neuralprog_agents.agents.neural_programmer_2017.card import Shape
from neuralprog_agents.agents.neural_programmer_2017.config import Config
from neuralprog_agents.agents.neural_programmer_2017.data import Example, Questions
from neuralprog_agents.agents.neural_programmer_2017.features import joined
from neuralprog_agents.agents.neural_programmer_2017.model import Programmer
from neuralprog_agents.agents.neural_programmer_2017.policy import WikiPolicy
from neuralprog_agents.agents.neural_programmer_2017.traces import Traces
from neuralprog_agents.evaluation.release import answers_of, judged
from neuralprog_agents.training.config import plain_settings
from neuralprog_agents.training.network import restore, seeded, training_state, weights
from neuralprog_envs.table.wiki import WikiSource

_CHUNK = 20
"""Questions searched in a chunk, or gradient steps."""
_POOL = 16
"""Minibatches that are drawn together and sorted by the questions' lengths."""
_LOWEST_RATE = 0.05
_NEVER = -1e30
_UNUSED = -6.0
"""The score of a program that was never used, before its steps are subtracted."""
_MOST_STEPS = 127
"""More steps than a program has: traces are int8."""


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
    """One restart of the 2017 system; see ``neuralprog_agents.agent.Learner``.

    Args:
        config: Its settings.
        index: The restart.
        questions: What it learns from, if not the questions that the config names.
        examples: These questions' examples, if they were searched before.
    """

    def __init__(
        self,
        config: Config,
        index: int,
        questions: Questions | None = None,
        examples: Iterable[Example | None] | None = None,
    ) -> None:
        torch.set_num_threads(1)
        self.config, self.index = config, index
        self.questions = questions or data.questions_of(config)
        source = self.questions.source
        self.shape = Shape(
            words=self.questions.words,
            operations=source.machine.operations,
            hidden=config.hidden,
            embedding=config.embedding,
            steps=config.steps,
            without=config.without,
        )
        build = partial(Programmer, self.shape, config.dropout)
        self.model = seeded(build, key(config, index))
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.best = weights(self.model)
        self.progress, self.loss = Progress(), 0.0
        self._searched, self._examples = 0, list[Example]()
        self._scores: list[NDArray[np.float32]] = []
        self._saved_scores: NDArray[np.float32] | None = None
        self._search = iter(data.examples(source, config.without) if examples is None else examples)
        self._random = np.random.default_rng(0)
        self._rows: list[NDArray[np.int64]] = []

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.progress.epoch >= self.config.epochs

    def advance(self, pulse: Pulse) -> None:
        """Search the programs of a chunk of questions, or take a chunk of gradient steps."""
        if self._searched < len(self.questions.source.questions):
            found = list(islice(self._search, _CHUNK))
            self._searched += len(found)
            self._examples += [example for example in found if example is not None]
        else:
            self._train(pulse)

    def _train(self, pulse: Pulse) -> None:
        self._scores = self._scores or self._begin_scores()
        self._rows = self._rows or self._begin_epoch()
        self.model.train()
        first = self.progress.step
        for rows in self._rows[first : first + _CHUNK]:
            pulse()
            self._step(rows.tolist())
        if self.progress.step == len(self._rows):
            self._end_epoch()

    def _begin_scores(self) -> list[NDArray[np.float32]]:
        """Return the scores of all questions' programs, as restored or those of unused ones."""
        first = [_first_scores(example.programs.actions) for example in self._examples]
        if self._saved_scores is None:
            return first
        return np.split(self._saved_scores, np.cumsum([len(each) for each in first])[:-1])

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

    def _step(self, rows: Sequence[int]) -> None:
        config, done = self.config, self._share_done()
        self._set_rate(done)
        batch = [self._examples[row] for row in rows]
        most = config.programs_per_question
        which = [_some(self._scores[row], most, self._random) for row in rows]
        programs = [e.programs.take(some) for e, some in zip(batch, which, strict=True)]
        simplicity = config.simplicity * max(0.0, 1.0 - done / config.simplicity_share)
        logs = log_probabilities(self.model, batch, programs)
        self._remember(rows, which, logs)
        cost = loss(logs, programs, simplicity)
        self.optimiser.zero_grad()
        cost.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.optimiser.step()
        self.loss = float(cost.detach())
        step, steps = self.progress.step + 1, self.progress.steps + 1
        samples = self.progress.samples + len(batch)
        self.progress = replace(self.progress, step=step, steps=steps, samples=samples)

    def _remember(
        self, rows: Sequence[int], which: Sequence[NDArray[np.int64]], logs: Tensor
    ) -> None:
        """Keep the log probabilities of the programs that were used."""
        ends = np.cumsum([len(some) for some in which])[:-1]
        parts = np.split(logs.detach().numpy(), ends)
        for row, some, part in zip(rows, which, parts, strict=True):
            self._scores[row][some] = part

    def _share_done(self) -> float:
        """Return the fraction of the training that is done, 0 to 1."""
        steps = max(1, len(self._examples) // self.config.batch)
        return (self.progress.epoch * steps + self.progress.step) / (self.config.epochs * steps)

    def _validate_if_due(self) -> None:
        epoch, every = self.progress.epoch, self.config.validation_interval
        if epoch % every == 0 or epoch == self.config.epochs:
            self._validate()

    def _validate(self) -> None:
        self.model.eval()
        settings = self.questions.settings
        policy = WikiPolicy(self.config.env, settings, [self.model], self.config.beam)
        found = accuracy(policy, self.questions.judged)
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
        scores = np.concatenate(self._scores) if self._scores else self._saved_scores
        if scores is not None:
            torch_state["scores"] = scores
        metadata = {**asdict(self.progress), "numpy": self._random.bit_generator.state}
        return {**training_state(self.model, self.optimiser), **best, **torch_state}, metadata

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self._random.bit_generator.state = metadata.pop("numpy")
        self._saved_scores = tensors.get("scores")
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
            "settings": self.questions.settings,
            "shape": plain_settings(self.shape),
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


def log_probabilities(
    model: Programmer, batch: Sequence[Example], programs: Sequence[Traces]
) -> Tensor:
    """Return the log probability of each of the questions' programs, one after the other, (n,)."""
    features = joined([example.features for example in batch])
    return model.log_probability(features, traces.joined(programs), _owners(programs))


def loss(logs: Tensor, programs: Sequence[Traces], simplicity: float = 0.0) -> Tensor:
    """Return the mean of - log Σ_z p(z | question) e^(-λ |z|) over each question's programs.

    |z| is the number of a program's steps beyond the question's shortest one; λ is ``simplicity``.
    ``logs`` are the programs' log probabilities, (n,).
    """
    B, owner = len(programs), _owners(programs)
    size = torch.from_numpy(np.concatenate([steps_of(each.actions) for each in programs]))
    least = torch.full((B,), _MOST_STEPS).scatter_reduce(0, owner, size, "amin")
    logs = logs - simplicity * (size - least[owner])
    most = torch.full((B,), _NEVER).scatter_reduce(0, owner, logs.detach(), "amax")
    sums = torch.zeros(B).index_add(0, owner, torch.exp(logs - most[owner]))
    return -(torch.log(sums) + most).mean()


def steps_of(programs: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return how many steps each program has, (n,)."""
    return (programs[:, :, 0] >= 0).sum(axis=1)


def _owners(programs: Sequence[Traces]) -> Tensor:
    return torch.from_numpy(np.repeat(np.arange(len(programs)), [len(each) for each in programs]))


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


def _first_scores(programs: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return the scores of programs that were never used: between good and bad ones."""
    return (_UNUSED - steps_of(programs)).astype(np.float32)


def _some(scores: NDArray[np.float32], most: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Return the places of at most so many programs: those of highest score, and as many others."""
    if len(scores) <= most:
        return np.arange(len(scores))
    order = np.argsort(-scores, kind="stable")
    best, others = order[: most // 2], order[most // 2 :]
    return np.concatenate([best, random.choice(others, most - len(best), replace=False)])
