"""One step of the heads and the memory, compiled, forward and back.

Torch spends its time on the dispatch of some fifty small operations a step, and again on the way
back; here each way is one call. ``tests/agents/agents/ntm`` holds it equal to torch's own
operations. Rows of a batch are independent; everything is in the dtype of what comes in.

Shapes: B examples, W numbers in each of N rows of memory, P numbers from the controller; the heads
are 0, which reads, and 1, which writes. Symbols are those of Graves et al. 2014, sections 3.1 to
3.3. On the way back ∂x is the gradient of the loss with respect to x.

Additions keep their order. Floating-point sums whose order the compiler may choose (LLVM's
``reassoc``) may come out differently in the process that compiles and in those that load the code.
"""

from __future__ import annotations

from math import exp, log, log1p, sqrt, tanh
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from neuralprog_agents.training.compiled import compiled

_TINY = 1e-12
_COMPILED = {"error_model": "numpy", "fastmath": {"contract", "nsz"}}
Array = NDArray[np.floating]


class Given(NamedTuple):
    """What a step takes: the controller's output (B, P), the last weightings, the memory.

    The rows of the memory (B, W, N) lie side by side, so that loops over them are long.
    """

    steer: Array
    before: Array
    memory: Array


class Made(NamedTuple):
    """What a step returns: the read vector (B, W), weightings (B, 2, N) and memory (B, W, N)."""

    r: Array
    w: Array
    memory: Array


class Saved(NamedTuple):
    """What the way back needs.

    Attributes:
        emitted: ``steer`` in its ranges: k (2W), add (W), erase (W), g (2), β (2), γ (2), s (6).
        row_norm: 1 / |M(n)|, shape (B, N).
        key_norm: 1 / |k|, shape (B, 2).
        cosine: K[k, M(n)], shape (B, 2, N).
        content: w^c, shape (B, 2, N).
        moved: w̃, shape (B, 2, N).
    """

    emitted: Array
    row_norm: Array
    key_norm: Array
    cosine: Array
    content: Array
    moved: Array


class Head(NamedTuple):
    """One head of one example, views of the arrays above: p has g, β and γ at 0, 2 and 4."""

    k: Array
    p: Array
    s: Array
    before: Array
    cosine: Array
    content: Array
    moved: Array
    w: Array


class Access(torch.autograd.Function):
    """(steering, weightings, memory) to (what is read, new weightings, new memory)."""

    @staticmethod
    def forward(ctx: Any, steer: Tensor, before: Tensor, memory: Tensor) -> tuple[Tensor, ...]:
        """Return r (B, W), w (B, 2, N) and the memory (B, W, N); see ``Given``."""
        given = Given(steer.numpy(), before.numpy(), memory.numpy())
        made, saved = _room(given)
        _forward(given, made, saved)
        ctx.saved = given, made, saved
        return tuple(torch.from_numpy(array) for array in made)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        """Return the gradients of ``forward``'s arguments from those of what it returned."""
        of_made = Made(*(gradient.contiguous().numpy() for gradient in gradients))
        of_given = Given(*(np.empty_like(array) for array in ctx.saved[0]))
        _backward(*ctx.saved, of_made, of_given)
        return tuple(torch.from_numpy(array) for array in of_given)


def _room(given: Given) -> tuple[Made, Saved]:
    """Return arrays for what ``_forward`` makes."""
    steer, before, memory = given
    B, W, N = memory.shape
    kind = memory.dtype
    made = Made(np.empty((B, W), kind), np.empty_like(before), np.empty_like(memory))
    weightings = (np.empty_like(before) for _ in range(3))
    saved = (np.empty_like(steer), np.empty((B, N), kind), np.empty((B, 2), kind), *weightings)
    return made, Saved(*saved)


@njit(**_COMPILED)
def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + exp(-x))


@njit(**_COMPILED)
def _softplus(x: float) -> float:
    return max(x, 0.0) + log1p(exp(-abs(x)))


@njit(**_COMPILED)
def _softmax(x: Array) -> None:
    """Replace logits by their softmax."""
    most, total = x.max(), x.dtype.type(0.0)
    for i in range(len(x)):
        x[i] = exp(x[i] - most)
        total += x[i]
    for i in range(len(x)):
        x[i] /= total


