"""All questions of a file of a WikiTableQuestions release, answered and officially judged.

Unlike ``evaluate``, which draws episodes, this goes through every question once, in machines just
large enough for their tables; a question without an answer counts as wrong.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuralprog_agents.agent import Policy, Privileged
from neuralprog_envs.registry import make_task
from neuralprog_envs.table import official
from neuralprog_envs.table.task import TableTask
from neuralprog_envs.table.wiki import WikiSource

_TURN = 64
"""Questions that are answered at once, those with tables of like sizes together."""


@dataclass(frozen=True)
class Answered:
    """What a policy answered, in programs of T steps.

    ``answers`` has the items by the questions' ids, in the file's order; [] is no answer. ``right``
    says whether each answer is right by the official rules.
    """

    answers: dict[str, list[str]]
    right: list[bool]
    steps: int
    seconds: float

    @property
    def accuracy(self) -> float:
        """The fraction of all questions that are answered rightly."""
        return float(np.mean(self.right))

    def record(self, agent: str, env_id: str, split: str) -> dict[str, Any]:
        """Return the score in the types of JSON, with the keys of ``evaluate.Score`` and more."""
        return {
            "agent": agent,
            "env": env_id,
            "length": None,
            "split": split,
            "episodes": len(self.right),
            "seed": None,
            "answered": sum(map(bool, self.answers.values())),
            "correct": sum(self.right),
            "success_rate": self.accuracy,
            "mean_return": self.accuracy,
            "mean_steps": float(self.steps),
            "seconds": self.seconds,
        }


def answer_release(policy: Policy, env_id: str, data: str | None, questions: str) -> Answered:
    """Return a policy's answers to a file of questions of ``NPWikiTableQuestions``.

    ``data`` is the release's folder, None the one that the environment variable names;
    ``questions`` is a file of its folder "data", without ".tsv", or a file's path.

    Raises:
        ValueError: Data are missing or malformed; the message says which.
    """
    started = time.perf_counter()
    settings = {"length": 1, "data": data, "questions": questions, **policy.settings(1)}
    task: Any = make_task(env_id, **settings)
    source: WikiSource = task.source
    given = answers_of(policy, source)
    answers = {each.id: answer for each, answer in zip(source.questions, given, strict=True)}
    right = judged(source, given)
    return Answered(answers, right, source.machine.steps, time.perf_counter() - started)


def judged(source: WikiSource, given: Sequence[list[str]]) -> list[bool]:
    """Return whether each answer to a source's questions is right by the official rules.

    ``given`` has the items of an answer to each, in their order; [], no answer, is wrong.
    """
    return [
        bool(answer) and official.correct(answer, question.target, question.canon)
        for question, answer in zip(source.questions, given, strict=True)
    ]


def answers_of(policy: Policy, source: WikiSource) -> list[list[str]]:
    """Return a policy's answer to each of a source's questions; [] for none."""
    given: list[list[str]] = [[] for _ in source.questions]
    for turn in _turns(source):
        fitting = source.fitted(turn)
        for number, answer in zip(turn, _play(policy, fitting, turn), strict=True):
            given[number] = answer
    return given


def _turns(source: WikiSource) -> Iterator[list[int]]:
    rows = source.release.sizes[:, 0]
    order = [int(i) for i in np.argsort(rows, kind="stable") if rows[i] > 0]
    for first in range(0, len(order), _TURN):
        yield order[first : first + _TURN]


def _play(policy: Policy, source: WikiSource, numbers: list[int]) -> list[list[str]]:
    """Let a policy act on some questions at once; return their answers."""
    task, machine = TableTask(source), source.machine
    posed = source.posed(numbers)
    state = machine.initial(posed)
    if isinstance(policy, Privileged):
        policy.prepare(task, posed)
    policy.start(len(numbers))
    for _ in range(machine.steps):
        actions = policy.act(machine.observe(state), machine.action_mask(state))
        state = machine.step(state, actions)
    return [task.answer(state, row) for row in range(len(numbers))]
