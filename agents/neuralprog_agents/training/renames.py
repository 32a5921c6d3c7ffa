"""Settings and configs that have new names, so that old ones are refused with the new name.

``scripts/rename.py`` rewrites old cards and configs with the same table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from types import MappingProxyType

_SUCCESS = "success_rate, the share that must be right"
_STAGES = "gone: the gradient learner has stages"
_STEPS = "part of steps: [1, 0, 0] is n²"
_VALIDATION = {"judged": "validation_pairs", "judged_every": "validation_interval"}
SETTINGS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "alphanpi": {"steps": "call_steps, where [x, y] is x·n + y"},
        "neural_programmer": {
            "solved": _SUCCESS,
            "judged_every": "validation_interval",
            "most": "max_programs",
            "huber": _STAGES,
            "power": _STAGES,
            "entropy": _STAGES,
            "entropy_half_life": _STAGES,
            "dropout": "part of stages",
            "dropout_steps": _STAGES,
            "last_dropout": _STAGES,
            "lookup_weight": _STAGES,
        },
        "neural_programmer_2017": {
            "solved": _SUCCESS,
            "most": "programs_per_question",
            "judged": "validation_questions",
            "judged_every": "validation_interval",
        },
        "nram": {
            "solved": f"{_SUCCESS} (0.98 where solved was 0.02)",
            "square": _STEPS,
            "far": "longer_pairs",
            "hot": "initial_temperature",
            "cold": "final_temperature",
            "device": "gone: training runs on the CPU",
        },
        "ntm": {"solved": _SUCCESS, **_VALIDATION},
        "policy_gradient": {"near": "neighbour_share", "walk": "annealing_programs"},
        "policy_search": {
            "joining": "counterexamples_per_round",
            "like": "copy_action",
            "walk": "annealing_proposals",
        },
        "rl": {
            "solved": _SUCCESS,
            "judged": "validation_episodes",
            "judged_every": "validation_interval",
            "linger": "halt_bias, with the other sign",
            "scouts": "exploration_envs",
        },
        "search": {
            "square": _STEPS,
            "far": "longer_pairs",
            "hot": "initial_temperature",
            "cold": "final_temperature",
            "again": "more_changes",
            "borrow": "copy_wiring",
            "wander": "change_unvisited",
        },
        "seq2seq": {"solved": _SUCCESS, **_VALIDATION},
        "synthesis": {"joining": "counterexamples_per_round"},
    }
)
"""By agent and old name: what the setting is now, to follow "is now"; its new name comes first."""

CONFIGS: Mapping[str, str] = MappingProxyType(
    {
        **{
            f"nram/{task}-hybrid": f"nram/{task}"
            for task in ("access", "copy", "increment", "reverse")
        },
        **{
            f"library_learning/{old}": f"library_learning/{new}"
            for old, new in (
                ("addition", "reversedaddition"),
                ("tapes", "repeatcopy"),
                ("powers", "power"),
                ("arithmetic", "primality"),
                ("number-theory", "lcm"),
            )
        },
        "neural_programmer/tableqa-3": "neural_programmer/tableqa with --columns [1,3]",
        "neural_programmer/tableqa-5": "neural_programmer/tableqa with --columns [1,5]",
        "neural_programmer/tableqasynonyms-1": (
            "neural_programmer/tableqasynonyms with --columns [1,1]"
        ),
        "neural_programmer/textmatch-2": "neural_programmer/textmatch with --columns [2,2]",
    }
)
"""By the old name of a config, AGENT/NAME: what it is now."""


def refuse_old(agent: str, names: Iterable[str]) -> None:
    """Raise ValueError if one of an agent's settings has its old name; the message has the new."""
    old = SETTINGS.get(agent, {})
    for name in names:
        if name in old:
            raise ValueError(f"the setting {name} is now {old[name]}")


def new_config(path: PurePath) -> str:
    """Return what a missing config is called now, to end a message; empty if it was none."""
    now = CONFIGS.get(f"{path.parent.name}/{path.stem}")
    return f": it is now {now}" if now else ""
