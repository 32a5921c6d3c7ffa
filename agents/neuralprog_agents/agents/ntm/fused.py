"""One step of the heads and the memory, compiled: the mathematics of ``model``, forward and back.

Torch spends its time on the dispatch of some fifty small operations a step, and again on the way
back; here each way is one call. ``tests/agents/agents/ntm`` holds it equal to the model's own
operations. Rows of a batch are independent; everything is in the dtype of what comes in.
"""

from __future__ import annotations

from math import exp, log, log1p, sqrt, tanh
from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor

_TINY = 1e-12
_COMPILED = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"reassoc", "contract", "nsz"},
}


class Access(torch.autograd.Function):
    """(steering, weightings, memory) to (what is read, new weightings, new memory)."""

    @staticmethod
    def forward(ctx: Any, steer: Tensor, before: Tensor, memory: Tensor) -> tuple[Tensor, ...]:
        """Return r (B, W), w (B, 2, N) and the memory (B, W, N).

        Args:
            ctx: Torch's.
            steer: What the controller says, before any squashing, shape (B, P).
            before: The last weightings, shape (B, 2, N).
            memory: Shape (B, W, N): the rows side by side, so that loops over them are long.
        """
        given = steer.numpy(), before.numpy(), memory.numpy()
        made = _like(given)
        _forward(*given, *made)
        ctx.kept = *given, *made
        r, w, written = made[:3]
        return torch.from_numpy(r), torch.from_numpy(w), torch.from_numpy(written)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        """Return the gradients of ``forward``'s arguments from those of what it returned."""
        of_r, of_w, of_written = (gradient.contiguous().numpy() for gradient in gradients)
        found = tuple(np.empty_like(array) for array in ctx.kept[:3])
        _backward(*ctx.kept, of_r, of_w, of_written, *found)
        return tuple(torch.from_numpy(array) for array in found)


