"""The networks: question LSTM, attention, history RNN, selectors of operations, columns, pivots.

Source: Neelakantan et al. 2017, sections 2.2 and 2.3; ``README.md`` lists the differences.
B questions, n programs, Q words, C columns, O operations, states of size d.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, log_softmax, one_hot, relu, softmax

from neuralprog_agents.agents.neural_programmer_2017.card import Shape
from neuralprog_agents.agents.neural_programmer_2017.features import COLUMN_FEATURES, Features
from neuralprog_agents.agents.neural_programmer_2017.traces import CELLS, SIZES, Traces
from neuralprog_envs.table.ops import OPERATIONS

_ABSENT = -1e9
_KINDS = 5
"""The kinds of links: a word occurs in a column's name, in a mentioned cell, in a similar one; the
number to its right occurs there; a word of the column's name begins like it."""


@dataclass(frozen=True)
class Encoding:
    """The encodings of questions and tables.

    Attributes:
        q: The encoding of the question, (B, d).
        Z: The states at its words, (B, Q, d).
        no_word: 0 at words, a large negative number at padding, (B, Q).
        linked: Whether a word is linked to a column, by kind, (B, Q, C, kinds).
        P: The columns, (B, C, d).
        traits: The features of columns, (B, C, F).
        able: Whether an operation can have an effect on a column, (B, O, C).
        left: The states at the words left of the numbers, (B, N, d).
        no_pivot: 0 at numbers, a large negative number at padding, (B, N).
    """

    q: Tensor
    Z: Tensor
    no_word: Tensor
    linked: Tensor
    P: Tensor
    traits: Tensor
    able: Tensor
    left: Tensor
    no_pivot: Tensor


class Rows:
    """n rows, each of one of B questions, and their places in B groups of K.

    Args:
        owner: The question of each row, ascending, (n,).
        count: B.
    """

    def __init__(self, owner: Tensor, count: int) -> None:
        sizes = torch.bincount(owner, minlength=count)
        self.owner, self.B, self.K = owner, count, int(sizes.max())
        first = torch.cumsum(sizes, 0) - sizes
        self._place = owner * self.K + torch.arange(len(owner)) - first[owner]

    def dots(self, vectors: Tensor, query: Tensor) -> Tensor:
        """Return the inner products of each query with its question's vectors.

        Args:
            vectors: (B, k, d).
            query: (n, d).
        """
        return self.mixed(vectors.transpose(1, 2), query)

    def mixed(self, vectors: Tensor, weights: Tensor) -> Tensor:
        """Return the sum of each question's vectors, (B, k, d), by the weights, (n, k)."""
        grouped = weights.new_zeros(self.B * self.K, weights.shape[1])
        grouped = grouped.index_copy(0, self._place, weights).view(self.B, self.K, -1)
        return torch.bmm(grouped, vectors).flatten(0, 1).index_select(0, self._place)

    def of(self, values: Tensor) -> Tensor:
        """Return each row's own of B values."""
        return values.index_select(0, self.owner)


