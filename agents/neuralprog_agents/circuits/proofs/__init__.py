"""Complete checks of tape programs: what is proven here holds of every input that it names.

A program is a table with one circuit for each pattern of zero registers, and a time limit. There
are four kinds of proof:

- ``exhaustive``: every input up to a size, run on the machine. Any task but functions of numbers.
- ``functions``: every pair of numbers modulo every M up to a bound. Functions of numbers.
- ``symbolic``: one run for each shape of an input, with values that stand for all values. Tasks
  that move values about without looking at them, and sorting.
- ``induction``: every length, by a closed form of the run that an arithmetic solver checks. Tasks
  that move values about by formulas, and programs whose loops do not nest. Needs z3
  (``pip install "neuralprog[prove]"``) and is left out without it. Sorting by nested loops would
  take an invariant: after pass k, cells 1 to k hold the k least values in order.
"""

from __future__ import annotations

from contextlib import suppress
from importlib.util import find_spec

from neuralprog_agents.circuits.proofs import closed_form, exhaustive, functions, symbolic
from neuralprog_agents.circuits.proofs.program import TapeProgram
from neuralprog_agents.evaluation.certificate import Proof

__all__ = ["TapeProgram", "prove"]


def prove(program: TapeProgram) -> list[Proof]:
    """Return the proofs that the task and the program allow."""
    if functions.provable(program):
        return [functions.prove(program)]
    proofs = [exhaustive.prove(program)]
    if symbolic.provable(program):
        with suppress(symbolic.OpenError):  # looks at values: proven up to a size only
            proofs.append(symbolic.prove(program))
    if find_spec("z3") is not None:
        proofs += _for_every_length(program)
    return proofs


def _for_every_length(program: TapeProgram) -> list[Proof]:
    from neuralprog_agents.circuits.proofs import induction

    if not induction.provable(program):
        return []
    with suppress(symbolic.OpenError, closed_form.FormError):  # no such form: nothing is claimed
        return [induction.prove(program)]
    return []
