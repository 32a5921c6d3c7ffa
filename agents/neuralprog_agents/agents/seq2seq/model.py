"""Encoders and decoders over symbols: LSTM, LSTM with attention, transformer.

Shapes: B texts, S symbols read, U symbols written, H units. Every network has three methods.
``read(source)`` takes symbols (B, S) or (B, S, channels), padded by PAD, and returns the memory.
``logits(memory, written)`` returns the logits of the symbol after each of ``written`` (B, U).
``decode(memory, most)`` returns the likeliest symbols one after another, (B, up to ``most``).

Sources: Sutskever, Vinyals and Le, "Sequence to sequence learning with neural networks", NeurIPS
2014; attention: Luong, Pham and Manning, EMNLP 2015, section 3.1 ("general", without input
feeding, so that a whole answer is learned at once); Vaswani et al., "Attention is all you need",
NeurIPS 2017 (normalisation before each sublayer).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from neuralprog_agents.agents.seq2seq.symbols import ALPHABET, BEGIN, END, PAD

_HEADS = 4
_PAIRS = 2**23
"""How many pairs of symbols look at each other in one operation, at most, but for a longer text.

Of tables of 2,000 symbols that is two texts. On 16 texts the longest operation of a gradient step
took 1.3 to 2.3 CPU-seconds, too long for a budget to be kept; now it takes 0.5. The bits are the
same. Such a step takes up to a tenth more time in all (10.0 to 12.4 seconds whole, 11.0 to 13.3 in
parts).
"""


class Embedding(nn.Module):
    """Symbols as vectors; those of several channels, which are read at once, are added up."""

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
    """An LSTM reads, another one writes, beginning in the last state of the first.

    With ``attention`` each written symbol may look back at what was read.
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
        """Return the outputs (B, S, H), which symbols are no padding, and the last state."""
        lengths = lengths_of(source)
        whole, state = read_to_the_ends(self.encoder, self.reads(source), lengths)
        present = torch.arange(source.shape[1])[None] < lengths[:, None]
        return whole, present, state

    def logits(self, memory: Any, written: Tensor) -> Tensor:
        """Return the logits of the symbol after each one written, (B, U, alphabet)."""
        return self._continue(memory, written)[0]

    def _continue(self, memory: Any, written: Tensor) -> tuple[Tensor, Any]:
        """Return logits after each symbol, and what was read with the state after the last."""
        whole, present, state = memory
        outputs, state = self.decoder(self.says(written), state)
        return self.out(self._attended(outputs, whole, present)), (whole, present, state)

    def _attended(self, outputs: Tensor, whole: Tensor, present: Tensor) -> Tensor:
        if self.score is None or self.mix is None:
            return outputs
        scores = self.score(outputs) @ whole.transpose(1, 2)
        weights = scores.masked_fill(~present[:, None], -math.inf).softmax(dim=2)
        return torch.tanh(self.mix(torch.cat([weights @ whole, outputs], dim=2)))

    def decode(self, memory: Any, most: int) -> Tensor:
        """Return the likeliest symbols one after another, (B, up to ``most``)."""

        def step(last: Tensor, position: int) -> Tensor:
            nonlocal memory
            logits, memory = self._continue(memory, last)
            return logits

        return _decoded(step, len(memory[1]), most)


