"""Encoders and decoders over symbols: LSTM, LSTM with attention, transformer.

Shapes: B texts, S symbols read, U symbols said, H units.

Sources: Sutskever, Vinyals and Le, "Sequence to sequence learning with neural networks", NeurIPS
2014; attention: Luong, Pham and Manning, EMNLP 2015, section 3.1 ("general", without input
feeding, so that a whole answer is learned at once); Vaswani et al., "Attention is all you need",
NeurIPS 2017 (normalisation before each sublayer).
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from neuralprog_agents.seq2seq.symbols import ALPHABET, BEGIN, END, PAD

_HEADS = 4


class Network(Protocol):
    """What reads symbols and says symbols."""

    def read(self, source: Tensor) -> Any:
        """Return what was read, given symbols (B, S) or (B, S, channels), padded by PAD."""

    def logits(self, memory: Any, said: Tensor) -> Tensor:
        """Return the logits of the next symbol after each of ``said`` (B, U): (B, U, alphabet)."""

    def say(self, memory: Any, most: int) -> Tensor:
        """Return the likeliest symbols one after another, (B, up to ``most``)."""


class Embedding(nn.Module):
    """Symbols as vectors; those of several channels are added up.

    Args:
        size: The vectors' size.
        channels: Symbols read at once.
    """

    def __init__(self, size: int, channels: int) -> None:
        super().__init__()
        self.tables = nn.ModuleList(
            nn.Embedding(ALPHABET, size, padding_idx=PAD) for _ in range(channels)
        )

    def forward(self, symbols: Tensor) -> Tensor:
        """Return vectors (…, size) of symbols (B, S) or (B, S, channels)."""
        parts = symbols.unbind(2) if symbols.ndim == 3 else (symbols,)
        tables = zip(self.tables, parts, strict=True)
        return torch.stack([table(part) for table, part in tables]).sum(dim=0)


def lengths_of(source: Tensor) -> Tensor:
    """Return how many symbols of each text are no padding, shape (B,)."""
    seen = source[..., 0] if source.ndim == 3 else source
    return (seen != PAD).sum(dim=1)


class LSTMNetwork(nn.Module):
    """An LSTM reads, another one says, beginning in the state that the first one ended in.

    Args:
        hidden: H.
        layers: LSTM layers of each.
        attention: Whether each symbol said may look back at what was read.
        channels: Symbols read at once.
    """

    def __init__(self, hidden: int, layers: int, attention: bool, channels: int) -> None:
        super().__init__()
        size = hidden // 4
        self.reads, self.says = Embedding(size, channels), Embedding(size, 1)
        self.encoder = nn.LSTM(size, hidden, layers, batch_first=True)
        self.decoder = nn.LSTM(size, hidden, layers, batch_first=True)
        self.score = nn.Linear(hidden, hidden, bias=False) if attention else None
        self.mix = nn.Linear(2 * hidden, hidden) if attention else None
        self.out = nn.Linear(hidden, ALPHABET)

    def read(self, source: Tensor) -> Any:
        """Return the encoder's outputs (B, S, H), which are no padding, and its last state."""
        lengths = lengths_of(source)
        packed = pack_padded_sequence(
            self.reads(source), lengths, batch_first=True, enforce_sorted=False
        )
        outputs, state = self.encoder(packed)
        whole, _ = pad_packed_sequence(outputs, batch_first=True, total_length=source.shape[1])
        present = torch.arange(source.shape[1])[None] < lengths[:, None]
        return whole, present, state

    def logits(self, memory: Any, said: Tensor) -> Tensor:
        """See ``Network.logits``."""
        return self._continue(memory, said)[0]

    def _continue(self, memory: Any, said: Tensor) -> tuple[Tensor, Any]:
        """Return logits after each symbol, and what was read with the state after the last."""
        whole, present, state = memory
        outputs, state = self.decoder(self.says(said), state)
        return self.out(self._attended(outputs, whole, present)), (whole, present, state)

    def _attended(self, outputs: Tensor, whole: Tensor, present: Tensor) -> Tensor:
        if self.score is None or self.mix is None:
            return outputs
        scores = self.score(outputs) @ whole.transpose(1, 2)
        weights = scores.masked_fill(~present[:, None], -math.inf).softmax(dim=2)
        return torch.tanh(self.mix(torch.cat([weights @ whole, outputs], dim=2)))

    def say(self, memory: Any, most: int) -> Tensor:
        """See ``Network.say``."""
        last = torch.full((len(memory[1]), 1), BEGIN)
        ended = torch.zeros(len(last), dtype=torch.bool)
        found: list[Tensor] = []
        while len(found) < most and not ended.all():
            logits, memory = self._continue(memory, last)
            last = logits.argmax(dim=2)
            ended |= last[:, 0] == END
            found.append(last)
        return torch.cat(found, dim=1)


