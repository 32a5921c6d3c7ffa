"""What charts call the numbers that a restart reports, and what each means."""

from __future__ import annotations

from typing import NamedTuple


class Label(NamedTuple):
    """A number's name in charts, ``group/words``, and what it is; empty if only its agent says."""

    tag: str
    description: str


LABELS = {
    "progress": Label("training/share of the budget", "How much of the budget is used, 0 to 1."),
    "samples": Label(
        "training/samples",
        "The pairs, frames, questions, calls or actions that were learned from so far.",
    ),
    "frames": Label("training/frames", "The frames of traces in the training set."),
    "cpu_seconds": Label("training/CPU-seconds", "The processor time of the restart so far."),
    "loss": Label(
        "training/loss", "What the gradient makes smaller, in the last chunk of updates."
    ),
    "error": Label("training/error", "The part of the answers that was wrong in the last chunk."),
    "level": Label("curriculum/level", "The longest instances that are trained on now."),
    "turn": Label("curriculum/turn", "Which turn of gradient and repair is under way, from 1."),
    "hardening": Label(
        "curriculum/hardening", "1 while the choices of the network are driven towards 0 and 1."
    ),
    "reward": Label("episodes/return", "The mean sum of the rewards of the last episodes."),
    "episode_steps": Label("episodes/steps", "The mean number of steps of the last episodes."),
    "accuracy": Label(
        "validation/accuracy", "The part of the validation questions answered right."
    ),
    "success": Label("validation/success rate", "The part of the validation instances solved."),
    "best": Label("validation/best so far", "The best judgement since the restart began."),
    "alone": Label(
        "validation/success rate without search", "How often the network alone fulfils a program."
    ),
    "worst": Label("validation/success rate of the worst program", "The same, of that program."),
    "searched": Label("search/success rate", "How often the tree search fulfils a program."),
    "score": Label("search/score of the program", "That of the program that is held now."),
    "right": Label("search/share of the pairs right", "By the program that is held now."),
    "fits": Label("search/programs that fit", "How many fitted all pairs in use, up to now."),
    "failing": Label(
        "proof/failing frames",
        "Frames of the training set that the network gets wrong; -1: unknown.",
    ),
    "unproven": Label(
        "proof/unproven frames",
        "Frames of the verification set that failed last; -1: no proof yet.",
    ),
}
"""The label of each number, by the name under which agents report it."""


def label(name: str) -> Label:
    """Return the label of a number; one that is not in the table is under ``agent/``."""
    return LABELS.get(name) or Label(f"agent/{name.replace('_', ' ')}", "")