@njit(**_COMPILED)
def _dot(x: Array, y: Array) -> Any:
    """Σ_i x_i y_i, as eight sums side by side: one vector, where the order is ours to choose."""
    zero = x.dtype.type(0.0)
    a, b, c, d, e, f, g, h = zero, zero, zero, zero, zero, zero, zero, zero
    whole = len(x) - len(x) % 8
    for i in range(0, whole, 8):
        a += x[i] * y[i]
        b += x[i + 1] * y[i + 1]
        c += x[i + 2] * y[i + 2]
        d += x[i + 3] * y[i + 3]
        e += x[i + 4] * y[i + 4]
        f += x[i + 5] * y[i + 5]
        g += x[i + 6] * y[i + 6]
        h += x[i + 7] * y[i + 7]
    for i in range(whole, len(x)):
        a += x[i] * y[i]
    return ((a + e) + (c + g)) + ((b + f) + (d + h))


@njit(**_COMPILED)
def _head(given: Given, made: Made, saved: Saved, b: int, h: int) -> Head:
    W, emitted = given.memory.shape[1], saved.emitted[b]
    k, p, s = emitted[h * W : (h + 1) * W], emitted[4 * W + h :], emitted[4 * W + 6 + 3 * h :]
    cosine, content, moved = saved.cosine[b, h], saved.content[b, h], saved.moved[b, h]
    return Head(k, p, s, given.before[b, h], cosine, content, moved, made.w[b, h])


@njit(**_COMPILED)
def _forward_all(given: Given, made: Made, saved: Saved) -> None:
    """Fill ``made`` and ``saved``."""
    B, W, N = given.memory.shape
    one, tiny = given.memory.dtype.type(1.0), given.memory.dtype.type(_TINY)
    for b in range(B):
        memory, emitted = given.memory[b], saved.emitted[b]
        _squash(given.steer[b], emitted, W)
        saved.row_norm[b] = tiny
        for j in range(W):
            for n in range(N):
                saved.row_norm[b, n] += memory[j, n] * memory[j, n]
        for n in range(N):
            saved.row_norm[b, n] = one / sqrt(saved.row_norm[b, n])
        for h in range(2):
            head = _head(given, made, saved, b, h)
            saved.key_norm[b, h] = one / sqrt(_dot(head.k, head.k) + tiny)
            _compare(memory, head, saved.row_norm[b], saved.key_norm[b, h])
            _focus(head)
        _write(memory, made.w[b, 1], emitted[2 * W : 3 * W], emitted[3 * W : 4 * W], made.memory[b])
        for j in range(W):
            made.r[b, j] = _dot(made.w[b, 0], made.memory[b, j])


@njit(**_COMPILED)
def _squash(raw: Array, emitted: Array, W: int) -> None:
    """Bring the controller's outputs into their ranges: k, add, erase, g, β, γ, s."""
    for i in range(3 * W):
        emitted[i] = tanh(raw[i])
    for i in range(3 * W, 4 * W + 2):
        emitted[i] = _sigmoid(raw[i])
    for h in range(2):
        emitted[4 * W + 2 + h] = _softplus(raw[4 * W + 2 + h])
        emitted[4 * W + 4 + h] = 1.0 + _softplus(raw[4 * W + 4 + h])
        s = slice(4 * W + 6 + 3 * h, 4 * W + 9 + 3 * h)
        emitted[s] = raw[s]
        _softmax(emitted[s])


@njit(**_COMPILED)
def _compare(memory: Array, head: Head, row_norm: Array, key_norm: float) -> None:
    """K[k, M(n)] = k · M(n) / (|k| |M(n)|), equation 6."""
    W, N = memory.shape
    head.cosine[:] = 0.0
    for j in range(W):
        for n in range(N):
            head.cosine[n] += head.k[j] * memory[j, n]
    for n in range(N):
        head.cosine[n] *= row_norm[n] * key_norm


@njit(**_COMPILED)
def _focus(head: Head) -> None:
    """Address a head: w^c = softmax(β K), w^g = g w^c + (1 - g) w, w̃ = w^g * s, w = w̃^γ / Σ w̃^γ.

    Equations 5 and 7 to 9.
    """
    N, g, beta, gamma = len(head.w), head.p[0], head.p[2], head.p[4]
    before, content, moved, w = head.before, head.content, head.moved, head.w
    for n in range(N):
        content[n] = beta * head.cosine[n]
    _softmax(content)
    for n in range(N):
        w[n] = before[n] + g * (content[n] - before[n])
    _blend(w, head.s[2], head.s[1], head.s[0], moved)
    for n in range(N):
        w[n] = gamma * log(moved[n] + moved.dtype.type(_TINY))
    _softmax(w)


