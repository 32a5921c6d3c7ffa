"""Gradient descent on an NPI until it decides rightly in every frame of its tasks.

A gradient step takes a minibatch of each task's frames. After every chunk of steps all frames are
checked, and those that were wrong lately are drawn more often. Once none is wrong, the verification
sets are checked, and their failing frames join the training sets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from neuralprog_agents.agent import Pulse, Tensors
from neuralprog_agents.npi_network.model import NPI, without_onednn
from neuralprog_agents.npi_network.training_set import TrainingSet
from neuralprog_agents.training.network import gradient_step, restore, training_state

CHUNK = 50
"""Gradient steps between two checks."""


class Trainer:
    """Trains a network chunk by chunk; parameters without a gradient stay as they are.

    ``config`` has ``learning_rate``, ``half_life``, ``batch``, ``boost`` and ``clip_norm``. ``key``
    takes a step and the number of a task; it returns the 64 bits that decide the minibatch.

    Attributes:
        step: Gradient steps so far.
        rounds: How often the verification sets were checked.
        loss: The mean loss in the last chunk.
        done: Whether no frame was wrong, also of the verification sets.
    """

    def __init__(
        self, model: NPI, sets: Sequence[TrainingSet], config: Any, key: Callable[[int, int], int]
    ) -> None:
        torch.set_num_threads(1)
        self.model, self.sets, self._config, self._key = model, sets, config, key
        self._adam = adam(model, config.learning_rate)
        self.step, self.rounds = 0, 0
        self.loss, self.done = 0.0, False

    @without_onednn()
    def advance(self, pulse: Pulse) -> None:
        """Take a chunk of gradient steps, and check all frames; the first chunk draws them."""
        for part in self.sets:
            part.draw(pulse)
        samplers = [part.sampler(self._config.boost) for part in self.sets]
        total = 0.0
        for _ in range(CHUNK):
            pulse()
            costs = []
            for number, (part, sampler) in enumerate(zip(self.sets, samplers, strict=True)):
                rows = sampler.rows(self._config.batch, self._key(self.step, number))
                costs.append(part.cost(self.model, rows))
            total += self._descend(torch.stack(costs).sum())
            self.step += 1
        self.loss = total / CHUNK
        for part in self.sets:
            part.check(self.model, pulse)
        self.done = not any(part.wrong for part in self.sets) and self._proven(pulse)

    def _descend(self, cost: Tensor) -> float:
        rate = self._config.learning_rate * 0.5 ** (self.step / self._config.half_life)
        self._adam.param_groups[0]["lr"] = rate
        return gradient_step(self.model, self._adam, cost, self._config.clip_norm)

    def _proven(self, pulse: Pulse) -> bool:
        self.rounds += any(part.has_verification_set for part in self.sets)
        proven = [part.proven(self.model, pulse) for part in self.sets]
        return all(proven)

    @property
    def samples(self) -> int:
        """The frames of all minibatches."""
        return self.step * int(self._config.batch) * len(self.sets)

    def counts(self) -> dict[str, float]:
        """Return how many frames are wrong, and fail in the verification sets, of all tasks.

        -1 while that is not known of each.
        """
        return {
            "failing": _sum([part.wrong for part in self.sets]),
            "unproven": _sum([part.unproven for part in self.sets]),
        }

    def frames(self) -> dict[str, float]:
        """Return how many frames were drawn, and how many were added to them."""
        return {
            "frames": float(sum(part.drawn for part in self.sets)),
            "added": float(sum(len(part.added) for part in self.sets)),
        }

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return the network, Adam's moments, and which frames are hard."""
        tensors, counts = training_state(self.model, self._adam), []
        for number, part in enumerate(self.sets):
            arrays, own = part.state()
            tensors |= {f"{number}.{name}": array for name, array in arrays.items()}
            counts.append(own)
        return tensors, {"step": self.step, "rounds": self.rounds, "sets": counts}

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Load what ``state`` returned."""
        for number, (part, counts) in enumerate(zip(self.sets, metadata["sets"], strict=True)):
            names = "priority", "added", "priority_of_added"
            part.restore({name: tensors[f"{number}.{name}"] for name in names}, counts)
        self.step, self.rounds = metadata["step"], metadata["rounds"]
        restore(self.model, self._adam, tensors, self.step)


def _sum(counts: Sequence[int]) -> float:
    return float(-1 if -1 in counts else sum(counts))


def adam(model: NPI, learning_rate: float) -> torch.optim.Adam:
    """Return Adam over the parameters that require a gradient."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return torch.optim.Adam(trained, lr=learning_rate, fused=True)
