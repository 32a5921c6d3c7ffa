"""``benchmark``: speed, and the comparison of all agents."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from neuralprog_agents.commands.errors import SUCCESS, input_errors
from neuralprog_agents.commands.train import check_workers


def benchmark(args: Namespace) -> int:
    """Measure and write what was asked for; return the exit status."""
    check_workers(args.workers)
    if args.what in ("speed", "all"):
        _speed(args)
    if args.what in ("compare", "all"):
        _compare(args)
    return SUCCESS


def _speed(args: Namespace) -> None:
    from neuralprog_agents.benchmark import speed

    rows = speed.measure(args.quick)
    output = args.output or Path("runs/speed" if args.quick else "results")
    with input_errors():
        speed.write(rows, args.quick, output)


def _compare(args: Namespace) -> None:
    from neuralprog_agents.benchmark.comparison.main import main

    with input_errors():
        main(
            quick=args.quick,
            output=args.output,
            page=args.page,
            agents=args.agents,
            envs=args.envs,
            seconds=args.seconds,
            seeds=args.seeds,
            workers=args.workers,
            ray=args.ray,
            words=args.words,
        )
