"""The networks that choose: question RNN, history RNN, selectors of operations and columns.

All parameters lie in one vector θ, so that Adam, noise and checkpoints see one array. Nothing
here looks into a table: choices depend on the question and on the names of the columns.

Source: Neelakantan, Le and Sutskever 2016, sections 2.1, 2.2 and 2.4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import embedding, one_hot, softmax

from neuralprog_agents.neural_programmer.machine import OPERATIONS
from neuralprog_agents.neural_programmer.records import Choice, Questions

_ABSENT = -1e9
Parameters = dict[str, Tensor]


@dataclass(frozen=True)
class Shape:
    """Sizes of the networks.

    Attributes:
        words: Words of the vocabulary.
        hidden: d.
        steps: T.
        bidirectional: Whether the question is also read from right to left.
    """

    words: int
    hidden: int
    steps: int
    bidirectional: bool = False

    @property
    def parameters(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter; q has d numbers, or 2 d when read in both directions."""
        d = self.hidden
        q = 2 * d if self.bidirectional else d
        shapes: dict[str, tuple[int, ...]] = {
            "V": (self.words, d),
            "U": (len(OPERATIONS), d),
            "W_question": (d, 2 * d),
            "W_operation": (d, q + d),
            "W_column": (d, q + d),
            "W_history": (d, 3 * d),
        }
        return shapes | ({"W_backward": (d, 2 * d)} if self.bidirectional else {})

    @property
    def size(self) -> int:
        """P, the number of parameters."""
        return sum(math.prod(shape) for shape in self.parameters.values())


def initial_theta(shape: Shape, seed: int, gain: float = 1.0) -> Tensor:
    """Return θ, uniform in [-s, s], (P,).

    s = gain · 1.6 / sqrt(d), the published 0.1 at the published d = 256: were it 0.1 at a smaller
    d, the states would forget the question's first words.
    """
    scale = gain * 1.6 / shape.hidden**0.5
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(shape.size, generator=generator) * 2 - 1) * scale


def unflatten(theta: Tensor, shape: Shape) -> Parameters:
    """Return θ as named parameters, views of it."""
    shapes = shape.parameters
    parts = torch.split(theta, [math.prod(size) for size in shapes.values()])
    return {name: part.view(shapes[name]) for name, part in zip(shapes, parts, strict=True)}


def read(p: Parameters, weights: str, questions: Questions, *, backward: bool = False) -> Tensor:
    """Return the states z_i = tanh(W [z_{i-1}; V(w_i)]), (B, Q, d); padding keeps the last one."""
    d = p["V"].shape[1]
    recurrent, inputs = p[weights][:, :d], p["V"] @ p[weights][:, d:].T
    words = embedding(questions.words, inputs)
    B, Q, _ = words.shape
    z, states = words.new_zeros(B, d), []
    for i in reversed(range(Q)) if backward else range(Q):
        there = (i < questions.length)[:, None]
        z = torch.where(there, torch.tanh(z @ recurrent.T + words[:, i]), z)
        states.append(z)
    return torch.stack(states, dim=1)


def encode(p: Parameters, shape: Shape, questions: Questions) -> tuple[Tensor, Tensor]:
    """Return q, (B, d or 2 d), and Z, the states to the left of the numbers, (B, N, d)."""
    states = read(p, "W_question", questions)
    places = questions.pivot_position[:, :, None].expand(-1, -1, shape.hidden)
    q = states[:, -1]
    if shape.bidirectional:
        q = torch.cat([q, read(p, "W_backward", questions, backward=True)[:, -1]], dim=1)
    return q, states.gather(1, places)


def name_vectors(p: Parameters, questions: Questions) -> Tensor:
    """Return P, the mean of the word vectors of each column's name, (B, C, d)."""
    words = embedding(questions.names, p["V"])
    there = (questions.names > 0).to(words.dtype)
    count = there.sum(dim=2).clamp(min=1.0)
    return (words * there[..., None]).sum(dim=2) / count[..., None]


def pivot_weights(p: Parameters, operation: str, Z: Tensor, questions: Questions) -> Tensor:
    """Return β = softmax(Z U(operation)) over the question's numbers, (B, N)."""
    scores = Z @ p["U"][OPERATIONS.index(operation)]
    known = torch.arange(Z.shape[1]) < questions.pivot_count[:, None]
    return softmax(torch.where(known, scores, _ABSENT), dim=1)


