"""The network asked about one call at a time; what it said of a history is kept.

A call's state is new at its start, so all that the network says is a function of the program and
of what was seen since the call began. There are few such histories, and a trie holds them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from neuralprog_agents.agents.alphanpi.model import Network, State
from neuralprog_agents.agents.alphanpi.search import Floats
from neuralprog_agents.specifications.world import View


@dataclass
class Moment:
    """What the network says at one moment of a call.

    Attributes:
        probabilities: Of the choices, shape (C,).
        value: What it expects of the call.
        state: Of its LSTM.
        after: The next moment, by what is seen then.
        best: The likeliest choice.
    """

    probabilities: Floats
    value: float
    state: State | None
    after: dict[View, Moment] = field(default_factory=dict)
    best: int = 0


class Memo:
    """A network's answers, kept until the network changes.

    Args:
        model: The network.
    """

    def __init__(self, model: Network) -> None:
        self._model = model
        self.forget()

    def forget(self) -> None:
        """Begin anew: the network has changed."""
        self._calls: dict[int, Moment] = {}

    def begin(self, program: int) -> Moment:
        """Return the moment before a program's first step; it says nothing yet."""
        return self._calls.setdefault(program, Moment(np.zeros(0), 0.0, None))

    def see(self, program: int, moment: Moment, view: View) -> Moment:
        """Return the moment after another view."""
        if view not in moment.after:
            moment.after[view] = self._ask(program, view, moment.state)
        return moment.after[view]

    def judge(self, program: int, views: tuple[View, ...]) -> tuple[Floats, float]:
        """Return the choices' probabilities (C,) and the value after a history."""
        moment = self.begin(program)
        for view in views:
            moment = self.see(program, moment, view)
        return moment.probabilities, moment.value

    def _ask(self, program: int, view: View, state: State | None) -> Moment:
        with torch.inference_mode():
            seen = torch.tensor(view)[None, None]
            logits, value, after = self._model(torch.tensor([program - 2]), seen, state)
            probabilities = logits[0, 0].softmax(0).double().numpy()
        return Moment(probabilities, float(value), after, best=int(probabilities.argmax()))
