"""Memoisation of the network: its prediction for each history of a call, computed once.

The LSTM's state is 0 at the start of a call. So a prediction is a function of the program and the
views since the call began. There are few such histories; a trie holds them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from neuralprog_agents.agents.alphanpi.model import Network, State
from neuralprog_agents.agents.alphanpi.search import Floats
from neuralprog_agents.specifications.call_model import View


@dataclass
class Prediction:
    """The network's prediction at one step of a call.

    It has the probability of each choice, shape (C,), and the likeliest, ``best``; the value V, the
    expected outcome of the call; and the predictions at the next step, by its view.
    """

    probabilities: Floats
    value: float
    state: State | None
    after: dict[View, Prediction] = field(default_factory=dict)
    best: int = 0


class Memo:
    """The predictions of a network, stored until the network changes."""

    def __init__(self, model: Network) -> None:
        self._model = model
        self.clear()

    def clear(self) -> None:
        """Clear all predictions, since the network has changed."""
        self._calls: dict[int, Prediction] = {}

    def begin(self, program: int) -> Prediction:
        """Return the root of a program's calls; it has no probabilities."""
        return self._calls.setdefault(program, Prediction(np.zeros(0), 0.0, None))

    def advance(self, program: int, prediction: Prediction, view: View) -> Prediction:
        """Return the prediction after one more view."""
        if view not in prediction.after:
            prediction.after[view] = self._ask(program, view, prediction.state)
        return prediction.after[view]

    def predict(self, program: int, views: tuple[View, ...]) -> tuple[Floats, float]:
        """Return the choices' probabilities, shape (C,), and the value after a history of views."""
        prediction = self.begin(program)
        for view in views:
            prediction = self.advance(program, prediction, view)
        return prediction.probabilities, prediction.value

    def _ask(self, program: int, view: View, state: State | None) -> Prediction:
        with torch.inference_mode():
            seen = torch.tensor(view)[None, None]
            logits, value, after = self._model(torch.tensor([program - 2]), seen, state)
            probabilities = logits[0, 0].softmax(0).double().numpy()
        return Prediction(probabilities, float(value), after, best=int(probabilities.argmax()))