def choose(
    p: Parameters,
    shape: Shape,
    questions: Questions,
    *,
    hard: bool,
    dropped: Tensor | None = None,
) -> list[Choice]:
    """Return the weights of T steps; operations that are ``dropped``, (T, B, O), get none.

    α_op = softmax(U tanh(W_op [q; h])), α_col = softmax(P tanh(W_col [q; h])),
    h' = tanh(W_history [α_op U; α_col P; h]); every softmax is an argmax when ``hard``.
    """
    q, Z = encode(p, shape, questions)
    P = name_vectors(p, questions)
    there = torch.arange(P.shape[1]) < questions.column_count[:, None]
    harden = _harden if hard else _same
    greater = harden(pivot_weights(p, "greater", Z, questions))
    lesser = harden(pivot_weights(p, "lesser", Z, questions))
    h, choices = q.new_zeros(len(q), shape.hidden), []
    for t in range(shape.steps):
        context = torch.cat([q, h], dim=1)
        scores = torch.tanh(context @ p["W_operation"].T) @ p["U"].T
        if dropped is not None:
            scores = torch.where(dropped[t], _ABSENT, scores)
        query = torch.tanh(context @ p["W_column"].T)
        names = torch.bmm(P, query[:, :, None])[:, :, 0]
        operation = harden(softmax(scores, dim=1))
        column = harden(softmax(torch.where(there, names, _ABSENT), dim=1))
        chosen = torch.bmm(column[:, None], P)[:, 0]
        h = torch.tanh(torch.cat([operation @ p["U"], chosen, h], dim=1) @ p["W_history"].T)
        choices.append(Choice(operation, column, greater, lesser))
    return choices


def _harden(weights: Tensor) -> Tensor:
    return one_hot(weights.argmax(dim=1), weights.shape[1]).to(weights.dtype)


def _same(weights: Tensor) -> Tensor:
    return weights


def actions(choices: list[Choice]) -> Tensor:
    """Return hard choices as the environment's actions (operation, column, pivot), (B, T, 3)."""
    return torch.stack([_action(choice) for choice in choices], dim=1)


def _action(choice: Choice) -> Tensor:
    operation = choice.operation.argmax(dim=1)
    greater, lesser = choice.greater.argmax(dim=1), choice.lesser.argmax(dim=1)
    pivot = torch.where(operation == OPERATIONS.index("greater"), greater, 0)
    pivot = torch.where(operation == OPERATIONS.index("lesser"), lesser, pivot)
    return torch.stack([operation, choice.column.argmax(dim=1), pivot], dim=1)


def drop(shares: list[float], B: int, generator: torch.Generator) -> Tensor:
    """Return operations to be left out, (T, B, O): in step t each with shares[t], never all."""
    drawn = torch.rand(len(shares), B, len(OPERATIONS), generator=generator)
    dropped = drawn < torch.tensor(shares)[:, None, None]
    return dropped & ~dropped.all(dim=2, keepdim=True)


def log_probability(
    p: Parameters, shape: Shape, questions: Questions, programs: Tensor, owner: Tensor
) -> Tensor:
    """Return the logarithm of each program's probability, (n,): what ``choose`` would choose.

    Steps are chosen one after another, each with the program's own steps so far as its history.

    Args:
        p: The parameters.
        shape: The networks' sizes.
        questions: B questions.
        programs: Actions, (n, T, 3), int64.
        owner: The question that each program is for, (n,).
    """
    d = shape.hidden
    q, Z = encode(p, shape, questions)
    P = name_vectors(p, questions)
    there = torch.arange(P.shape[1]) < questions.column_count[:, None]
    asked = [(q @ p[name][:, :-d].T)[owner] for name in ("W_operation", "W_column")]
    names, absent = P[owner], torch.where(there, 0.0, _ABSENT)[owner]
    operation, column, pivot = programs.unbind(dim=2)
    total = _pivots_probability(p, Z, questions, operation, pivot, owner)
    h = q.new_zeros(len(owner), d)
    for t in range(shape.steps):
        scores = torch.tanh(asked[0] + h @ p["W_operation"][:, -d:].T) @ p["U"].T
        query = torch.tanh(asked[1] + h @ p["W_column"][:, -d:].T)
        columns = torch.bmm(names, query[:, :, None])[:, :, 0] + absent
        total = total + _chosen(scores, operation[:, t]) + _chosen(columns, column[:, t])
        taken = names[torch.arange(len(owner)), column[:, t]]
        h = torch.tanh(torch.cat([p["U"][operation[:, t]], taken, h], dim=1) @ p["W_history"].T)
    return total


def _pivots_probability(
    p: Parameters,
    Z: Tensor,
    questions: Questions,
    operation: Tensor,
    pivot: Tensor,
    owner: Tensor,
) -> Tensor:
    """Return the logarithm of the probability of all of each program's pivots, (n,)."""
    total = Z.new_zeros(len(owner))
    for name in ("greater", "lesser"):
        weights = torch.log(pivot_weights(p, name, Z, questions) + 1e-12)[owner]
        used = operation == OPERATIONS.index(name)
        total = total + (weights.gather(1, pivot) * used).sum(dim=1)
    return total


def _chosen(scores: Tensor, number: Tensor) -> Tensor:
    """Return log softmax(scores) at one number a row, (n,)."""
    return torch.log_softmax(scores, dim=1).gather(1, number[:, None])[:, 0]
