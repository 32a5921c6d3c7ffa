"""The networks: question RNN, history RNN, selectors of operations and columns.

All parameters are in one vector θ, so that Adam, noise and checkpoints handle one array. The
networks do not see the table's cells, only the question and the names of the columns.

Source: Neelakantan, Le and Sutskever 2016, sections 2.1, 2.2 and 2.4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import embedding, one_hot, softmax

from neuralprog_agents.agents.neural_programmer.card import Shape
from neuralprog_agents.agents.neural_programmer.machine import OPERATIONS
from neuralprog_agents.agents.neural_programmer.tensors import Choice, Questions, questions_of
from neuralprog_envs.table.state import TableInstances

_ABSENT = -1e9
_TINY = 1e-12
_POINTER_FLOOR = 1e-2
"""What a column counts that the question does not name, besides attention, which sums to 1."""
Parameters = dict[str, Tensor]


def initial_theta(shape: Shape, seed: int, gain: float = 1.0) -> Tensor:
    """Return θ, uniform in [-s, s], (P,).

    s = gain · 1.6 / sqrt(d) equals the published 0.1 at the published d = 256. With 0.1 at a
    smaller d, the states would forget the first words of the question.
    """
    scale = gain * 1.6 / shape.hidden**0.5
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(shape.size, generator=generator) * 2 - 1) * scale


def unflatten(theta: Tensor, shape: Shape) -> Parameters:
    """Return views of θ as named parameters."""
    shapes = shape.parameters
    parts = torch.split(theta, [math.prod(size) for size in shapes.values()])
    return {name: part.view(shapes[name]) for name, part in zip(shapes, parts, strict=True)}


def read(p: Parameters, weights: str, questions: Questions, *, backward: bool = False) -> Tensor:
    """Return the states z_i = tanh(W [z_{i-1}; V(w_i)]), (B, Q, d); padding repeats the last."""
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


@dataclass(frozen=True)
class Encoding:
    """The encodings of questions and of their tables' columns.

    Attributes:
        q: The encoding of the whole question, (B, d or 2 d).
        words: The states at its words, (B, Q, d).
        no_word: 0 at words, a large negative number at padding, (B, Q).
        left: The states to the left of its numbers, (B, N, d).
        names: P, a vector for each column, (B, C, d).
        no_column: 0 at columns, a large negative number at padding, (B, C).
        named: 1 where a word of the question is one of a column's name, (B, Q, C).
    """

    q: Tensor
    words: Tensor
    no_word: Tensor
    left: Tensor
    names: Tensor
    no_column: Tensor
    named: Tensor

    def take(self, rows: Tensor) -> Encoding:
        """Return the encodings in the given rows, (n,)."""
        return Encoding(*(value[rows] for value in vars(self).values()))


def encode(p: Parameters, shape: Shape, questions: Questions) -> Encoding:
    """Encode questions and column names."""
    states = read(p, "W_question", questions)
    places = questions.pivot_position[:, :, None].expand(-1, -1, shape.hidden)
    q = states[:, -1]
    if shape.bidirectional:
        q = torch.cat([q, read(p, "W_backward", questions, backward=True)[:, -1]], dim=1)
    return Encoding(
        q=q,
        words=states,
        no_word=_absent(questions.length, states.shape[1]),
        left=states.gather(1, places),
        names=name_vectors(p, questions),
        no_column=_absent(questions.column_count, questions.names.shape[1]),
        named=_named(questions),
    )


def _absent(count: Tensor, size: int) -> Tensor:
    """Return 0 at the first ``count`` of ``size`` positions, else a large negative number."""
    return torch.where(torch.arange(size) < count[:, None], 0.0, _ABSENT)


def _named(questions: Questions) -> Tensor:
    """Return 1 where a word of the question is one of a column's name, else 0, (B, Q, C)."""
    words, names = questions.words[:, :, None, None], questions.names[:, None]
    return ((words == names) & (names > 0)).any(dim=3).float()


def scores(p: Parameters, shape: Shape, seen: Encoding, h: Tensor) -> tuple[Tensor, Tensor]:
    """Return the logits of a step's operation, (B, O), and of its column, (B, C)."""
    context, no_column = torch.cat([seen.q, h], dim=1), seen.no_column
    if shape.attention:
        weights = attention(p, seen, h)[:, None]
        context = torch.cat([seen.q, torch.bmm(weights, seen.words)[:, 0], h], dim=1)
        if shape.pointer:
            no_column = no_column + torch.log(torch.bmm(weights, seen.named)[:, 0] + _POINTER_FLOOR)
    operation = torch.tanh(context @ p["W_operation"].T) @ p["U"].T
    query = torch.tanh(context @ p["W_column"].T)
    return operation, torch.bmm(seen.names, query[:, :, None])[:, :, 0] + no_column


def attention(p: Parameters, seen: Encoding, h: Tensor) -> Tensor:
    """Return softmax_w(Z_w · W_attention [q; h]) over the question's words, (B, Q)."""
    query = torch.cat([seen.q, h], dim=1) @ p["W_attention"].T
    return softmax(torch.bmm(seen.words, query[:, :, None])[:, :, 0] + seen.no_word, dim=1)


