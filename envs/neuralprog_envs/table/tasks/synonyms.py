"""Questions on tables of numbers whose operations have several wordings.

    question  larger than 50.32 C and under 20.21 B total of A
    program   greater[C, 50.32] -> lesser[B, 20.21] -> and -> sum[A]

Source: Neelakantan et al. 2016, section 3, word variability; ``columns`` is 1 or 5 there.
"""

from __future__ import annotations

from neuralprog_envs.table.definition import SyntheticQuestions
from neuralprog_envs.table.questions import grammar, numeric_kinds


def synonyms() -> SyntheticQuestions:
    """Return the definition."""
    return SyntheticQuestions(grammar(numeric_kinds(), synonyms=True), columns=(1, 5))