@njit(**_COMPILED)
def _blend(x: Array, last: float, same: float, following: float, mixed: Array) -> None:
    """Mix each number of a ring with the one before it and the one after it."""
    N = len(x)
    for n in range(1, N - 1):
        mixed[n] = last * x[n - 1] + same * x[n] + following * x[n + 1]
    mixed[0] = last * x[N - 1] + same * x[0] + following * x[1]
    mixed[N - 1] = last * x[N - 2] + same * x[N - 1] + following * x[0]


@njit(**_COMPILED)
def _write(memory: Array, w: Array, add: Array, erase: Array, written: Array) -> None:
    """M'(n) = M(n) + w(n) (add - erase M(n)), equations 3 and 4."""
    W, N = memory.shape
    for j in range(W):
        for n in range(N):
            written[j, n] = memory[j, n] + w[n] * (add[j] - memory[j, n] * erase[j])


@njit(**_COMPILED)
def _backward_all(given: Given, made: Made, saved: Saved, of_made: Made, of_given: Given) -> None:
    """Fill ``of_given``, the gradients of what was given, from those of what was made."""
    B, W, N = given.memory.shape
    of_focus, of_cosine = np.empty((2, N), made.w.dtype), np.empty(N, made.w.dtype)
    for b in range(B):
        of_steer = of_given.steer[b]
        of_steer[:] = 0.0
        of_focus[:] = of_made.w[b]
        _read_and_write_back(given, made, saved, of_made, of_given, of_focus, b)
        for h in range(2):
            head = _head(given, made, saved, b, h)
            of_p, of_s = of_steer[4 * W + h :], of_steer[4 * W + 6 + 3 * h :]
            _focus_back(head, of_focus[h], of_p, of_s, of_given.before[b, h], of_cosine)
            along = _dot(of_cosine, head.cosine)
            for n in range(N):
                of_cosine[n] *= saved.row_norm[b, n]
            _key_back(given, saved, head, of_cosine, along, of_given, b, h)
        _squash_back(saved.emitted[b], of_steer, W)


@njit(**_COMPILED)
def _read_and_write_back(
    given: Given, made: Made, saved: Saved, of_made: Made, of_given: Given, of_focus: Array, b: int
) -> None:
    """Back through r_j = Σ_n w_0(n) M'_j(n), and through ``_write`` by head 1.

    ∂M' += w_0 ∂r;  ∂w_0 += Σ_j M'_j ∂r_j;  ∂w_1 += Σ_j ∂M'_j (add_j - erase_j M_j);
    ∂add_j = Σ_n ∂M'_j w_1;  ∂erase_j = -Σ_n ∂M'_j w_1 M_j;  ∂M_j = ∂M'_j (1 - w_1 erase_j).
    """
    W, N = given.memory.shape[1:]
    memory, emitted, of_steer = given.memory[b], saved.emitted[b], of_given.steer[b]
    one, reading, writing = memory.dtype.type(1.0), made.w[b, 0], made.w[b, 1]
    change, written = np.empty(N, memory.dtype), np.empty(N, memory.dtype)
    for j in range(W):
        add, erase, of_r = emitted[2 * W + j], emitted[3 * W + j], of_made.r[b, j]
        for n in range(N):
            change[n] = of_made.memory[b, j, n] + reading[n] * of_r
            of_focus[0, n] += made.memory[b, j, n] * of_r
            of_focus[1, n] += change[n] * (add - memory[j, n] * erase)
            of_given.memory[b, j, n] = change[n] * (one - writing[n] * erase)
            written[n] = change[n] * writing[n]
        of_steer[2 * W + j] = written.sum()
        of_steer[3 * W + j] = -_dot(written, memory[j])


