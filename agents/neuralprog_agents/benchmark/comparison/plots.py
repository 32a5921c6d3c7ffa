"""The plots of the comparison, one PNG each, a panel a family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from neuralprog_agents.benchmark.comparison import tasks
from neuralprog_agents.benchmark.comparison.entrants import ENTRANTS, Entrant
from neuralprog_agents.benchmark.comparison.summary import ComparisonSummary
from neuralprog_agents.training.files import write_atomically

PLOTS: Mapping[str, str] = MappingProxyType(
    {
        "time": "Tasks and seeds solved within a training time, of all that the agent attempted.",
        "length": "Mean success over all tasks attempted against length, in multiples of the "
        "longest trained one (shaded: trained), as far as all can be played.",
        "memory": "Samples to solve a task against the size of its memory, in multiples of the "
        "default one.",
    }
)

_MARKERS = "os^Dv*"


def draw(summary: ComparisonSummary, folder: Path) -> None:
    """Write ``compare-NAME.png`` for each plot; "memory" only where it was measured."""
    import matplotlib as mpl

    mpl.use("Agg")
    _panels(summary, _time, folder / "compare-time.png", sharey=True)
    _panels(summary, _length, folder / "compare-length.png", sharey=True)
    if summary.grown:
        _panels(summary, _memory, folder / "compare-memory.png", sharey=False)


Panel = Callable[[Any, ComparisonSummary, str], None]


def _panels(summary: ComparisonSummary, panel: Panel, path: Path, *, sharey: bool) -> None:
    """Draw a panel a family, with one legend for all."""
    from matplotlib import pyplot as plt

    families = summary.families
    figure, axes = plt.subplots(
        1, len(families), figsize=(4.2 * len(families), 3.6), sharey=sharey, squeeze=False
    )
    for axis, family in zip(axes[0], families, strict=True):
        panel(axis, summary, family)
        axis.set_title(family)
        axis.grid(alpha=0.3)
    handles = {
        label: handle
        for axis in axes[0]
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        handles.values(), handles.keys(), loc="outside right upper", fontsize=7, frameon=False
    )
    figure.set_layout_engine("constrained")
    content = BytesIO()
    figure.savefig(content, format="png", dpi=110, metadata={"Software": None})
    write_atomically(path, content.getvalue())
    plt.close(figure)


def _look(entrant: Entrant) -> dict[str, Any]:
    """Return an entrant's colour, of its agent's hue, and its mark: the same in every plot."""
    import matplotlib as mpl

    alike = [each.name for each in ENTRANTS if each.colours == entrant.colours]
    place = alike.index(entrant.name)
    shade = float(np.linspace(0.9, 0.4, len(alike))[place])
    look = {
        "color": mpl.colormaps[entrant.colours](shade),
        "marker": _MARKERS[place % len(_MARKERS)],
    }
    return {**look, "markersize": 4, "label": entrant.name}


def _time(axis: Any, summary: ComparisonSummary, family: str) -> None:
    for who in summary.entrants:
        attempted = summary.attempted(who.name, family)
        if not who.agent or not attempted:
            continue
        seconds = sorted(record["cpu_seconds"] for r in attempted for record in r.solvers)
        total = sum(len(result.records) for result in attempted)
        share = np.arange(len(seconds) + 1) / total
        axis.step([0.01, *seconds], share, where="post", **_look(who))
    axis.set_xscale("log")
    axis.set_xlabel("CPU-seconds of training")
    axis.set_ylabel("solved")


def _length(axis: Any, summary: ComparisonSummary, family: str) -> None:
    for who in summary.entrants:
        attempted = summary.attempted(who.name, family)
        played = [k for k in tasks.MULTIPLES if attempted and all(r.at(k) for r in attempted)]
        known = [(k, float(np.mean([x for r in attempted for x in r.at(k)]))) for k in played]
        if known:
            axis.plot(*zip(*known, strict=True), **_look(who))
    axis.axvspan(0.8, 1.0, color="0.9")
    axis.set_xscale("log")
    axis.set_xticks(tasks.MULTIPLES, [str(k) for k in tasks.MULTIPLES])
    axis.set_xlim(0.8, max(tasks.MULTIPLES) * 1.2)
    axis.set_ylim(-0.03, 1.03)
    axis.set_xlabel("length, in multiples of the longest trained")
    axis.set_ylabel("success")


def _memory(axis: Any, summary: ComparisonSummary, family: str) -> None:
    envs = summary.family(family)
    sizes = {1: summary.results, **summary.grown}
    for who in summary.entrants:
        points = [
            (factor, samples)
            for factor, results in sizes.items()
            for (name, env), result in results.items()
            if name == who.name and env in envs and (who.name, env) in summary.grown[max(sizes)]
            if result.measured and result.solved and (samples := result.median("samples"))
        ]
        if points:
            axis.plot(*zip(*points, strict=True), **_look(who))
    axis.set_xscale("log", base=2)
    axis.set_xticks(sorted(sizes), [str(factor) for factor in sorted(sizes)])
    axis.set_yscale("log")
    axis.set_xlabel("memory, in multiples of the default")
    axis.set_ylabel("samples to solve")
