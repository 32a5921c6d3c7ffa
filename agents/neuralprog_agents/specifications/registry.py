"""The table of all task specifications."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from neuralprog_agents.specifications.addition import ADDITION
from neuralprog_agents.specifications.hanoi import HANOI
from neuralprog_agents.specifications.sorting import BUBBLESORT, BUBBLESORT_LOOPS, MAXIMUM
from neuralprog_agents.specifications.specification import TaskSpecification

SPECIFICATIONS: Mapping[tuple[str, bool], TaskSpecification] = MappingProxyType(
    {
        ("NPIBubbleSort", True): BUBBLESORT,
        ("NPIBubbleSort", False): BUBBLESORT_LOOPS,
        ("NPIHanoi", True): HANOI,
        ("NPIAddition", True): ADDITION,
        ("NPIMax", True): MAXIMUM,
    }
)
"""By environment (its id without the version) and whether the programs are recursive."""


def specifications(env_id: str, recursive: bool) -> TaskSpecification:
    """Return the specifications of an environment's programs.

    Raises:
        ValueError: There are none.
    """
    name = env_id.partition("-v")[0]
    if (name, recursive) not in SPECIFICATIONS:
        known = ", ".join(f"{env} (recursive={value})" for env, value in SPECIFICATIONS)
        raise ValueError(
            f"{env_id} (recursive={recursive}) has no specifications: they exist for {known}"
        )
    return SPECIFICATIONS[name, recursive]
