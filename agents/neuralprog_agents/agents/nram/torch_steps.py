"""Training steps on the torch model: the readable reference of the compiled kernel.

Same signature, same noise, same order: crop by C2, add noise, Adam.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from neuralprog_agents.agents.nram.model import rollout
from neuralprog_agents.agents.nram.noise import normals
from neuralprog_agents.agents.nram.records import Batch, Hyper, Metrics, Schedule, TrainState
from neuralprog_agents.agents.nram.shape import Shape


class Moments(NamedTuple):
    """Theta and Adam's moments, each (P,)."""

    theta: Tensor
    m: Tensor
    v: Tensor


def to_tensors(batch: Batch) -> Batch:
    """The arrays of a batch as tensors: integers as int64, the mask as bool."""
    tape, target, mask, steps = (torch.as_tensor(np.asarray(part)) for part in batch)
    return Batch(tape.long(), target.long(), mask.bool(), steps.long())


def objective(
    theta: Tensor,
    shape: Shape,
    batch: Batch,
    bonus: float,
    hyper: Hyper,
) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
    """Loss of one batch of tensors, and (loss, mean entropy, error (B,)) to report."""
    result = rollout(
        theta,
        shape,
        batch,
        entropy=bonus,
        clip=hyper.clip_activations,
        epsilon=hyper.log_epsilon,
        renormalised=hyper.renormalise,
    )
    return result.loss, (result.loss, result.entropy.mean(), result.error)


def adam(moments: Moments, gradient: Tensor, rate: float, step: int, hyper: Hyper) -> Moments:
    """One update of Adam (Kingma and Ba, 2015); ``step`` counts from 1."""
    m = moments.m + (1 - hyper.beta1) * (gradient - moments.m)
    v = moments.v + (1 - hyper.beta2) * (gradient**2 - moments.v)
    mean, square = m / (1 - hyper.beta1**step), v / (1 - hyper.beta2**step)
    return Moments(moments.theta - rate * mean / (square.sqrt() + hyper.adam_epsilon), m, v)


def clip_norm(gradient: Tensor, bound: float) -> tuple[Tensor, Tensor]:
    """The gradient (P,), shortened to an L2 norm of at most C2, and its norm before."""
    norm = torch.linalg.vector_norm(gradient, dim=-1, keepdim=True)
    return gradient * (bound / norm).clamp(max=1.0), norm[..., 0]


def train_steps(
    shape: Shape,
    state: TrainState,
    batches: Batch,
    schedule: Schedule,
    hyper: Hyper,
    seed: int,
    *,
    dtype: torch.dtype = torch.float32,
) -> Metrics:
    """K training steps on K batches; see ``kernel.train_steps``, whose twin this is."""
    moments = Moments(*(torch.as_tensor(x).to(dtype) for x in _arrays(state)))
    data, K = to_tensors(batches), len(schedule.rate)
    B = data.tape.shape[1]
    series = np.full((3, K), np.nan, np.float32)
    errors, done = np.full((K, B), np.nan, np.float32), 0
    for k in range(K):
        batch = Batch(*(part[k] for part in data))
        theta = moments.theta.detach().requires_grad_()
        loss, (_, entropy, error) = objective(
            theta, shape, batch, float(schedule.entropy[k]), hyper
        )
        (gradient,) = torch.autograd.grad(loss, theta)
        gradient, norm = clip_norm(gradient, hyper.clip_norm)
        series[:, k] = loss.item(), entropy.item(), norm.item()
        errors[k] = error.cpu().numpy()
        if not np.isfinite(series[::2, k]).all():
            break
        gradient = gradient + _noise(schedule, k, seed, state.step + k, gradient)
        moments = adam(moments, gradient, float(schedule.rate[k]), state.step + k + 1, hyper)
        done += 1
    for array, tensor in zip(_arrays(state), moments, strict=True):
        array[:] = tensor.float().cpu().numpy()
    state.step += done
    finite = done == K and bool(np.isfinite(state.theta).all())
    return Metrics(series[0], series[1], errors.mean(1), errors, series[2], finite)


def _arrays(state: TrainState) -> tuple[Any, Any, Any]:
    return state.theta, state.m, state.v


def _noise(schedule: Schedule, k: int, seed: int, step: int, like: Tensor) -> Tensor | float:
    sigma = float(schedule.noise[k])
    return sigma * normals(seed, step, len(like)).to(like) if sigma > 0 else 0.0