class Programmer(nn.Module):
    """All networks; symbols are the paper's."""

    def __init__(self, shape: Shape, drop: float = 0.0) -> None:
        super().__init__()
        d, e, count = shape.hidden, shape.embedding, len(shape.operations)
        self.shape, self.drop = shape, drop
        self.V = nn.Embedding(shape.words, e, padding_idx=0)
        self.entity = nn.Parameter(torch.zeros(e))
        self.U = nn.Parameter(torch.randn(count, e) * 0.1)
        self.question = nn.LSTM(e + _KINDS, d // 2, batch_first=True, bidirectional=True)
        self.attend = nn.Linear(d, d, bias=False)
        self.operation = nn.Linear(3 * d + SIZES, e)
        self.operation_bias = nn.Parameter(torch.zeros(count))
        self.column = nn.Linear(3 * d + SIZES, d)
        self.column_operation = nn.Linear(e, d, bias=False)
        self.cell = nn.Linear(d, CELLS)
        self.cell_weight = nn.Parameter(torch.zeros(count, CELLS))
        self.column_attend = nn.Linear(d, d, bias=False)
        self.name = nn.Linear(e, d)
        self.trait = nn.Linear(COLUMN_FEATURES, d)
        self.trait_weight = nn.Parameter(torch.zeros(count, COLUMN_FEATURES))
        self.link_weight = nn.Parameter(torch.ones(count, _KINDS))
        self.pivot = nn.Linear(e, d)
        self.history = nn.Linear(2 * d + e, d)
        reads = [OPERATIONS[name].column for name in shape.operations]
        compares = [OPERATIONS[name].pivot for name in shape.operations]
        usable = [name not in shape.without for name in shape.operations]
        self.register_buffer("usable", torch.tensor(usable), persistent=False)
        self.register_buffer("reads", torch.tensor(reads), persistent=False)
        self.register_buffer("compares", torch.tensor(compares), persistent=False)
        nn.init.normal_(self.V.weight, std=0.1)

    def encode(self, features: Features) -> Encoding:
        """Encode questions and tables."""
        words, links = torch.as_tensor(features.words).long(), torch.as_tensor(features.links)
        linked = torch.stack([(links >> k) & 1 for k in range(_KINDS)], dim=3).float()
        kinds = linked.amax(dim=2)
        mentioned = kinds[:, :, 1:2]
        linked, kinds = self._seen("links", linked), self._seen("links", kinds)
        vectors = self.V(words) * (1 - mentioned) + self.entity * mentioned
        inputs = torch.cat([self._dropped(vectors), kinds], dim=2)
        Z, q = self._run_lstm(inputs, torch.as_tensor(features.length).long())
        names = torch.as_tensor(features.names).long()
        count = (names > 0).sum(dim=2, keepdim=True).clamp(min=1)
        traits = self._seen("traits", torch.as_tensor(features.traits))
        P = self.name(self._dropped(self.V(names).sum(dim=2) / count)) + self.trait(traits)
        places = torch.as_tensor(features.pivot_position).long()
        places = places.clamp(max=Z.shape[1] - 1)[:, :, None].expand(-1, -1, Z.shape[2])
        return Encoding(
            q=q,
            Z=Z,
            no_word=_absent(features.length, Z.shape[1]),
            linked=linked,
            P=torch.tanh(P),
            traits=traits,
            able=torch.as_tensor(features.able) & self.usable[:, None],  # type: ignore[index]
            left=Z.gather(1, places),
            no_pivot=_absent(features.pivot_count, places.shape[1]),
        )

    def _run_lstm(self, inputs: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        packed = nn.utils.rnn.pack_padded_sequence(
            inputs, length.clamp(min=1), batch_first=True, enforce_sorted=False
        )
        states, (last, _) = self.question(packed)
        Z, _ = nn.utils.rnn.pad_packed_sequence(
            states, batch_first=True, total_length=inputs.shape[1]
        )
        return self._dropped(Z), self._dropped(torch.cat([last[0], last[1]], dim=1))

    def _seen(self, part: str, values: Tensor) -> Tensor:
        """Return values, or zeros where the networks do without this part."""
        return values * (part not in self.shape.without)

    def _dropped(self, values: Tensor) -> Tensor:
        return dropout(values, self.drop, self.training)

    def context(self, seen: Encoding, rows: Rows, h: Tensor, sizes: Tensor) -> Tensor:
        """Return [h; q; attended words; size], (n, 3 d + sizes).

        Args:
            seen: The encodings of B questions.
            rows: The question of each row.
            h: The history of each, (n, d).
            sizes: How many rows each has selected, see ``traces.size_of``, (n,).
        """
        words = rows.mixed(seen.Z, self.attention(seen, rows, h))
        size = self._seen("selection", one_hot(sizes, SIZES).float())
        return torch.cat([h, rows.of(seen.q), words, size], dim=1)

    def attention(self, seen: Encoding, rows: Rows, h: Tensor) -> Tensor:
        """Return the attention over the question's words, (n, Q)."""
        return softmax(rows.dots(seen.Z, self.attend(h)) + rows.of(seen.no_word), dim=1)

    def operations(self, seen: Encoding, rows: Rows, context: Tensor) -> Tensor:
        """Return the log probabilities of the operations, (n, O)."""
        logits = relu(self.operation(context)) @ self.U.T + self.operation_bias
        return log_softmax(torch.where(rows.of(seen.able.any(dim=2)), logits, _ABSENT), dim=1)

    def columns(
        self, seen: Encoding, rows: Rows, read: Tensor, operation: Tensor, cells: Tensor
    ) -> Tensor:
        """Return the log probabilities of the columns, given an operation in each row, (n, C).

        Args:
            seen: The encodings of B questions.
            rows: The question of each row.
            read: ``column`` of each row's context, (n, d).
            operation: Each row's operation, (n,).
            cells: What the selected cells of each column are, see ``traces.cells_of``, (n, C).
        """
        y = self._dropped(relu(read + self.column_operation(self.U)[operation]))
        words = softmax(rows.dots(seen.Z, self.column_attend(y)) + rows.of(seen.no_word), dim=1)
        links = rows.mixed(seen.linked.flatten(2), words).view(len(y), -1, _KINDS)
        kinds = torch.stack([(cells >> k) & 1 for k in range(CELLS)], dim=2).float()
        kinds = self._seen("selection", kinds)
        logits = rows.dots(seen.P, y) + rows.dots(seen.traits, self.trait_weight[operation])
        logits = logits + _dots(links, self.link_weight[operation])
        logits = logits + _dots(kinds, self.cell_weight[operation] + self.cell(y))
        able = seen.able[rows.owner, operation]
        return log_softmax(torch.where(able, logits, _ABSENT), dim=1)

    def pivots(self, seen: Encoding, rows: Rows, operation: Tensor) -> Tensor:
        """Return the log probabilities of the numbers, given an operation in each row, (n, N)."""
        logits = rows.dots(seen.left, self.pivot(self.U)[operation])
        return log_softmax(logits + rows.of(seen.no_pivot), dim=1)

    def next_history(self, h: Tensor, operation: Tensor, column: Tensor) -> Tensor:
        """Return the history after one more action; ``column`` is the column's vector, (n, d)."""
        chosen = column * self.reads[operation][:, None]  # type: ignore[index]
        return torch.tanh(self.history(torch.cat([h, self.U[operation], chosen], dim=1)))

    def initial_history(self, seen: Encoding) -> Tensor:
        """Return the history before the first action, (n, d)."""
        return torch.zeros_like(seen.q)

    def log_probability(self, features: Features, traces: Traces, owner: Tensor) -> Tensor:
        """Return the log probability of each program, (n,).

        Common prefixes of a question's programs are computed once.

        Args:
            features: B questions.
            traces: n programs.
            owner: The question of each program, ascending, (n,).
        """
        read = self.encode(features)
        actions = torch.as_tensor(traces.actions).long()
        sizes, cells = torch.as_tensor(traces.sizes).long(), torch.as_tensor(traces.cells)
        h, total = torch.zeros(len(owner), self.shape.hidden), torch.zeros(len(owner))
        for t in range(actions.shape[1]):
            going = torch.nonzero(actions[:, t, 0] >= 0)[:, 0]
            if not len(going):
                break
            begun = torch.cat([owner[:, None], actions[:, :t].flatten(1)], dim=1)[going]
            found = sizes[going, t], cells[going, t]
            step, after = self._step(read, begun, h[going], actions[going, t], *found)
            total = total.index_add(0, going, step)
            h = torch.zeros_like(h).index_copy(0, going, after)
        return total

    def _step(
        self,
        read: Encoding,
        begun: Tensor,
        h: Tensor,
        action: Tensor,
        sizes: Tensor,
        cells: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return the log probability of each action and the history after it.

        Args:
            read: The encodings of B questions.
            begun: Each program's question and its actions so far, (n, 1 + 3 t).
            h: The history of each program, (n, d).
            action: The next action of each program, (n, 3).
            sizes: See ``context``, (n,).
            cells: See ``columns``, (n, C).
        """
        first, place = _unique(begun)
        rows = Rows(begun[first, 0], len(read.q))
        context = self.context(read, rows, h[first], sizes[first])
        operation, column, pivot = action.unbind(dim=1)
        step = self.operations(read, rows, context)[place, operation]
        some, which = _unique(torch.stack([place, operation], dim=1))
        here, chosen = Rows(begun[some, 0], len(read.q)), operation[some]
        asked = self.column(context).index_select(0, place[some])
        columns = self.columns(read, here, asked, chosen, cells[some])[which, column]
        pivots = self.pivots(read, here, chosen)[which, pivot]
        step = step + columns * self.reads[operation]  # type: ignore[index]
        step = step + pivots * self.compares[operation]  # type: ignore[index]
        last, group = _unique(torch.cat([place[:, None], action], dim=1))
        vectors = read.P[begun[last, 0], column[last]]
        after = self.next_history(h.index_select(0, last), operation[last], vectors)
        return step, after.index_select(0, group)


def _unique(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return the index of the first of each different row, and the number of each row."""
    _, first, kind = np.unique(rows.numpy(), axis=0, return_index=True, return_inverse=True)
    return torch.from_numpy(first), torch.from_numpy(kind.reshape(-1))


def _absent(count: Any, size: int) -> Tensor:
    """Return 0 at the first ``count`` of ``size`` positions, else a large negative number."""
    return torch.where(torch.arange(size) < torch.as_tensor(count)[:, None], 0.0, _ABSENT)


def _dots(vectors: Tensor, query: Tensor) -> Tensor:
    """Return the inner products of (n, k, d) with (n, d), shape (n, k)."""
    return torch.bmm(vectors, query[:, :, None])[:, :, 0]
