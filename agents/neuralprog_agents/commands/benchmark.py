"""``benchmark``: speed, the comparison of all agents, an ablation, and a growing library."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from neuralprog_agents.commands.errors import SUCCESS, dashed, input_errors, refuse_flags
from neuralprog_agents.commands.train import check_workers

_FLAGS = {
    "speed": ("quick", "output", "baseline"),
    "compare": (
        "quick", "plan", "report", "output", "page", "agents", "envs", "seconds", "seeds",
        "workers", "ray",
    ),
    "ablation": ("output", "data", "report", "seeds"),
    "library": ("output", "report", "seeds"),
}  # fmt: skip
"""What can be measured, and the flags of each."""


def benchmark(args: Namespace) -> int:
    """Measure and write what was asked for; return the exit status."""
    known = _FLAGS[args.what]
    others = dict.fromkeys(flag for flags in _FLAGS.values() for flag in flags if flag not in known)
    refuse_flags(args, others, f"{args.what} takes {', '.join(map(dashed, known))}")
    check_workers(args.workers)
    _MEASURE[args.what](args)
    return SUCCESS


def _speed(args: Namespace) -> None:
    from neuralprog_agents.benchmark import elsewhere, growth, memory, profile, speed
    from neuralprog_agents.benchmark.comparison.main import LOG

    output = args.output or Path("runs/speed" if args.quick else "results")
    with input_errors():
        if args.baseline is not None:
            elsewhere.check(args.baseline)
        speed.releases(output / "speed.json")
        output.mkdir(parents=True, exist_ok=True)  # before the minutes of measuring
    with input_errors():
        rows = speed.measure(args.quick, args.baseline)
        curves = growth.measure(0.03 if args.quick else 0.2)
        memories = memory.measure(args.quick, output / LOG)
        speed.write(rows, profile.measure(), memories, curves, args.quick, output)


def _compare(args: Namespace) -> None:
    from neuralprog_agents.benchmark.comparison.main import main

    with input_errors():
        main(words=args.words, **{name: getattr(args, name) for name in _FLAGS["compare"]})


def _ablation(args: Namespace) -> None:
    from neuralprog_agents.benchmark import ablation

    base, output = ablation.SHORT, args.output or Path("results")
    with input_errors():
        seeds = ablation.SEEDS if args.seeds is None else args.seeds
        ablation.main(replace(base, data=args.data or ""), output, seeds, measure=not args.report)


def _library(args: Namespace) -> None:
    from neuralprog_agents.benchmark import library

    with input_errors():
        seeds = library.SEEDS if args.seeds is None else args.seeds
        library.main(args.output or Path("results"), seeds, measure=not args.report)


_MEASURE = {"speed": _speed, "compare": _compare, "ablation": _ablation, "library": _library}
