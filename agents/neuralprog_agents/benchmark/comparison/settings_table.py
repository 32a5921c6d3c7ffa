"""What each agent was set to, what it observed, and where it was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from neuralprog_agents.benchmark.comparison import formats, tasks
from neuralprog_agents.benchmark.comparison.cells import Cell, configure
from neuralprog_agents.benchmark.comparison.formats import NOTHING
from neuralprog_agents.benchmark.comparison.summary import ComparisonSummary, EntrantSummary
from neuralprog_envs.registry import find

_SETTINGS = """\
How many tasks have a file of their own in `configs/`, which are trained at lengths beyond the
longest default one, what is observed where that is not the environment's default, and on which
processors trainings were measured; all settings were found by hand, on these tasks and on some of
these seeds. The files of `search`, of `policy-gradient` and of the NRAM say for each tape how many
registers and steps a known program needs. What an agent counts as a sample differs, so numbers of
samples compare only within a unit. Pairs and instances that are used again count once, steps and
frames each time."""


def settings_table(s: ComparisonSummary) -> str:
    """Return what the columns are, and a table with a row for each trained agent of ours."""
    rows = []
    for each in (each for each in s.entrants if each.who.agent and not each.who.installed):
        stems = [each.who.file(result.env).stem for result in each.results]
        own = sum(not any(stem.startswith(family) for family in s.families) for stem in stems)
        files = f"{own} of {formats.count_tasks(len(stems))}"
        configs = {
            result.env: configure(Cell(each.who.name, result.env, seed=0), seconds=0).config
            for result in each.results
        }
        rows.append(
            [
                f"`{each.who.name}`",
                files,
                formats.listed(_trained_further(configs)) or NOTHING,
                _observed(configs) or NOTHING,
                each.who.samples,
                _processors(each) or NOTHING,
                each.who.note or NOTHING,
            ]
        )
    head = ["agent", "own files", "trained at greater lengths", "observation",
            "a sample is one of", "processors", "note"]  # fmt: skip
    return f"{_SETTINGS}\n\n{formats.table(head, rows)}"


def _trained_further(configs: Mapping[str, Any]) -> list[str]:
    """Return the tasks at whose trained lengths an entrant sees longer instances than judged on."""
    lengths = {env: getattr(config, "length", None) for env, config in configs.items()}
    return [
        find(env).name
        for env, own in lengths.items()
        if own is not None and max(np.ravel(own)) > tasks.longest(env)
    ]


def _observed(configs: Mapping[str, Any]) -> str:
    """Return what an entrant observes that is not the default, and on which tasks."""
    found: dict[str, list[str]] = {}
    for env, config in configs.items():
        own = getattr(config, "settings", {}).get("observation")
        shown = own or getattr(config, "observation", "")
        parts = [f'"{shown}"'] if shown else []
        if fields := getattr(config, "fields", ()):
            parts.append(f"of which {', '.join(fields)}" if shown else ", ".join(fields))
        if parts:
            found.setdefault(" ".join(parts), []).append(find(env).name)
    return "; ".join(f"{shown} on {formats.listed(envs)}" for shown, envs in found.items())


def _processors(each: EntrantSummary) -> str:
    """Return how many of an entrant's runs each kind of processor measured."""
    counts = Counter(str(run["machine"]) for result in each.results for run in result.runs)
    return ", ".join(f"{name}: {count}" for name, count in counts.most_common())
