"""Reading long texts with an LSTM: in segments, against torch's packed sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from neuralprog_agents.agents.seq2seq.model import read_to_the_ends
from neuralprog_agents.benchmark.ratio import Pair
from neuralprog_agents.benchmark.work import Work

_TEXTS, _WIDTH, _HIDDEN = 16, 32, 128
_Read = tuple[Tensor, tuple[Tensor, Tensor]]


def pairs() -> Iterator[Pair]:
    """Yield short and long texts."""
    for longest in (40, 1000):
        torch.manual_seed(0)
        lstm = nn.LSTM(_WIDTH, _HIDDEN, batch_first=True)
        vectors = torch.randn(_TEXTS, longest, _WIDTH)
        lengths = torch.linspace(longest // 3, longest, _TEXTS).long()
        yield Pair(
            "an LSTM reads texts in segments, against packed sequences",
            f"{_TEXTS} texts of {longest // 3} to {longest} symbols, LSTM {_HIDDEN}",
            "gradient steps",
            _learning(read_to_the_ends, lstm, vectors, lengths),
            _learning(_packed, lstm, vectors, lengths),
        )


def _packed(lstm: nn.LSTM, vectors: Tensor, lengths: Tensor) -> _Read:
    packed = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
    outputs, state = lstm(packed)
    return outputs.data, state


def _learning(
    read: Callable[[nn.LSTM, Tensor, Tensor], _Read],
    lstm: nn.LSTM,
    vectors: Tensor,
    lengths: Tensor,
) -> Work:
    """Return a workload: the gradients of outputs and last states."""

    def work() -> int:
        lstm.zero_grad()
        outputs, (hidden, cell) = read(lstm, vectors, lengths)
        total = outputs.sum() + hidden.sum() + cell.sum()
        total.backward()  # type: ignore[no-untyped-call]
        return 1

    return work