def read_to_the_ends(
    lstm: nn.LSTM, vectors: Tensor, lengths: Tensor
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Return outputs (B, S, H), zeros where padding is, and the state at the end of each text.

    What ``pack_padded_sequence`` is for; but on a CPU the gradients of a packed LSTM take time
    quadratic in S. So the texts are read in segments, from the end of one to that of the next.
    """
    order = lengths.argsort(descending=True)
    B, S, _ = vectors.shape
    vectors, lengths = vectors[order], lengths[order]
    hidden = cell = vectors.new_zeros(lstm.num_layers, B, lstm.hidden_size)
    segments = []
    for begin, end in pairwise([0, *sorted(set(lengths.tolist()))]):
        n = int((lengths >= end).sum())
        state = (hidden[:, :n].contiguous(), cell[:, :n].contiguous())
        outputs, (h, c) = lstm(vectors[:n, begin:end], state)
        hidden, cell = torch.cat([h, hidden[:, n:]], dim=1), torch.cat([c, cell[:, n:]], dim=1)
        segments.append(nn.functional.pad(outputs, (0, 0, 0, 0, 0, B - n)))
    whole = nn.functional.pad(torch.cat(segments, dim=1), (0, 0, 0, S - int(lengths[0])))
    back = order.argsort()
    return whole[back], (hidden[:, back], cell[:, back])


class Tagger(nn.Module):
    """An LSTM that writes a symbol for each one that it reads."""

    def __init__(self, hidden: int, layers: int, channels: int) -> None:
        super().__init__()
        self.reads = Embedding(hidden // 4, channels)
        self.lstm = nn.LSTM(hidden // 4, hidden, layers, batch_first=True)
        self.out = nn.Linear(hidden, ALPHABET)

    def read(self, source: Tensor) -> Tensor:
        """Return the logits at each symbol read, (B, S, alphabet)."""
        return self.out(self.lstm(self.reads(source))[0])

    def logits(self, memory: Tensor, written: Tensor) -> Tensor:
        """Return the logits at the symbols read: what was written makes no difference."""
        return memory[:, : written.shape[1]]

    def decode(self, memory: Tensor, most: int) -> Tensor:
        """Return the likeliest symbol at each symbol read, (B, S)."""
        return memory.argmax(dim=2)


class TransformerNetwork(nn.Module):
    """Layers of attention read, others write; ``width`` is H, a multiple of 4."""

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
        """Return the encoder's outputs (B, S, H), and what is padding (B, S)."""
        padding = torch.arange(source.shape[1])[None] >= lengths_of(source)[:, None]
        vectors = self.reads(source) + self._positions(source.shape[1])
        return _encode(self.encoder, vectors, padding), padding

    def logits(self, memory: Any, written: Tensor) -> Tensor:
        """Return the logits of the symbol after each one written, (B, U, alphabet)."""
        whole, padding = memory
        U = written.shape[1]
        later = torch.ones(U, U, dtype=torch.bool).triu(1)
        vectors = self.says(written) + self._positions(U)
        outputs = self.decoder(vectors, whole, tgt_mask=later, memory_key_padding_mask=padding)
        return self.out(outputs)

    def _positions(self, count: int) -> Tensor:
        """Return sines and cosines of the positions, shape (count, H) (Vaswani et al., 3.5)."""
        rates = torch.exp(torch.arange(0, self.width, 2) * (-math.log(1e4) / self.width))
        angles = torch.arange(count)[:, None] * rates
        return torch.stack([angles.sin(), angles.cos()], dim=2).reshape(count, self.width)

    def decode(self, memory: Any, most: int) -> Tensor:
        """Return the likeliest symbols one after another, (B, up to ``most``)."""
        whole, padding = memory
        decoding, positions = _Decoding(self.decoder, whole, padding), self._positions(most)

        def step(last: Tensor, position: int) -> Tensor:
            outputs: Tensor = self.out(decoding.step(self.says(last) + positions[position]))
            return outputs

        return _decoded(step, len(padding), most)


def _decoded(step: Callable[[Tensor, int], Tensor], B: int, most: int) -> Tensor:
    """Return what is likeliest step by step, until every text has ended, (B, up to ``most``)."""
    written = [torch.full((B, 1), BEGIN)]
    ended = torch.zeros(B, dtype=torch.bool)
    while len(written) <= most and not ended.all():
        written.append(step(written[-1], len(written) - 1).argmax(dim=2))
        ended |= written[-1][:, 0] == END
    return torch.cat(written[1:], dim=1)


_KeysValues = tuple[Tensor, Tensor]


class _Decoding:
    """A decoder, a position at a time: the keys and values of earlier positions are kept.

    Its layers normalise before each sublayer; ``whole`` is what was read, (B, S, H).
    """

    def __init__(self, decoder: nn.TransformerDecoder, whole: Tensor, padding: Tensor) -> None:
        self._layers: Any = decoder.layers
        self._norm: Any = decoder.norm
        self._mask = ~padding[:, None, None]
        self._read = [_keys_values(layer.multihead_attn, whole) for layer in self._layers]
        self._written = [_keys_values(layer.self_attn, whole[:, :0]) for layer in self._layers]

    def step(self, vectors: Tensor) -> Tensor:
        """Return the outputs at the next position, (B, 1, H), of its inputs."""
        for k, layer in enumerate(self._layers):
            own = layer.norm1(vectors)
            parts = zip(self._written[k], _keys_values(layer.self_attn, own), strict=True)
            keys, values = (torch.cat(part, dim=2) for part in parts)
            self._written[k] = keys, values
            vectors = vectors + _attend(layer.self_attn, own, self._written[k])
            asked = layer.norm2(vectors)
            vectors = vectors + _attend(layer.multihead_attn, asked, self._read[k], self._mask)
            vectors = vectors + _inner(layer, layer.norm3(vectors))
        return torch.as_tensor(self._norm(vectors))


def _encode(encoder: nn.TransformerEncoder, vectors: Tensor, padding: Tensor) -> Tensor:
    """Do what the encoder does.

    Outside training, torch's own way writes out the attention of every pair, which takes six
    times as long for thousands of symbols.
    """
    layers: Any = encoder.layers
    for layer in layers:
        own = layer.norm1(vectors)
        keys_values = _keys_values(layer.self_attn, own)
        vectors = vectors + _attend(layer.self_attn, own, keys_values, ~padding[:, None, None])
        vectors = vectors + _inner(layer, layer.norm2(vectors))
    norm: Any = encoder.norm
    return torch.as_tensor(norm(vectors))


def _inner(layer: Any, vectors: Tensor) -> Tensor:
    """Return what a layer's feed-forward network makes of vectors."""
    return torch.as_tensor(layer.linear2(layer.activation(layer.linear1(vectors))))


def _heads(vectors: Tensor) -> Tensor:
    """Split vectors (B, T, H) among the heads: (B, heads, T, H / heads)."""
    B, T, H = vectors.shape
    return vectors.reshape(B, T, _HEADS, H // _HEADS).transpose(1, 2)


def _keys_values(attention: nn.MultiheadAttention, vectors: Tensor) -> _KeysValues:
    """Return every head's keys and values of vectors (B, T, H)."""
    width = vectors.shape[2]
    weight, bias = attention.in_proj_weight[width:], attention.in_proj_bias[width:]
    keys, values = nn.functional.linear(vectors, weight, bias).chunk(2, dim=2)
    return _heads(keys), _heads(values)


def _attend(
    attention: nn.MultiheadAttention,
    asking: Tensor,
    keys_values: _KeysValues,
    mask: Tensor | None = None,
) -> Tensor:
    """Return what vectors (B, T, H) see where the mask holds."""
    width = asking.shape[2]
    weight, bias = attention.in_proj_weight[:width], attention.in_proj_bias[:width]
    queries = _heads(nn.functional.linear(asking, weight, bias))
    seen = _seen(queries, *keys_values, *(() if mask is None else (mask,)))
    return torch.as_tensor(attention.out_proj(seen.transpose(1, 2).flatten(2)))


def _seen(*asked: Tensor) -> Tensor:
    """Return what queries see of keys and values where a mask holds, if there is one.

    Some texts at a time, where they are long; see ``_PAIRS``.
    """
    rows = max(1, _PAIRS // max(1, asked[0].shape[2] * asked[1].shape[2]))
    attend: Callable[..., Tensor] = nn.functional.scaled_dot_product_attention
    if rows >= len(asked[0]):
        return attend(*asked)
    parts = zip(*(torch.split(each, rows) for each in asked), strict=True)
    return torch.cat([attend(*part) for part in parts])


def build(kind: str, hidden: int, layers: int, *, channels: int, aligned: bool) -> Any:
    """Return a new network; see ``Config`` for the arguments."""
    if aligned:
        return Tagger(hidden, layers, channels)
    if kind == "transformer":
        return TransformerNetwork(hidden // 2, 2 * layers, channels)
    return LSTMNetwork(hidden, layers, kind == "lstm-attention", channels)
