"""Real questions on real tables: WikiTableQuestions, or the package's small sample of its kind.

    question  which nation has the most gold?
    program   reset -> reset -> max[Gold] -> print[Nation]
    answer    Arvonia

``gym.make("NPWikiTableQuestions-v0", data="FOLDER", questions="random-split-1-train",
length=(4, 100), columns=25, split="all")`` poses the release's own questions; the answer is judged
by the official rules. The release's files are its splits: ``split`` divides one file further, so
say "all" to play the whole of it. A user's input is {"table": a CSV file or rows, "question": a
text} or the id of a question.
Source: Neelakantan et al. 2017; Pasupat and Liang 2015. See ``wikitables`` for the files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from neuralprog_envs.table import wikitables
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.table.ops import SETS
from neuralprog_envs.table.vocabulary import Vocabulary
from neuralprog_envs.table.wiki import Library, WikiSource


@dataclass(frozen=True)
class WikiTableQuestions:
    """The definition."""

    operations: str = "2017"

    def source(
        self,
        *,
        rows: int,
        steps: int,
        operations: tuple[str, ...],
        data: str | None = None,
        questions: str | None = None,
        columns: int | None = None,
        vocabulary: Sequence[str] | None = None,
        word_cutoff: int | None = None,
        question_words: int = 62,
        name_words: int = 4,
        cell_words: int = 6,
        pivots: int = 2,
    ) -> WikiSource:
        """Return the questions of the given settings.

        Args:
            rows: The most rows; questions on larger tables are not posed.
            steps: T.
            operations: Names of operations.
            data: The release's folder; by default what WIKITABLEQUESTIONS names, else the sample.
            questions: A file of its folder ``data`` without ".tsv", or a file's path; by default
                "random-split-1-train", and "sample" for the sample.
            columns: The most columns; by default 25 (the release's most), 6 for the sample.
            vocabulary: The known words; by default those of the questions and their tables.
            word_cutoff: How often a word must occur to be known by default: 10, 1 in the sample.
            question_words: Words of a question that are kept.
            name_words: Words of a column's name that are kept.
            cell_words: Words of a cell that are kept.
            pivots: Numbers of a question that are kept.

        Raises:
            ValueError: Data are missing; the message says which, and where they are to be had.
        """
        root = wikitables.folder(data)
        ours = root == wikitables.SAMPLE
        name = questions or ("sample" if ours else "random-split-1-train")
        library = Library(
            root,
            tuple(wikitables.read_questions(root, name)),
            _programs(root, steps) if set(SETS["2017"]) <= set(operations) else {},
        )
        cutoff = (1 if ours else 10) if word_cutoff is None else word_cutoff
        words = library.vocabulary(cutoff) if vocabulary is None else Vocabulary.of(vocabulary)
        machine = TableMachine(
            rows=rows,
            columns=(6 if ours else 25) if columns is None else columns,
            operations=operations,
            vocabulary=words,
            question_words=question_words,
            name_words=name_words,
            cell_words=cell_words,
            steps=steps,
            pivots=pivots,
        )
        return WikiSource(library, machine)


def _programs(root: Path, steps: int) -> dict[str, str]:
    """Return the programs of the release's folder that have at most so many steps."""
    programs = wikitables.read_programs(root)
    return {name: text for name, text in programs.items() if text.count("->") < steps}
