"""The questions of a release as training examples, with the programs that answer them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from neuralprog_agents.agents.neural_programmer_2017.config import Config
from neuralprog_agents.agents.neural_programmer_2017.features import Features, features_of
from neuralprog_agents.agents.neural_programmer_2017.labels import Values, labels
from neuralprog_agents.agents.neural_programmer_2017.programs import Explorer
from neuralprog_agents.agents.neural_programmer_2017.traces import Traces, traced
from neuralprog_envs.registry import make_task
from neuralprog_envs.table.features import ParsedQuestion
from neuralprog_envs.table.vocabulary import Vocabulary
from neuralprog_envs.table.wiki import Release, WikiSource


@dataclass(frozen=True)
class Example:
    """A training question.

    Attributes:
        features: The input of the networks, a batch of one.
        programs: The right programs.
    """

    features: Features
    programs: Traces


@dataclass(frozen=True)
class Questions:
    """What a network learns from, and what it is judged by.

    Attributes:
        settings: The environment's settings, with the known words.
        words: How many words are known, padding and unknown words included.
        source: The questions to learn from.
        judged: The questions that it is judged by.
    """

    settings: dict[str, Any]
    words: int
    source: WikiSource
    judged: WikiSource


def questions_of(config: Config) -> Questions:
    """Return the questions that a config names; the words are those of the first."""
    release = source_of(config, config.questions, ()).release
    vocabulary = vocabulary_of(release, config.word_cutoff)
    words = vocabulary.words[2:]
    return Questions(
        settings=settings(config, words),
        words=len(vocabulary),
        source=source_of(config, config.questions, words),
        judged=source_of(config, config.validation_questions, words),
    )


def settings(config: Config, words: Sequence[str]) -> dict[str, Any]:
    """Return the environment's settings, without sizes and data.

    Args:
        config: The operations and T.
        words: The known words.
    """
    return {
        "operations": config.operations,
        "steps": config.steps,
        "vocabulary": list(words),
        "name_words": 4,
        "cell_words": 1,
    }


def source_of(config: Config, questions: str, words: Sequence[str]) -> WikiSource:
    """Return a file's questions; see ``settings``."""
    task: Any = make_task(
        config.env,
        length=1,
        data=config.data or None,
        questions=questions or None,
        **settings(config, words),
    )
    return cast(WikiSource, task.source)


def vocabulary_of(release: Release, cutoff: int) -> Vocabulary:
    """Return the words that occur at least ``cutoff`` times in questions and column names."""
    counts: Counter[str] = Counter()
    for question in release.questions:
        counts.update(ParsedQuestion(question.utterance).parts[0])
    for context in {question.context: None for question in release.questions}:
        counts.update(word for name in release.table(context).names for word in name)
    ordered = sorted(counts, key=lambda word: (-counts[word], word))
    return Vocabulary.of(word for word in ordered if counts[word] >= cutoff)


def examples(source: WikiSource, without: Sequence[str] = ()) -> Iterator[Example | None]:
    """Yield the example of each question; None if no program is right.

    ``without`` names operations that no program may have.
    """

    @cache
    def values(context: str) -> Values:
        return Values.of(source.release.table(context).table)

    for number, question in enumerate(source.questions):
        there = source.release.sizes[number].all()
        yield example(source, number, values(question.context), without) if there else None


def example(
    source: WikiSource, number: int, values: Values, without: Sequence[str] = ()
) -> Example | None:
    """Return the example of one question, by its number; see ``examples``.

    ``values`` are those of its table, which has rows and columns.
    """
    question, fitting = source.questions[number], source.fitted([number])
    instance, machine = fitting.posed([number]), fitting.machine
    right = labels(values, question.target, question.canon)
    found = Explorer(machine, instance, without).search(right)
    if not found:
        return None
    start = machine.initial(instance)
    features = features_of(machine.observe(start), machine.operations).take(0)
    return Example(features, traced(machine, start, found))
