"""All programs of a sequence as one policy, which acts in one of their environments at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neuralprog_agents.circuits.policy import TablePolicy


class LibraryPolicy:
    """Each task's first program; it does whatever the one of ``env_id`` does.

    Raises:
        ValueError: There is none of ``env_id``.
    """

    def __init__(self, programs: Sequence[TablePolicy], env_id: str) -> None:
        first: dict[str, TablePolicy] = {}
        for policy in programs:
            first.setdefault(policy.env_id, policy)
        if env_id not in first:
            raise ValueError(f"there is no program for {env_id}: it was not learned")
        self.env_id = env_id
        self._programs, self._acting = first, first[env_id]

    @property
    def env_ids(self) -> tuple[str, ...]:
        """The environments of all programs, in the order in which they were learned."""
        return tuple(self._programs)

    def acting_in(self, env_id: str) -> TablePolicy:
        """Return the program for one of ``env_ids``; see ``agent.Versatile``."""
        return self._programs[env_id]

    def __getattr__(self, name: str) -> Any:
        """Return what the acting program has."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._acting, name)
