"""The NRAM as a straightforward reading of the paper would write it in torch.

The baseline of the speed benchmark, and a second implementation for the tests: it shares no
mathematics with ``model``. Every module is evaluated on its own, from the definition: the joint
distribution of the two arguments, times a 0/1 table of the integer operation (eq. 2).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from neuralprog_agents.agents.nram.records import Batch
from neuralprog_agents.agents.nram.shape import Shape


def operation_tables(modules: Iterable[Any], M: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """For each module without memory [op(a, b) = c], as (M², M)."""
    a, b = np.divmod(np.arange(M * M), M)
    return {
        m.name: torch.eye(M, dtype=dtype)[torch.as_tensor(m.apply(a, b, M))]
        for m in modules
        if m.apply is not None
    }


class _Rounded(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return torch.round(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return gradient


class NaiveNRAM(nn.Module):
    """Controller and machine; ``forward`` returns the mean loss of a batch of tensors."""

    def __init__(self, shape: Shape, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.shape = shape
        self.tables = operation_tables(shape.modules, shape.memory, dtype)
        self.layers = nn.ModuleList([nn.Linear(i, o, dtype=dtype) for o, i in shape.linear])
        if shape.controller == "lstm":
            self.layers[1] = nn.LSTMCell(shape.hidden, shape.hidden, dtype=dtype)

    def control(
        self, x: Tensor, state: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor] | None]:
        """Logits (B, outputs) and the next state (h, c) from the chances of zero (B, R)."""
        *hidden, output = self.layers
        for layer in hidden:
            if isinstance(layer, nn.LSTMCell):
                state = layer(x, state)
                x = state[0]
            else:
                x = torch.relu(layer(x))
        return output(x), state

    def choose(self, logits: Tensor, index: int, values: list[Tensor]) -> Tensor:
        """Mix the values available to one softmax."""
        place = self.shape.softmaxes[index]
        weights = torch.softmax(logits[:, place.slice], dim=1)
        return torch.bmm(weights.unsqueeze(1), torch.stack(values, dim=1)).squeeze(1)

    def apply_module(self, name: str, inputs: list[Tensor], like: Tensor) -> Tensor:
        """One module from its definition; arguments that it does not have are surely 0."""
        zero = torch.zeros_like(like)
        zero[:, 0] = 1.0
        a, b = [*inputs, zero, zero][:2]
        joint = a.unsqueeze(2) * b.unsqueeze(1)
        return joint.flatten(1) @ self.tables[name]

    def step(
        self, tape: Tensor, values: list[Tensor], logits: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """All modules in order, then all registers."""
        index = 0
        for module in self.shape.modules:
            inputs = [self.choose(logits, index + i, values) for i in range(module.arity)]
            index += module.arity
            if module.name == "READ":
                values = [*values, torch.bmm(inputs[0].unsqueeze(1), tape).squeeze(1)]
            elif module.name == "WRITE":
                pointer, value = inputs[0].unsqueeze(2), inputs[1].unsqueeze(1)
                tape = (1 - pointer) * tape + pointer * value
                values = [*values, self.apply_module("ZERO", [], values[0])]
            else:
                values = [*values, self.apply_module(module.name, inputs, values[0])]
        return tape, [self.choose(logits, index + r, values) for r in range(self.shape.registers)]

    def forward(
        self,
        batch: Batch,
        epsilon: float = 1e-6,
        sharpen_flags: int = 0,
        straight_through: bool = False,
    ) -> Tensor:
        """The expected negative log-likelihood of section 3.3, averaged over examples."""
        B, M = batch.tape.shape
        dtype = next(self.parameters()).dtype
        tape = torch.nn.functional.one_hot(batch.tape, M).to(dtype)
        target = torch.nn.functional.one_hot(batch.target, M).to(dtype)
        start = torch.zeros(B, M, dtype=dtype)
        start[:, 0] = 1.0
        registers, state = [start] * self.shape.registers, None
        remaining, loss = torch.ones(B, dtype=dtype), torch.zeros(B, dtype=dtype)
        for t in range(1, int(batch.steps.max()) + 1):
            flags = torch.stack([register[:, 0] for register in registers], dim=1)
            for _ in range(sharpen_flags):
                flags = 1 - (1 - flags) ** 2 * (1 + 2 * flags)
            if straight_through:
                flags = _Rounded.apply(flags)  # type: ignore[no-untyped-call]
            logits, state = self.control(flags, state)
            tape, registers = self.step(tape, registers, logits)
            f = torch.sigmoid(logits[:, -1])
            f = torch.where(batch.steps <= t, torch.ones_like(f), f)
            likelihood = torch.clamp((tape * target).sum(dim=2), min=epsilon)
            cost = -(torch.log(likelihood) * batch.mask).sum(dim=1)
            loss = loss + remaining * f * cost
            remaining = remaining * (1 - f)
        return loss.mean()
