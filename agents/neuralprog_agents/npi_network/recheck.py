"""Rechecks a certificate with an independent implementation: NumPy and 64-bit floats, no torch.

The verification set is computed again, and the network is evaluated from the paper's equations. A
certificate is reproduced if it claims what this shows, if the set has the size and the hash that it
names, and if the weights choose the expert's action at every step of every case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.evaluation.certificate import check_claim
from neuralprog_agents.npi_network.sizes import Sizes
from neuralprog_agents.npi_network.verification_set import (
    METHOD,
    claim,
    digest,
    verification_set,
)
from neuralprog_envs.program.frames import FrameBatch
from neuralprog_envs.program.library import ACT
from neuralprog_envs.registry import find, make_task

Weights = Mapping[str, NDArray[Any]]
Floats = NDArray[np.float64]

_AT_ONCE = 8192


def check_certificate(weights: Weights, card: Any, record: Mapping[str, Any]) -> None:
    """Recheck the entry of a certificate for one task of an NPI, given its weights and its card.

    Raises:
        ValueError: The claim does not hold; the message gives the reason.
    """
    domain, own = _task(card, record)
    task: Any = make_task(own.env, length=1, **own.settings)
    cases = verification_set(task)
    check_claim(record, METHOD, claim(task))
    check_cases(weights, card.sizes, cases, record, domain)


def check_cases(
    weights: Weights,
    sizes: Sizes,
    cases: FrameBatch,
    record: Mapping[str, Any],
    domain: int = 0,
) -> None:
    """Recheck the entry of a certificate on the verification set of the task at ``domain``.

    Raises:
        ValueError: The certificate is about another set, or cases fail.
    """
    claimed = record["cases"], record["details"].get("set_sha256")
    if claimed != (len(cases.program), digest(cases)):
        raise ValueError(
            f"the certificate is about another set of {claimed[0]:,} cases; the set of this task "
            f"has {len(cases.program):,} cases and SHA-256 {digest(cases)}"
        )
    wrong = sum(
        count_wrong(weights, sizes, cases, slice(first, first + _AT_ONCE), domain)
        for first in range(0, len(cases.program), _AT_ONCE)
    )
    if wrong != record["failing"] or wrong:
        raise ValueError(f"{wrong:,} of {len(cases.program):,} cases fail")


def _task(card: Any, record: Mapping[str, Any]) -> tuple[int, Any]:
    """Return the index of a certificate's task, and the card's entry for that task."""
    known = [find(task.env).id for task in card.learned]
    number = known.index(record["env"]) if len(known) > 1 else 0
    return number, card.learned[number]


def count_wrong(
    weights: Weights, sizes: Sizes, cases: FrameBatch, rows: slice, domain: int = 0
) -> int:
    """Return in how many cases the network differs from the expert at any step."""
    w = {name: array.astype(np.float64) for name, array in weights.items()}
    program, arguments, mask = cases.program[rows], cases.arguments[rows], cases.mask[rows]
    state = [np.zeros((2, len(program), sizes.hidden)) for _ in range(sizes.layers)]
    own, memory = sizes.domains[domain], sizes.order(domain)
    offsets = np.cumsum([own.first, *own.values])[:-1]
    right = np.ones(len(program), dtype=bool)
    for t in range(mask.shape[1]):
        seen = np.concatenate([cases.view[rows, t], arguments], axis=1) + offsets
        p = w["program_memory"][np.array(memory)[program - ACT]]
        decided = _decide(w, _step(w, p, seen, state), w["key_memory"][memory])
        right &= (decided == cases.target[rows, t]).all(axis=1) | ~mask[:, t]
    return int((~right).sum())


def _step(w: Weights, p: Floats, seen: NDArray[Any], state: list[Floats]) -> Floats:
    """Compute one step of the core: update h and c of each layer in place, return the last h."""
    rows = w["encoder.rows.weight"][seen].sum(axis=1)
    s = _affine(w, "encoder.out", np.maximum(rows, 0))
    x = np.concatenate([p, s], axis=1)
    x = _affine(w, "mlp.2", np.maximum(_affine(w, "mlp.0", x), 0))
    for layer, (h, c) in enumerate(state):
        gates = x @ w[f"lstm.weight_ih_l{layer}"].T + w[f"lstm.bias_ih_l{layer}"]
        gates += h @ w[f"lstm.weight_hh_l{layer}"].T + w[f"lstm.bias_hh_l{layer}"]
        i, f, g, o = np.split(gates, 4, axis=1)
        c[:] = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h[:] = _sigmoid(o) * np.tanh(c)
        x = h
    return x


def _decide(w: Weights, h: Floats, keys: Floats) -> NDArray[np.int64]:
    """Return the actions, shape (F, 4): RETURN where rₜ ≥ ½, else the likeliest call."""
    program = (_affine(w, "key", h) @ keys.T).argmax(axis=1) + ACT
    arguments = [_affine(w, f"arguments.{k}", h).argmax(axis=1) for k in range(3)]
    goes_on = _affine(w, "end", h)[:, 0] < 0
    return np.stack([program, *arguments], axis=1) * goes_on[:, None]


def _affine(w: Weights, name: str, x: Floats) -> Floats:
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def _sigmoid(x: Floats) -> Floats:
    return 0.5 + 0.5 * np.tanh(0.5 * x)
