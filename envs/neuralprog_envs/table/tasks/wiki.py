"""Real questions on real tables: WikiTableQuestions, or the package's small sample of its kind.

    question  which nation has the most gold?
    program   reset -> reset -> max[Gold] -> print[Nation]
    answer    Arvonia

``gym.make("NPWikiTableQuestions-v0", data="FOLDER", questions="random-split-1-train",
length=(4, 100), columns=25, split="all")`` poses the release's own questions; the answer is judged
by the official rules. The release's files are its splits. ``split`` divides one file further;
"all" takes the whole file. A user's input is {"table": a CSV file or rows, "question": a
text} or the id of a question.
Source: Neelakantan et al. 2017; Pasupat and Liang 2015. See ``wikitables`` for the files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from neuralprog_envs.core import arguments
from neuralprog_envs.table import wikitables
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.table.ops import SETS
from neuralprog_envs.table.vocabulary import Vocabulary
from neuralprog_envs.table.wiki import Release, WikiSource

_SIZES: dict[str, Any] = {"question_words": 62, "name_words": 4, "cell_words": 6, "pivots": 2}


class _Defaults(NamedTuple):
    questions: str
    columns: int
    word_cutoff: int


_RELEASE, _SAMPLE = _Defaults("random-split-1-train", 25, 10), _Defaults("sample", 6, 1)


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
        **sizes: int,
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
            **sizes: Sizes of ``TableMachine``: ``question_words`` (62 by default),
                ``name_words`` (4), ``cell_words`` (6) and ``pivots`` (2).

        Raises:
            ValueError: Data are missing; the message says which, and where to get them.
        """
        root = wikitables.folder(data)
        default = _SAMPLE if root == wikitables.SAMPLE else _RELEASE
        programs = _programs(root, steps) if set(SETS["2017"]) <= set(operations) else {}
        read = wikitables.read_questions(root, questions or default.questions)
        release = Release(root, tuple(read), programs)
        cutoff = default.word_cutoff if word_cutoff is None else word_cutoff
        if vocabulary is None:
            words = release.vocabulary(arguments.integer("word_cutoff", cutoff, 1))
        else:
            words = Vocabulary.of(arguments.words("vocabulary", vocabulary))
        machine = TableMachine(
            rows=rows,
            columns=default.columns if columns is None else columns,
            operations=operations,
            vocabulary=words,
            steps=steps,
            **{**_SIZES, **sizes},
        )
        return WikiSource(release, machine)


def _programs(root: Path, steps: int) -> dict[str, str]:
    """Return the programs of the release's folder that have at most so many steps."""
    programs = wikitables.read_programs(root)
    return {name: text for name, text in programs.items() if text.count("->") < steps}
