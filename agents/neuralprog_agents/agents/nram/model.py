"""The Neural Random-Access Machine as a differentiable function, to be read with the paper.

Source: Kurach, Andrychowicz and Sutskever, "Neural Random-Access Machines", ICLR 2016,
section 3. Shapes: B examples, R registers, M values and cells, Q modules, T steps.

Everything is a pure function of theta (P,), in any dtype: the readable reference of the compiled
``kernel``, which trains. What the paper leaves open:

* The loss is the mean over examples of the expected cost; an example's cost is the sum over
  its scored cells (not their mean), as in section 3.3. The entropy bonus sums over the
  softmaxes and over the steps that an example may use.
* Gradients are cropped to ±C1 at the controller's logits, every module's output, the tape
  after every WRITE, the registers after every update, and the LSTM's c and h. C1 is meant
  for one example's cost, so that it does not depend on the batch size.
* Only updated registers are renormalised: nothing else feeds back on itself. (Cropping and
  renormalising are the paper's, appendix A: gradients overflowed, distributions drifted.)
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any, NamedTuple

import torch
from torch import Tensor

from neuralprog_agents.agents.nram.records import Batch
from neuralprog_agents.agents.nram.shape import Shape, unpack
from neuralprog_agents.agents.nram.soft_modules import (
    CONSTANTS,
    VALUE_MODULES,
    constant,
    learned,
    read,
    write,
)
from neuralprog_envs.tape.learned import LearnedModule

State = tuple[Tensor, Tensor] | None
"""Cell c and output h of the LSTM, each (B, H); None for the MLP."""
Layers = list[tuple[Tensor, Tensor]]
"""Weight (outputs, inputs) and bias (outputs,) of each linear layer of the controller."""


class Wiring(NamedTuple):
    """One step's choices: weights (B, sources) of each module argument and each register."""

    arguments: list[Tensor]
    registers: list[Tensor]


class Rollout(NamedTuple):
    """What a rollout yields.

    loss () the objective; nll (B,) expected cost; entropy (B,); error (B,) the fraction of
    scored cells with correct <= 1/2; correct (B, M) the expected Σ_t p_t tape_t[i, y_i];
    finish (B, T) the p_t of section 3.3.
    """

    loss: Tensor
    nll: Tensor
    entropy: Tensor
    error: Tensor
    correct: Tensor
    finish: Tensor


# ---- gradients ---------------------------------------------------------------------------


class _Crop(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, bound: float) -> Tensor:
        ctx.bound = bound
        return x.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return gradient.clamp(-ctx.bound, ctx.bound), None


def crop_gradient(x: Tensor, bound: float) -> Tensor:
    """The value x itself; its gradient is cropped to [-bound, bound] coordinate by coordinate."""
    return x if bound == inf else _Crop.apply(x, bound)  # type: ignore[no-untyped-call]


def renormalise(p: Tensor) -> Tensor:
    """Distributions p divided by their sums; backwards the identity."""
    return p + (p / p.sum(-1, keepdim=True) - p).detach()


# ---- controller --------------------------------------------------------------------------


def see_flags(p: Tensor, sharpen: int = 0, straight_through: bool = False) -> Tensor:
    """What the controller sees of P(r = 0): p, sharpened so many times, then maybe rounded.

    The gradient passes straight through the rounding (Bengio, Léonard and Courville 2013).
    """
    for _ in range(sharpen):
        p = p * p * (3 - 2 * p)
    return p + ((p > 0.5).to(p.dtype) - p).detach() if straight_through else p


def initial_state(theta: Tensor, shape: Shape, examples: int) -> State:
    """The state before the first step: zeros."""
    if shape.controller == "mlp":
        return None
    zeros = theta.new_zeros(examples, shape.hidden)
    return zeros, zeros


def controller(layers: Layers, x: Tensor, state: State, bound: float = inf) -> tuple[Tensor, State]:
    """Packed logits (B, outputs) from x (B, R), the chances that registers hold 0 (3.1)."""
    *hidden, output = layers
    linear = torch.nn.functional.linear
    if state is None:
        for weight, bias in hidden:
            x = torch.relu(linear(x, weight, bias))
    else:
        (weight, bias), gates = hidden
        x = torch.relu(linear(x, weight, bias))
        state = _cell(torch.cat([x, state[1]], -1), gates, state[0], bound)
        x = state[1]
    return crop_gradient(linear(x, *output), bound), state


def _cell(
    x: Tensor, gates: tuple[Tensor, Tensor], c: Tensor, bound: float
) -> tuple[Tensor, Tensor]:
    """One LSTM step: c' = σ(f) c + σ(i) tanh g and h' = σ(o) tanh c'."""
    i, f, g, o = torch.nn.functional.linear(x, *gates).chunk(4, -1)
    c = crop_gradient(f.sigmoid() * c + i.sigmoid() * g.tanh(), bound)
    return c, crop_gradient(o.sigmoid() * c.tanh(), bound)