def history(p: Parameters, operation: Tensor, column: Tensor, h: Tensor) -> Tensor:
    """Return h' = tanh(W_history [operation; column; h]) of the chosen vectors, (B, d)."""
    return torch.tanh(torch.cat([operation, column, h], dim=1) @ p["W_history"].T)


def name_vectors(p: Parameters, questions: Questions) -> Tensor:
    """Return P, the mean of the word vectors of each column's name, (B, C, d)."""
    words = embedding(questions.names, p["V"])
    there = (questions.names > 0).to(words.dtype)
    count = there.sum(dim=2).clamp(min=1.0)
    return (words * there[..., None]).sum(dim=2) / count[..., None]


def pivot_weights(p: Parameters, operation: str, left: Tensor, questions: Questions) -> Tensor:
    """Return β = softmax(Z U(operation)) over the question's numbers, (B, N)."""
    fit = left @ p["U"][OPERATIONS.index(operation)]
    return softmax(fit + _absent(questions.pivot_count, left.shape[1]), dim=1)


def choose(
    p: Parameters,
    shape: Shape,
    questions: Questions,
    *,
    hard: bool,
    dropped: Tensor | None = None,
) -> list[Choice]:
    """Return the weights of T steps; ``dropped`` operations, (T, B, O), get weight 0.

    α_op = softmax(U tanh(W_op [q; h])), α_col = softmax(P tanh(W_col [q; h])),
    h' = tanh(W_history [α_op U; α_col P; h]); if ``hard``, every softmax is an argmax.
    """
    seen = encode(p, shape, questions)
    harden = _harden if hard else _same
    greater = harden(pivot_weights(p, "greater", seen.left, questions))
    lesser = harden(pivot_weights(p, "lesser", seen.left, questions))
    h, choices = seen.q.new_zeros(len(seen.q), shape.hidden), []
    for t in range(shape.steps):
        operations, columns = scores(p, shape, seen, h)
        if dropped is not None:
            operations = torch.where(dropped[t], _ABSENT, operations)
        operation = harden(softmax(operations, dim=1))
        column = harden(softmax(columns, dim=1))
        h = history(p, operation @ p["U"], torch.bmm(column[:, None], seen.names)[:, 0], h)
        choices.append(Choice(operation, column, greater, lesser))
    return choices


def _harden(weights: Tensor) -> Tensor:
    return one_hot(weights.argmax(dim=1), weights.shape[1]).to(weights.dtype)


def _same(weights: Tensor) -> Tensor:
    return weights


def hard_actions(theta: Tensor, shape: Shape, posed: TableInstances) -> NDArray[np.int64]:
    """Return the programs of hard choices, as the environment's actions, (B, T, 3)."""
    with torch.no_grad():
        choices = choose(unflatten(theta, shape), shape, questions_of(posed), hard=True)
    chosen: NDArray[np.int64] = actions(choices).numpy()
    return chosen


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
    """Draw the operations to drop, (T, B, O): each with probability shares[t], never all."""
    drawn = torch.rand(len(shares), B, len(OPERATIONS), generator=generator)
    dropped = drawn < torch.tensor(shares)[:, None, None]
    return dropped & ~dropped.all(dim=2, keepdim=True)


def log_probability(
    p: Parameters, shape: Shape, questions: Questions, programs: Tensor, owner: Tensor
) -> Tensor:
    """Return the log probability of each program, (n,).

    Its actions are (n, T, 3), int64, and ``owner`` has its question, (n,). The history of each step
    are the program's steps before it.
    """
    encoding = encode(p, shape, questions)
    seen, every = encoding.take(owner), torch.arange(len(owner))
    operation, column, _ = programs.unbind(dim=2)
    total = _pivots_probability(p, encoding.left, questions, programs, owner)
    h = seen.q.new_zeros(len(owner), shape.hidden)
    for t in range(shape.steps):
        operations, columns = scores(p, shape, seen, h)
        total = total + _chosen(operations, operation[:, t]) + _chosen(columns, column[:, t])
        h = history(p, p["U"][operation[:, t]], seen.names[every, column[:, t]], h)
    return total


def _pivots_probability(
    p: Parameters, left: Tensor, questions: Questions, programs: Tensor, owner: Tensor
) -> Tensor:
    """Return the log probability of all pivots of each program, (n,)."""
    operation, _, pivot = programs.unbind(dim=2)
    total = left.new_zeros(len(owner))
    for name in ("greater", "lesser"):
        weights = torch.log(pivot_weights(p, name, left, questions) + _TINY)[owner]
        used = operation == OPERATIONS.index(name)
        total = total + (weights.gather(1, pivot) * used).sum(dim=1)
    return total


def _chosen(logits: Tensor, number: Tensor) -> Tensor:
    """Return log softmax(logits) at the given index of each row, (n,)."""
    return torch.log_softmax(logits, dim=1).gather(1, number[:, None])[:, 0]
