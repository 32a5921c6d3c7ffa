"""Questions with conditions on text columns.

    question  text fox A and greater 20.21 C sum C
    program   match[A] -> greater[C, 20.21] -> and -> sum[C]

The first half of the columns (rounded down) hold words, ten different ones each; the others hold
numbers. A condition on text names an entry, which occurs at least once, and its column.
Source: Neelakantan et al. 2016, section 3, text match, for tables of 2 and 5 columns. The paper's
own templates are not known to us: these are ours, and "match" is an exact match of the entry,
where the paper learns a soft one.
"""

from __future__ import annotations

from neuralprog_envs.table.definition import SyntheticQuestions
from neuralprog_envs.table.questions import grammar, text_kinds


def text_match() -> SyntheticQuestions:
    """Return the definition."""
    return SyntheticQuestions(grammar(text_kinds()), columns=(2, 5))