@njit(**_COMPILED)
def _focus_back(
    head: Head, of_w: Array, of_p: Array, of_s: Array, of_before: Array, of_cosine: Array
) -> None:
    """Back through ``_focus``.

    Through w = softmax(γ log w̃), with l = γ log w̃: ∂l = w (∂w - Σ w ∂w), ∂γ = Σ ∂l log w̃ and
    ∂w̃ = γ ∂l / w̃. Through the convolution: ∂s_i = Σ_n ∂w̃(n) w^g(n - i), and ∂w^g is ∂w̃ mixed
    the other way round. Through the gate: ∂g = Σ ∂w^g (w^c - w), ∂w = (1 - g) ∂w^g and
    ∂w^c = g ∂w^g. Through w^c = softmax(β K): ∂l = w^c (∂w^c - Σ w^c ∂w^c), ∂β = Σ ∂l K, ∂K = β ∂l.
    """
    N, g, beta, gamma = len(of_w), head.p[0], head.p[2], head.p[4]
    before, content, moved = head.before, head.content, head.moved
    one, tiny = of_w.dtype.type(1.0), of_w.dtype.type(_TINY)
    gated, of_gated = np.empty_like(of_w), np.empty_like(of_w)
    mean = _dot(of_w, head.w)
    for n in range(N):
        of_logit = head.w[n] * (of_w[n] - mean)
        of_p[4] += of_logit * log(moved[n] + tiny)
        of_w[n] = of_logit * gamma / (moved[n] + tiny)  # from here on ∂w̃
        gated[n] = before[n] + g * (content[n] - before[n])
    of_s[2] = _dot(of_w[1:], gated[:-1]) + of_w[0] * gated[N - 1]
    of_s[1] = _dot(of_w, gated)
    of_s[0] = _dot(of_w[:-1], gated[1:]) + of_w[N - 1] * gated[0]
    _blend(of_w, head.s[0], head.s[1], head.s[2], of_gated)
    for n in range(N):
        of_p[0] += of_gated[n] * (content[n] - before[n])
        of_before[n] = (one - g) * of_gated[n]
        of_cosine[n] = g * of_gated[n]
    mean = _dot(of_cosine, content)
    for n in range(N):
        of_logit = content[n] * (of_cosine[n] - mean)
        of_p[2] += of_logit * head.cosine[n]
        of_cosine[n] = beta * of_logit


@njit(**_COMPILED)
def _key_back(
    given: Given, saved: Saved, head: Head, of_dot: Array, along: float, of_given: Given,
    b: int, h: int,
) -> None:  # fmt: skip
    """Back through ``_compare``, with c(n) = ∂K(n) / |M(n)| (``of_dot``) and Σ_n ∂K K (``along``).

    ∂k = (Σ_n c(n) M(n) - along k / |k|) / |k|;  ∂M(n) += c(n) (k / |k| - K(n) M(n) / |M(n)|).
    """
    W, N = given.memory.shape[1:]
    memory, row_norm, key_norm = given.memory[b], saved.row_norm[b], saved.key_norm[b, h]
    of_k, of_memory = of_given.steer[b, h * W : (h + 1) * W], of_given.memory[b]
    for j in range(W):
        of_k[j] = key_norm * (_dot(of_dot, memory[j]) - key_norm * along * head.k[j])
        for n in range(N):
            onto = head.cosine[n] * row_norm[n] * memory[j, n]
            of_memory[j, n] += of_dot[n] * (key_norm * head.k[j] - onto)


@njit(**_COMPILED)
def _squash_back(emitted: Array, of_steer: Array, W: int) -> None:
    """Back through ``_squash``: ∂emitted become ∂steer.

    tanh' = 1 - y²;  sigmoid' = y (1 - y);  softplus' = 1 - e^-y;  softmax as in ``_focus_back``.
    """
    one = emitted.dtype.type(1.0)
    for i in range(3 * W):
        of_steer[i] *= one - emitted[i] * emitted[i]
    for i in range(3 * W, 4 * W + 2):
        of_steer[i] *= emitted[i] * (one - emitted[i])
    for h in range(2):
        of_steer[4 * W + 2 + h] *= one - exp(-emitted[4 * W + 2 + h])
        of_steer[4 * W + 4 + h] *= one - exp(one - emitted[4 * W + 4 + h])
        s, of_s = emitted[4 * W + 6 + 3 * h :], of_steer[4 * W + 6 + 3 * h :]
        mean = s[0] * of_s[0] + s[1] * of_s[1] + s[2] * of_s[2]
        for i in range(3):
            of_s[i] = s[i] * (of_s[i] - mean)


def _build(sources: str, cache: bool) -> tuple[Any, ...]:
    """The entries; see ``training.compiled``."""

    @njit(nogil=True, cache=cache, **_COMPILED)
    def forward_entry(*arguments: Any) -> None:
        version = sources  # noqa: F841
        _forward_all(*arguments)

    @njit(nogil=True, cache=cache, **_COMPILED)
    def backward_entry(*arguments: Any) -> None:
        version = sources  # noqa: F841
        _backward_all(*arguments)

    return forward_entry, backward_entry


_forward, _backward = compiled(_build, [Path(__file__)])