class Tagger(nn.Module):
    """An LSTM that says a symbol for each one that it reads.

    Args:
        hidden: H.
        layers: LSTM layers.
        channels: Symbols read at once.
    """

    def __init__(self, hidden: int, layers: int, channels: int) -> None:
        super().__init__()
        self.reads = Embedding(hidden // 4, channels)
        self.lstm = nn.LSTM(hidden // 4, hidden, layers, batch_first=True)
        self.out = nn.Linear(hidden, ALPHABET)

    def read(self, source: Tensor) -> Tensor:
        """Return the logits at each symbol read."""
        return self.out(self.lstm(self.reads(source))[0])

    def logits(self, memory: Tensor, said: Tensor) -> Tensor:
        """See ``Network.logits``; what was said before makes no difference."""
        return memory[:, : said.shape[1]]

    def say(self, memory: Tensor, most: int) -> Tensor:
        """See ``Network.say``."""
        return memory.argmax(dim=2)


class TransformerNetwork(nn.Module):
    """Layers of attention read, others say.

    Args:
        width: H, a multiple of 4.
        layers: Layers of each.
        channels: Symbols read at once.
    """

    def __init__(self, width: int, layers: int, channels: int) -> None:
        super().__init__()
        self.reads, self.says = Embedding(width, channels), Embedding(width, 1)
        sizes: dict[str, Any] = {
            "d_model": width,
            "nhead": _HEADS,
            "dim_feedforward": 2 * width,
            "dropout": 0.0,
            "batch_first": True,
            "norm_first": True,
        }
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(**sizes),
            layers,
            nn.LayerNorm(width),
            enable_nested_tensor=False,
        )
        self.decoder = nn.TransformerDecoder(
            nn.TransformerDecoderLayer(**sizes), layers, nn.LayerNorm(width)
        )
        self.out = nn.Linear(width, ALPHABET)
        self.width = width

    def read(self, source: Tensor) -> Any:
        """Return what the encoder makes of it (B, S, H), and what is padding."""
        padding = torch.arange(source.shape[1])[None] >= lengths_of(source)[:, None]
        vectors = self.reads(source) + self._positions(source.shape[1])
        return self.encoder(vectors, src_key_padding_mask=padding), padding

    def logits(self, memory: Any, said: Tensor) -> Tensor:
        """See ``Network.logits``."""
        whole, padding = memory
        U = said.shape[1]
        later = torch.ones(U, U, dtype=torch.bool).triu(1)
        vectors = self.says(said) + self._positions(U)
        outputs = self.decoder(vectors, whole, tgt_mask=later, memory_key_padding_mask=padding)
        return self.out(outputs)

    def _positions(self, count: int) -> Tensor:
        """Return sines and cosines of the positions, shape (count, H) (Vaswani et al., 3.5)."""
        rates = torch.exp(torch.arange(0, self.width, 2) * (-math.log(1e4) / self.width))
        angles = torch.arange(count)[:, None] * rates
        return torch.stack([angles.sin(), angles.cos()], dim=2).reshape(count, self.width)

    def say(self, memory: Any, most: int) -> Tensor:
        """See ``Network.say``."""
        said = torch.full((len(memory[1]), 1), BEGIN)
        ended = torch.zeros(len(said), dtype=torch.bool)
        while said.shape[1] <= most and not ended.all():
            last = self.logits(memory, said)[:, -1:].argmax(dim=2)
            ended |= last[:, 0] == END
            said = torch.cat([said, last], dim=1)
        return said[:, 1:]


def build(kind: str, hidden: int, layers: int, *, channels: int, aligned: bool) -> Any:
    """Return a new network; see ``Config`` for the arguments."""
    if aligned:
        return Tagger(hidden, layers, channels)
    if kind == "transformer":
        return TransformerNetwork(hidden // 2, 2 * layers, channels)
    return LSTMNetwork(hidden, layers, kind == "lstm-attention", channels)
