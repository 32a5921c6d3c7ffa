"""The one table of what is specified."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from neuralprog_agents.specifications.addition import ADDITION
from neuralprog_agents.specifications.hanoi import HANOI
from neuralprog_agents.specifications.sorting import BUBBLESORT, BUBBLESORT_LOOPS, MAXIMUM
from neuralprog_agents.specifications.specification import Specified

SPECIFICATIONS: Mapping[tuple[str, bool], Specified] = MappingProxyType(
    {
        ("NPIBubbleSort", True): BUBBLESORT,
        ("NPIBubbleSort", False): BUBBLESORT_LOOPS,
        ("NPIHanoi", True): HANOI,
        ("NPIAddition", True): ADDITION,
        ("NPIMax", True): MAXIMUM,
    }
)
"""By environment (its id without the version), and whether programs call themselves."""


def specifications(env_id: str, recursive: bool) -> Specified:
    """Return what an environment's programs must achieve.

    Raises:
        ValueError: They have no specifications.
    """
    name = env_id.partition("-v")[0]
    if (name, recursive) not in SPECIFICATIONS:
        known = ", ".join(f"{env} (recursive={value})" for env, value in SPECIFICATIONS)
        raise ValueError(
            f"{env_id} (recursive={recursive}): its programs have no specifications; {known} have"
        )
    return SPECIFICATIONS[name, recursive]
