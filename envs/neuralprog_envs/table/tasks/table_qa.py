"""Questions on a table of several columns of numbers.

    question  greater 50.32 C and lesser 20.21 B sum A
    program   greater[C, 50.32] -> lesser[B, 20.21] -> and -> sum[A]

The 23 kinds of questions, each with a column after every comparison and after sum and print.
The paper's settings are ``columns=(1, 3)``, ``(1, 5)`` and ``(1, 10)`` in training and
``columns=3``, ``5`` and ``10`` in the test.
Source: Neelakantan et al. 2016, section 3, many columns.
"""

from __future__ import annotations

from neuralprog_envs.table.definition import SyntheticQuestions
from neuralprog_envs.table.questions import grammar, numeric_kinds


def table_qa() -> SyntheticQuestions:
    """Return the definition."""
    return SyntheticQuestions(grammar(numeric_kinds()), columns=(1, 3))
