"""A question and its table as text: what answers quote, displays show and sequence models read."""

from __future__ import annotations

from neuralprog_envs.table.state import PosedTables
from neuralprog_envs.table.tables import Table
from neuralprog_envs.table.vocabulary import Vocabulary


def question_and_table(vocabulary: Vocabulary, posed: PosedTables) -> tuple[str, Table]:
    """Return the texts of a batch of one: those that a user gave, or else the tokens' words."""
    R, C = int(posed.length[0]), int(posed.column_count[0])
    if posed.texts.shape[1]:
        question, *grid = posed.texts[0]
        width = posed.names.shape[1]
        names, *rows = (tuple(grid[width * r : width * r + C]) for r in range(R + 1))
        return question, Table(names, tuple(rows))
    names = tuple(" ".join(vocabulary.decode(posed.names[0, c])) for c in range(C))
    cells = tuple(tuple(_cell(vocabulary, posed, r, c) for c in range(C)) for r in range(R))
    return _question(vocabulary, posed), Table(names, cells)


def number_text(value: float) -> str:
    """Return a number as people write it, with at most six decimals and no trailing zeros."""
    rounded = round(float(value), 6)
    return f"{rounded:.0f}" if rounded == int(rounded) else f"{rounded:.6f}".rstrip("0")


def _question(vocabulary: Vocabulary, posed: PosedTables) -> str:
    """Return the words of the question with its numbers back in their places."""
    words = vocabulary.decode(posed.question[0])
    parts = [[word] for word in words] or [[]]
    for i in range(int(posed.pivot_count[0])):
        parts[int(posed.pivot_position[0, i])].append(number_text(posed.pivots[0, i]))
    return " ".join(word for part in parts for word in part)


def _cell(vocabulary: Vocabulary, posed: PosedTables, row: int, column: int) -> str:
    if posed.valid[0, row, column]:
        return number_text(posed.numbers[0, row, column])
    return " ".join(vocabulary.decode(posed.words[0, row, column]))
