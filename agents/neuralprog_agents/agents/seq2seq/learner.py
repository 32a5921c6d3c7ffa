"""A network with the way it reads and writes: what ``sequences.training`` trains."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from neuralprog_agents.agents.seq2seq import model
from neuralprog_agents.agents.seq2seq.card import Form
from neuralprog_agents.agents.seq2seq.symbols import BEGIN, PAD, decoded, encoded, stacked
from neuralprog_agents.evaluation.answers import right_answers
from neuralprog_agents.sequences import texts

_SPARE, _MOST = 16, 512
"""An answer ends at twice as many symbols as were read and so many more, or at the most."""
_SYMBOLS = 2**16
"""Symbols that are read or written at once; more texts are answered in several turns.

Memory grows with it. Of tables of 100 rows it is 25 texts, which take a ninth (LSTM), a third (LSTM
with attention) and half (transformer) of the time of one after another.
"""


class Seq2Seq:
    """A network over symbols; see ``sequences.training.SequenceModel``."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.model: Any = model.build(
            form.model,
            form.hidden,
            form.layers,
            channels=1 if form.format == "text" else 2,
            aligned=form.format == "aligned",
        )

    def loss(self, task: Any, instances: Any) -> Tensor:
        """Return the mean cross-entropy of the right symbols."""
        targets = [self._target_text(task, answer) for answer in right_answers(task, instances)]
        source, target = self._read(task, instances), encoded(targets)
        before = torch.cat([torch.full((len(target), 1), BEGIN), target[:, :-1]], dim=1)
        logits = self.model.logits(self.model.read(source), before)
        return nn.functional.cross_entropy(logits.transpose(1, 2), target, ignore_index=PAD)

    def answer(self, task: Any, instances: Any) -> list[list[Any]]:
        """Return the likeliest answers, symbol after symbol."""
        source = self._read(task, instances)
        most = min(2 * source.shape[1] + _SPARE, _MOST)
        if self.form.format == "aligned":
            most = source.shape[1]
        rows = max(1, _SYMBOLS // max(source.shape[1], most))
        answers = [
            self.model.decode(self.model.read(part), most) for part in torch.split(source, rows)
        ]
        return [self._parsed(task, text) for part in answers for text in decoded(part)]

    def _read(self, task: Any, instances: Any) -> Tensor:
        if self.form.format == "text":
            return encoded(texts.input_texts(task, instances))
        source = stacked(texts.contents(task, instances))
        # A column more: a sum may have a digit more than its numbers, and its END after that.
        return nn.functional.pad(source, (0, 0, 0, 1))

    def _target_text(self, task: Any, answer: list[Any]) -> str:
        """Return an answer as the network writes it: from the units on, where it reads so."""
        text = texts.answer_text(task, answer)
        return text if self.form.format == "text" else text[::-1]

    def _parsed(self, task: Any, text: str) -> list[Any]:
        return texts.parse_answer(task, text if self.form.format == "text" else text[::-1])
