"""The sizes of an NRAM and the layout of everything whose length follows from them.

Source: Kurach, Andrychowicz and Sutskever, "Neural Random-Access Machines", ICLR 2016,
sections 3.1 to 3.3 and 4.1. Two vectors are laid out here: the outputs of the controller
(arity-aware: a module has as many softmaxes as arguments) and the flat parameters theta.
Neither depends on the size of the memory.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from math import prod
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.circuits.library import Library
from neuralprog_agents.circuits.program import with_learned
from neuralprog_agents.training import ranges
from neuralprog_envs.tape.ops import MIN_MEMORY

Controller = Literal["mlp", "lstm"]
Registers = Annotated[int, ranges.Within(1, 16)]
Repetitions = Annotated[int, ranges.Within(1, 16)]
Hidden = Annotated[int, ranges.Within(1, 2**16)]
Layers = Annotated[int, ranges.Within(1, 2)]


class Softmax(NamedTuple):
    """One softmax of the controller: ``size`` logits from ``start`` on, one for each source.

    Sources are numbered as in the paper: registers first, then outputs of earlier modules.
    """

    start: int
    size: int

    @property
    def slice(self) -> slice:
        """The logits of this softmax in the packed output."""
        return slice(self.start, self.start + self.size)


class Parameter(NamedTuple):
    """One named block of theta."""

    name: str
    start: int
    shape: tuple[int, ...]

    @property
    def slice(self) -> slice:
        """The place of this block in theta."""
        return slice(self.start, self.start + prod(self.shape))


@dataclass(frozen=True)
class Sizes:
    """R registers, M cells, the module list repeated, and the size of the controller.

    ``layers`` counts the hidden layers of the MLP (the paper has two). The LSTM always has
    one hidden layer between its input and its cells, of the same width (section 4.1).
    """

    registers: Registers
    memory: Annotated[int, ranges.Within(MIN_MEMORY)]
    repetitions: Repetitions = 1
    controller: Controller = "mlp"
    hidden: Hidden = 32
    layers: Layers = 2

    def __post_init__(self) -> None:
        ranges.check(self)
        if self.controller not in ("mlp", "lstm"):
            raise ValueError(f"controller must be 'mlp' or 'lstm', got {self.controller!r}")


@dataclass(frozen=True)
class Shape(Sizes):
    """Sizes, and the learned modules that stand before WRITE in the list of modules."""

    learned: Library = ()

    @property
    def on_card(self) -> dict[str, Any]:
        """The sizes alone: a card has a place of its own for the modules."""
        return {field.name: getattr(self, field.name) for field in fields(Sizes)}

    @cached_property
    def modules(self) -> tuple[Any, ...]:
        """The Q modules in the order in which a step evaluates them."""
        return with_learned(self.learned) * self.repetitions

    @property
    def sources(self) -> int:
        """R + Q: what a register can be updated from."""
        return self.registers + len(self.modules)

    @cached_property
    def softmaxes(self) -> tuple[Softmax, ...]:
        """All softmaxes in packed order: arguments in module order, then the registers."""
        counts = [
            self.registers + i for i, module in enumerate(self.modules) for _ in range(module.arity)
        ]
        counts += [self.sources] * self.registers
        starts = np.concatenate([[0], np.cumsum(counts)])
        return tuple(Softmax(int(s), c) for s, c in zip(starts, counts, strict=False))

    @cached_property
    def arguments(self) -> tuple[tuple[int, ...], ...]:
        """For each module the indices of its arguments' softmaxes (a, then b)."""
        ends = np.cumsum([module.arity for module in self.modules])
        return tuple(
            tuple(range(int(end) - module.arity, int(end)))
            for end, module in zip(ends, self.modules, strict=True)
        )

    @property
    def choices(self) -> int:
        """K: the length of an action of the env's circuit mode (softmaxes and finish)."""
        return len(self.softmaxes) + 1

    @property
    def outputs(self) -> int:
        """Number of controller outputs; the last one is the finish logit."""
        last = self.softmaxes[-1]
        return last.slice.stop + 1

    @cached_property
    def linear(self) -> tuple[tuple[int, int], ...]:
        """(outputs, inputs) of every linear layer of the controller, in order."""
        R, H = self.registers, self.hidden
        if self.controller == "lstm":  # hidden layer; gates i, f, g, o from (hidden, state)
            return ((H, R), (4 * H, 2 * H), (self.outputs, H))
        return ((H, R), *[(H, H)] * (self.layers - 1), (self.outputs, H))

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The blocks of theta: weight (outputs, inputs) and bias (outputs,) of each layer."""
        blocks, start = [], 0
        for layer, (rows, columns) in enumerate(self.linear):
            for name, shape in ((f"W{layer}", (rows, columns)), (f"b{layer}", (rows,))):
                blocks.append(Parameter(name, start, shape))
                start = blocks[-1].slice.stop
        return tuple(blocks)

    @property
    def size(self) -> int:
        """P: the number of parameters."""
        return self.parameters[-1].slice.stop


def unpack(theta: Any, shape: Shape) -> list[tuple[Any, Any]]:
    """(weight, bias) of every linear layer, views of theta (P,): an array or a tensor."""
    blocks = [theta[p.slice].reshape(p.shape) for p in shape.parameters]
    return list(zip(blocks[::2], blocks[1::2], strict=True))


def initial(
    shape: Shape,
    generator: np.random.Generator,
    *,
    bias_std: float = 0.0,
    no_op: float = 0.0,
    finish_bias: float = 0.0,
) -> NDArray[np.float32]:
    """Draw theta (P,): uniform in ±1/sqrt(inputs), as torch does, forget gates opened by 1.

    With such logits every softmax starts near uniform, so no wire is cut before training. The
    options change the output's biases; see ``Config``.
    """
    theta = np.empty(shape.size, np.float32)
    for layer, (_, inputs) in enumerate(shape.linear):
        for block in shape.parameters[2 * layer : 2 * layer + 2]:
            bound = inputs**-0.5
            theta[block.slice] = generator.uniform(-bound, bound, prod(block.shape))
    if shape.controller == "lstm":
        gates = shape.parameters[3]
        theta[gates.start + shape.hidden : gates.start + 2 * shape.hidden] += 1.0
    biases = theta[shape.parameters[-1].slice]
    if bias_std:
        biases[:-1] += generator.normal(0.0, bias_std, len(biases) - 1).astype(np.float32)
    biases[_no_op_logits(shape)] += np.float32(no_op)
    biases[-1] += np.float32(finish_bias)
    return theta


def _no_op_logits(shape: Shape) -> list[int]:
    """The logits of the choices with which a step writes back what it has read."""
    pointer, read, logits = shape.registers - 1, 0, []
    for i, (module, places) in enumerate(zip(shape.modules, shape.arguments, strict=True)):
        starts = [shape.softmaxes[j].start for j in places]
        if module.name == "READ":
            read = shape.registers + i
            logits.append(starts[0] + pointer)
        elif module.name == "WRITE":
            logits += [starts[0] + pointer, starts[1] + read]
    return logits
