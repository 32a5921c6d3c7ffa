"""What stands above every frame: task, step, action, reward and outcome, as a drawing and as text.

The outcome has a mark beside its word: ✓, ✗, or none while the episode runs.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuralprog_envs.core.drawing import Drawing, Line, Placed, Text
from neuralprog_envs.core.parts import Mark, chip

HEIGHT = 92
"""The height of a header, in units."""

_DOT = "  ·  "


@dataclass(frozen=True)
class Header:
    """What an episode is about and how it goes.

    Attributes:
        env_id: The environment's id.
        task: What is to be done, in a few words; may be empty.
        step: Steps so far.
        limit: The step limit; None where there is none.
        action: The last action in words.
        reward: The reward of the last step; None where it is not known.
        outcome: How the episode stands, in a word, and whether that is good.
    """

    env_id: str
    task: str
    step: int
    limit: int | None
    action: str
    reward: float | None
    outcome: tuple[str, Mark]

    def text(self) -> str:
        """Return three lines."""
        task = f"{self.env_id}: {self.task}" if self.task else self.env_id
        return f"{task}\n{self._progress(' | ')} | {self.outcome[0]}\naction {self.action}"

    def drawing(self, width: float) -> Drawing:
        """Return the header of a frame whose content has a width."""
        word, mark = self.outcome
        outcome = chip(word, mark)
        room = width - outcome.width - 16
        return Drawing(
            width,
            HEIGHT,
            (
                Text(0, 12, self.task or self.env_id, 21, width=room),
                Text(0, 38, f"{self.env_id}{_DOT}{self._progress(_DOT)}", 14, "soft", width=width),
                Placed(width - outcome.width, 0, outcome),
                Text(0, 66, "action", 14, "soft"),
                Text(54, 66, self.action, 17, "accent", width=width - 54),
                Line(((0, 88), (width, 88)), "line", 1),
            ),
        )

    def _progress(self, separator: str) -> str:
        limit = "" if self.limit is None else f" of {self.limit:,}"
        reward = [] if self.reward is None else [f"reward {self.reward:.3g}"]
        return separator.join([f"step {self.step:,}{limit}", *reward])
