"""Questions on a table of one column of numbers.

    question  greater 50.32 and lesser 80.7 sum
    table     row 1: 12.5 | row 2: 61.05 | row 3: 77.9
    program   greater[50.32] -> lesser[80.7] -> and -> sum
    answer    138.95

The 23 kinds of questions name no column. A user's input is {"table": a CSV file or rows,
"question": a question in these words}.
Source: Neelakantan et al. 2016, section 3, single column.
"""

from __future__ import annotations

from neuralprog_envs.table.definition import SyntheticQuestions
from neuralprog_envs.table.questions import grammar, numeric_kinds


def single_column() -> SyntheticQuestions:
    """Return the definition."""
    return SyntheticQuestions(grammar(numeric_kinds(), named=False), columns=(1, 1))
