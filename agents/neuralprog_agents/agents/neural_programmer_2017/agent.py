"""The 2017 system as an agent: its config, its restart, and how it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from neuralprog_agents.agents.neural_programmer_2017.config import Config
from neuralprog_envs.registry import find
from neuralprog_envs.table.ops import SETS

if TYPE_CHECKING:
    from pathlib import Path

    from neuralprog_agents.agent import Outcome, Report, Stop
    from neuralprog_agents.agents.neural_programmer_2017.policy import WikiPolicy

__all__ = ["SUPERVISION", "Config", "check", "ensemble", "load", "restart"]

SUPERVISION = "answers"


def check(config: Config) -> None:
    """Raise ValueError if a config can't be learned."""
    if "real" not in find(config.env).tags:
        raise ValueError(f"neural_programmer_2017 learns NPWikiTableQuestions, not {config.env}")
    if "like" not in SETS.get(config.operations, ()):
        raise ValueError(f"operations: a set with 'like' (wiki, all), got {config.operations!r}")


def restart(config: Config, index: int, folder: Path, report: Report, stop: Stop) -> Outcome:
    """Do one restart; see ``neuralprog_agents.agent.AgentModule.restart``."""
    from neuralprog_agents.agents.neural_programmer_2017 import train

    return train.restart(config, index, folder, report, stop)


def load(weights: dict[str, NDArray[Any]], card: dict[str, Any]) -> WikiPolicy:
    """Return the policy of trained weights.

    Args:
        weights: The networks' parameters, float16 or float32, by "number.name".
        card: "env", "settings", "shape", "networks" and "beam", as ``restart`` gives them.

    Raises:
        ValueError: The weights do not fit the shape.
    """
    from neuralprog_agents.agents.neural_programmer_2017.model import Shape, loaded
    from neuralprog_agents.agents.neural_programmer_2017.policy import WikiPolicy

    shape = Shape(**{**card["shape"], "operations": tuple(card["shape"]["operations"])})
    models = [loaded(shape, weights, f"{number}.") for number in range(int(card["networks"]))]
    return WikiPolicy(card["env"], dict(card["settings"]), models, int(card["beam"]))


def ensemble(policies: list[WikiPolicy]) -> WikiPolicy:
    """Return policies as one: the logarithms of their networks' probabilities are averaged.

    Raises:
        ValueError: They were trained for different words or operations.
    """
    first, *others = policies
    if not all(first.alike(other) for other in others):
        raise ValueError("these networks know different words or operations: train them alike")
    return first.joined(others)
