"""What agents learn from that are paid for a program as a whole, in words."""

from __future__ import annotations

from typing import Literal

SUPERVISION = "rewards of programs"
_REWARDS = {"sparse": "success alone", "progress": "partial credit"}


def supervision(reward: Literal["sparse", "progress"]) -> str:
    """Return what is learned from: a program is paid its mean reward over input/output pairs."""
    return f"rewards on input/output pairs: {_REWARDS[reward]}"
