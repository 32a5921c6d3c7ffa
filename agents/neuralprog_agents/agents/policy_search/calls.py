"""The running calls of an episode: what a table's policy remembers of each, besides the machine."""

from __future__ import annotations

from neuralprog_agents.agents.policy_search.situations import Situation


class Calls:
    """A stack with an entry for each running call, the innermost last.

    Args:
        own_actions: K, how many of a call's own last actions are remembered.

    Attributes:
        own: The numbers plus 1 of each call's last K actions, the latest last; 0 before its first.
        follow_up: The number of the action that a call does next if its next situation is new.
    """

    def __init__(self, own_actions: int) -> None:
        self._begun: Situation = (0,) * own_actions
        self.own: list[Situation] = []
        self.follow_up: list[int | None] = []
        self._begin()

    def _begin(self) -> None:
        self.own.append(self._begun)
        self.follow_up.append(None)

    def acted(self, number: int, follow_up: int | None, deeper: int) -> None:
        """Note an action of the innermost call.

        Args:
            number: The number of the action.
            follow_up: See ``follow_up``.
            deeper: How many more calls are running now: 1 if it began one, -1 if it returned.
        """
        self.follow_up[-1] = follow_up
        self.own[-1] = (*self.own[-1], number + 1)[1:] if self._begun else self._begun
        if deeper > 0:
            self._begin()
        elif deeper < 0:
            self.own.pop()
            self.follow_up.pop()