def _like(given: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return room for what ``_forward`` makes: r, w, memory, and what is kept for the way back."""
    steer, before, memory = given
    B, W, N = memory.shape
    kind = memory.dtype
    return (
        np.empty((B, W), kind),
        np.empty_like(before),
        np.empty_like(memory),
        np.empty_like(steer),
        np.empty((B, N), kind),
        np.empty((B, 2), kind),
        *(np.empty_like(before) for _ in range(3)),
    )


@njit(**_COMPILED)
def _sigmoid(x: Any) -> Any:
    return 1.0 / (1.0 + exp(-x))


@njit(**_COMPILED)
def _softplus(x: Any) -> Any:
    return max(x, 0.0) + log1p(exp(-abs(x)))


@njit(**_COMPILED)
def _squash(raw: Any, said: Any, W: int) -> None:
    """Bring what the controller says into its ranges: k, add, erase, g, β, γ, s."""
    for i in range(3 * W):
        said[i] = tanh(raw[i])
    for i in range(3 * W, 4 * W + 2):
        said[i] = _sigmoid(raw[i])
    for h in range(2):
        said[4 * W + 2 + h] = _softplus(raw[4 * W + 2 + h])
        said[4 * W + 4 + h] = 1.0 + _softplus(raw[4 * W + 4 + h])
        s = slice(4 * W + 6 + 3 * h, 4 * W + 9 + 3 * h)
        said[s] = raw[s]
        _softmax(said[s])


@njit(**_COMPILED)
def _softmax(x: Any) -> None:
    """Replace logits by their softmax."""
    most, total = x.max(), x.dtype.type(0.0)
    for i in range(len(x)):
        x[i] = exp(x[i] - most)
        total += x[i]
    for i in range(len(x)):
        x[i] /= total


@njit(**_COMPILED)
def _dot(x: Any, y: Any) -> Any:
    total = x.dtype.type(0.0)
    for i in range(len(x)):
        total += x[i] * y[i]
    return total


@njit(**_COMPILED)
def _forward(
    steer: Any, before: Any, memory: Any,
    r: Any, w: Any, written: Any,
    said: Any, row_norm: Any, key_norm: Any, cosine: Any, content: Any, moved: Any,
) -> None:  # fmt: skip
    B, W, N = memory.shape
    one, tiny = memory.dtype.type(1.0), memory.dtype.type(_TINY)
    for b in range(B):
        _squash(steer[b], said[b], W)
        row_norm[b] = tiny
        for j in range(W):
            for n in range(N):
                row_norm[b, n] += memory[b, j, n] * memory[b, j, n]
        for n in range(N):
            row_norm[b, n] = one / sqrt(row_norm[b, n])
        for h in range(2):
            k, p = said[b, h * W : (h + 1) * W], said[b, 4 * W + h :]
            key_norm[b, h] = one / sqrt(_dot(k, k) + tiny)
            _compare(memory[b], k, row_norm[b], key_norm[b, h], cosine[b, h])
            _focus(before[b, h], cosine[b, h], p, 2 * h, content[b, h], moved[b, h], w[b, h])
        _write(memory[b], w[b, 1], said[b, 2 * W : 3 * W], said[b, 3 * W : 4 * W], written[b])
        for j in range(W):
            r[b, j] = _dot(w[b, 0], written[b, j])


@njit(**_COMPILED)
def _compare(memory: Any, k: Any, row_norm: Any, key_norm: Any, cosine: Any) -> None:
    W, N = memory.shape
    cosine[:] = 0.0
    for j in range(W):
        for n in range(N):
            cosine[n] += k[j] * memory[j, n]
    for n in range(N):
        cosine[n] *= row_norm[n] * key_norm


@njit(**_COMPILED)
def _focus(
    before: Any, cosine: Any, p: Any, at: int, content: Any, moved: Any, w: Any
) -> None:  # fmt: skip
    """Address one head: p holds its g, β, γ at 0, 2, 4 and its shifts from 6 + ``at``."""
    N, g, beta, gamma = len(before), p[0], p[2], p[4]
    back, stay, ahead = p[6 + at], p[7 + at], p[8 + at]
    for n in range(N):
        content[n] = beta * cosine[n]
    _softmax(content)
    for n in range(N):
        w[n] = before[n] + g * (content[n] - before[n])
    _blend(w, ahead, stay, back, moved)
    for n in range(N):
        w[n] = gamma * log(moved[n] + moved.dtype.type(_TINY))
    _softmax(w)


@njit(**_COMPILED)
def _blend(x: Any, last: Any, same: Any, following: Any, mixed: Any) -> None:
    """Mix each number of a ring with the one before it and the one after it."""
    N = len(x)
    for n in range(1, N - 1):
        mixed[n] = last * x[n - 1] + same * x[n] + following * x[n + 1]
    mixed[0] = last * x[N - 1] + same * x[0] + following * x[1]
    mixed[N - 1] = last * x[N - 2] + same * x[N - 1] + following * x[0]


@njit(**_COMPILED)
def _write(memory: Any, w: Any, add: Any, erase: Any, written: Any) -> None:
    W, N = memory.shape
    for j in range(W):
        for n in range(N):
            written[j, n] = memory[j, n] + w[n] * (add[j] - memory[j, n] * erase[j])


@njit(**_COMPILED)
def _backward(
    steer: Any, before: Any, memory: Any,
    r: Any, w: Any, written: Any,
    said: Any, row_norm: Any, key_norm: Any, cosine: Any, content: Any, moved: Any,
    of_r: Any, of_w: Any, of_written: Any,
    of_steer: Any, of_before: Any, of_memory: Any,
) -> None:  # fmt: skip
    B, W, N = memory.shape
    of_focus, of_cosine = np.empty((2, N), memory.dtype), np.empty(N, memory.dtype)
    spare = np.empty(N, memory.dtype)
    for b in range(B):
        of_steer[b] = 0.0
        of_focus[:] = of_w[b]
        _read_and_write_back(
            memory[b], w[b], written[b], said[b], of_r[b], of_written[b],
            of_steer[b], of_focus, of_memory[b],
        )  # fmt: skip
        for h in range(2):
            p, of_p = said[b, 4 * W + h :], of_steer[b, 4 * W + h :]
            _focus_back(
                before[b, h], cosine[b, h], p, 2 * h, content[b, h], moved[b, h], w[b, h],
                of_focus[h], of_p, of_before[b, h], of_cosine, spare,
            )  # fmt: skip
            k, of_k = said[b, h * W : (h + 1) * W], of_steer[b, h * W : (h + 1) * W]
            _compare_back(
                memory[b], k, row_norm[b], key_norm[b, h], cosine[b, h], of_cosine, of_k,
                of_memory[b],
            )  # fmt: skip
        _squash_back(said[b], of_steer[b], W)


@njit(**_COMPILED)
def _read_and_write_back(
    memory: Any, w: Any, written: Any, said: Any, of_r: Any, of_written: Any,
    of_said: Any, of_focus: Any, of_memory: Any,
) -> None:  # fmt: skip
    W, N = memory.shape
    one, reading, writing = memory.dtype.type(1.0), w[0], w[1]
    for j in range(W):
        add, erase, of_add, of_erase = said[2 * W + j], said[3 * W + j], one - one, one - one
        for n in range(N):
            change = of_written[j, n] + reading[n] * of_r[j]
            of_focus[0, n] += written[j, n] * of_r[j]
            of_focus[1, n] += change * (add - memory[j, n] * erase)
            of_add += change * writing[n]
            of_erase -= change * writing[n] * memory[j, n]
            of_memory[j, n] = change * (one - writing[n] * erase)
        of_said[2 * W + j], of_said[3 * W + j] = of_add, of_erase


@njit(**_COMPILED)
def _focus_back(
    before: Any, cosine: Any, p: Any, at: int, content: Any, moved: Any, w: Any,
    of_w: Any, of_p: Any, of_before: Any, of_cosine: Any, spare: Any,
) -> None:  # fmt: skip
    N, g, beta, gamma = len(before), p[0], p[2], p[4]
    back, stay, ahead = p[6 + at], p[7 + at], p[8 + at]
    one, tiny = w.dtype.type(1.0), w.dtype.type(_TINY)
    mean = _dot(of_w, w)
    for n in range(N):
        of_logit = w[n] * (of_w[n] - mean)
        of_p[4] += of_logit * log(moved[n] + tiny)
        of_w[n] = of_logit * gamma / (moved[n] + tiny)  # from here on, of what was moved
    for n in range(N):
        spare[n] = before[n] + g * (content[n] - before[n])
    of_p[8 + at] = _dot(of_w[1:], spare[:-1]) + of_w[0] * spare[N - 1]
    of_p[7 + at] = _dot(of_w, spare)
    of_p[6 + at] = _dot(of_w[:-1], spare[1:]) + of_w[N - 1] * spare[0]
    _blend(of_w, back, stay, ahead, spare)
    for n in range(N):
        of_p[0] += spare[n] * (content[n] - before[n])
        of_before[n] = (one - g) * spare[n]
        of_cosine[n] = g * spare[n]
    mean = _dot(of_cosine, content)
    for n in range(N):
        of_logit = content[n] * (of_cosine[n] - mean)
        of_p[2] += of_logit * cosine[n]
        of_cosine[n] = beta * of_logit


@njit(**_COMPILED)
def _compare_back(
    memory: Any, k: Any, row_norm: Any, key_norm: Any, cosine: Any, of_cosine: Any,
    of_k: Any, of_memory: Any,
) -> None:  # fmt: skip
    W, N = memory.shape
    along = _dot(of_cosine, cosine)
    for n in range(N):
        of_cosine[n] *= row_norm[n]  # from here on, of what was not yet divided by it
    for j in range(W):
        of_k[j] = key_norm * (_dot(of_cosine, memory[j]) - key_norm * along * k[j])
        for n in range(N):
            onto = cosine[n] * row_norm[n] * memory[j, n]
            of_memory[j, n] += of_cosine[n] * (key_norm * k[j] - onto)


@njit(**_COMPILED)
def _squash_back(said: Any, of_said: Any, W: int) -> None:
    """Turn gradients of what is in range into those of what the controller says."""
    one = said.dtype.type(1.0)
    for i in range(3 * W):
        of_said[i] *= one - said[i] * said[i]
    for i in range(3 * W, 4 * W + 2):
        of_said[i] *= said[i] * (one - said[i])
    for h in range(2):
        of_said[4 * W + 2 + h] *= one - exp(-said[4 * W + 2 + h])
        of_said[4 * W + 4 + h] *= one - exp(one - said[4 * W + 4 + h])
        s, of_s = said[4 * W + 6 + 3 * h :], of_said[4 * W + 6 + 3 * h :]
        mean = s[0] * of_s[0] + s[1] * of_s[1] + s[2] * of_s[2]
        for i in range(3):
            of_s[i] = s[i] * (of_s[i] - mean)
