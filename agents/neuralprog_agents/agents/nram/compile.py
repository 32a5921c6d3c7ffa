"""From circuits to a controller: weights of an MLP whose choices are those of a table.

The other direction of ``discretise``, as Bunel et al., "Adaptive Neural Compilation" (NIPS 2016),
do it for an assembly language. One hidden unit stands for each pattern of flags: it is 1 where the
flags are certain and those of its pattern, 0 at every other corner, and falls off in between. All
its outgoing weights are ``sharpness`` at the choices of the pattern's circuit, so that a softmax
over S sources gives them the chance 1 / (1 + (S - 1) exp(-sharpness)).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralprog_agents.agents.nram.records import Floats
from neuralprog_agents.agents.nram.shape import Shape, unpack

SURE = 60.0
"""A sharpness at which the soft machine is the hard one: a step errs by less than 1e-24, and errors
grow from step to step, in long runs severalfold."""


def rewire(
    theta: Floats,
    shape: Shape,
    table: NDArray[np.int64],
    patterns: Sequence[int],
    sharpness: float = SURE,
) -> Floats:
    """Return weights of a controller that chooses a table's circuits.

    Args:
        theta: What to begin with, shape (P,). Hidden units that no pattern needs keep their
            incoming weights and lose their outgoing ones, so training can take them up again.
        shape: Its sizes.
        table: One circuit for each pattern, shape (2^R, K).
        patterns: Those that occur. For all others every logit will be 0.
        sharpness: The logit of a choice; others are 0. Below about 8, training can still change
            its mind.

    Raises:
        ValueError: The controller is no MLP, has too few hidden units, or other circuits.
    """
    _check(shape, table, patterns)
    theta = theta.copy()
    units = np.arange(len(patterns))
    (first, offset), *second, (weight, bias) = unpack(theta, shape)
    flags = np.asarray(patterns)[:, None] >> np.arange(shape.registers) & 1
    first[units], offset[units] = 2 * flags - 1, 1 - flags.sum(axis=1)
    for same, none in second:
        same[units], none[units] = np.eye(len(units), shape.hidden), 0
    weight[:], bias[:] = 0, 0
    starts = np.array([softmax.start for softmax in shape.softmaxes])
    weight[starts + table[patterns, :-1], units[:, None]] = sharpness
    weight[-1, units] = sharpness * (2 * table[patterns, -1] - 1)
    return theta


def _check(shape: Shape, table: NDArray[Any], patterns: Sequence[int]) -> None:
    if shape.controller != "mlp":
        raise ValueError("only an MLP can be compiled: a table has no memory")
    wanted = (2**shape.registers, shape.choices)
    if table.shape != wanted:
        raise ValueError(
            f"a table of shape {table.shape} does not fit {shape.registers} registers and "
            f"{shape.repetitions} repetitions, whose tables are {wanted}"
        )
    if len(patterns) > shape.hidden:
        raise ValueError(f"{len(patterns)} patterns need as many hidden units, not {shape.hidden}")