def soft_wiring(logits: Tensor, shape: Shape) -> tuple[Wiring, Tensor]:
    """The softmaxes of the packed logits (B, outputs), and the sum of their entropies (B,)."""
    parts = torch.split(logits, [*(s.size for s in shape.softmaxes), 1], -1)[:-1]
    logs = [part.log_softmax(-1) for part in parts]  # no log of a weight, hence no ε
    weights = [log.exp() for log in logs]
    entropy = -(torch.cat(weights, -1) * torch.cat(logs, -1)).sum(-1)
    return Wiring(weights[: -shape.registers], weights[-shape.registers :]), entropy


# ---- machine -----------------------------------------------------------------------------


def mix(weights: Sequence[Tensor], sources: Sequence[Tensor]) -> Tensor:
    """What several softmaxes choose, as distributions (B, softmaxes, M): Vᵀ softmax (eq. 1)."""
    return torch.stack(list(weights), -2) @ torch.stack(list(sources), -2)


def run_soft_step(
    tape: Tensor, registers: Tensor, wiring: Wiring, shape: Shape, bound: float = inf
) -> tuple[Tensor, Tensor]:
    """One timestep (3.1): tape (B, M, M) and registers (B, R, M) to the next ones.

    Modules run in order, each on registers and earlier outputs; WRITE returns the constant 0;
    all registers are updated at once.
    """
    sources = list(registers.unbind(-2))
    for module, places in zip(shape.modules, shape.arguments, strict=True):
        if module.name in CONSTANTS:
            sources.append(constant(CONSTANTS[module.name], sources[0]))
            continue
        arguments = mix([wiring.arguments[j] for j in places], sources).unbind(-2)
        if module.name == "WRITE":
            tape = crop_gradient(write(tape, *arguments), bound)
            output = constant(0, sources[0])
        elif module.name == "READ":
            output = read(tape, *arguments)
        elif isinstance(module, LearnedModule):
            output = learned(module.table(shape.memory), *arguments)
        else:
            output = VALUE_MODULES[module.name](*arguments)
        sources.append(crop_gradient(output, bound))
    return tape, mix(wiring.registers, sources)


def initial_machine(batch: Batch, shape: Shape, like: Tensor) -> tuple[Tensor, Tensor]:
    """The certain tape (B, M, M) of the inputs, and registers (B, R, M) at 0."""
    values = torch.arange(shape.memory)
    tape = (batch.tape[..., None] == values).to(like.dtype)
    return tape, constant(0, tape[:, :1].expand(-1, shape.registers, -1))


# ---- rollout -----------------------------------------------------------------------------


def rollout(
    theta: Tensor,
    shape: Shape,
    batch: Batch,
    *,
    entropy: float = 0.0,
    clip: float = inf,
    epsilon: float = 1e-6,
    renormalised: bool = True,
    sharpen_flags: int = 0,
    straight_through: bool = False,
) -> Rollout:
    """Run a batch of tensors to its longest time limit.

    ``entropy`` is λ, the coefficient of the bonus; ``clip`` is C1; ``epsilon`` guards the
    logarithm of the cost. ``sharpen_flags`` and ``straight_through`` are ``Config``'s.
    """
    tape, registers = initial_machine(batch, shape, theta)
    B, layers = len(tape), unpack(theta, shape)
    bound = clip / B  # C1 in units of the mean loss
    state = initial_state(theta, shape, B)
    alive = theta.new_ones(B)
    nll, total_entropy = theta.new_zeros(B), theta.new_zeros(B)
    correct, finish = torch.zeros_like(tape[..., 0]), []
    for t in range(1, int(batch.steps.max()) + 1):
        flags = see_flags(registers[..., 0], sharpen_flags, straight_through)
        logits, state = controller(layers, flags, state, bound)
        wiring, step_entropy = soft_wiring(logits, shape)
        tape, registers = run_soft_step(tape, registers, wiring, shape, bound)
        registers = crop_gradient(renormalise(registers) if renormalised else registers, bound)
        f = torch.where(t >= batch.steps, 1.0, logits[..., -1].sigmoid())  # forced at the end
        p, alive = alive * f, alive * (1 - f)
        hits = (tape * (batch.target[..., None] == _values(tape))).sum(-1)
        nll = nll - p * (hits.clamp(min=epsilon).log() * batch.mask).sum(-1)
        total_entropy = total_entropy + (t <= batch.steps) * step_entropy
        correct = correct + p[..., None] * hits
        finish.append(p)
    loss = (nll - entropy * total_entropy).mean()
    error = _error(correct, batch.mask)
    return Rollout(loss, nll, total_entropy, error, correct, torch.stack(finish, -1))


def _values(tape: Tensor) -> Tensor:
    return torch.arange(tape.shape[-1])


def _error(correct: Tensor, mask: Any) -> Tensor:
    wrong = ((correct <= 0.5) & mask.bool()).sum(-1)
    return (wrong / mask.sum(-1).clamp(min=1)).to(correct.dtype)
