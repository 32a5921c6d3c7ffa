"""``train`` and ``sweep``: restarts in a run folder, until one succeeds or until all are done."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, fields, replace
from importlib import import_module
from pathlib import Path
from statistics import mean, median
from typing import Any

from neuralprog_agents import registry
from neuralprog_agents.commands import errors
from neuralprog_agents.commands.hints import program
from neuralprog_agents.evaluation.agents import open_agent
from neuralprog_agents.training import config as settings
from neuralprog_agents.training import runs, shipped
from neuralprog_agents.training.checkpoint import CheckpointError
from neuralprog_agents.training.display import clock, progress
from neuralprog_agents.training.files import BusyError, locked, write_atomically, write_json
from neuralprog_agents.training.interrupts import InterruptError
from neuralprog_agents.training.pool import RayError, connect
from neuralprog_agents.training.ranges import RESTARTS
from neuralprog_agents.training.restarts import (
    MachineError,
    RecordError,
    Show,
    TrainingSummary,
    read_outcome,
    run_restarts,
)
from neuralprog_agents.training.runs import RunFolder
from neuralprog_agents.training.tracking import tracked
from neuralprog_envs.registry import find

_MOST_WORKERS = 1_024


def train(args: Namespace, overrides: Sequence[str]) -> int:
    """Try restarts until one succeeds; return the exit status."""
    check_workers(args.workers)
    with errors.input_errors():
        errors.check_targets(args.save)
        run = open_run("train", args, overrides)
    status = train_in(run, args.workers, _tracking(args))
    if status == errors.SUCCESS:
        _print_program(run, args.save)
    return status


def train_in(run: RunFolder, workers: int | None, tracking: Mapping[str, Any] | None = None) -> int:
    """Train in an open run folder; return the exit status."""
    summary = _work(run, workers, stop_at_first=True, tracking=tracking)
    if isinstance(summary, int):
        return summary
    print(_verdict(run, summary))
    return errors.SUCCESS if summary.winner is not None else errors.FAILURE


def _print_program(run: RunFolder, target: str | None) -> None:
    """Print the learned program as Python, where it has that form, and save it if asked."""
    with errors.input_errors():
        policy = open_agent(str(run.folder)).policy
    source = policy.program_source() if hasattr(policy, "program_source") else None
    if source is not None:
        print(f"\n{source}")
    if target is None:
        return
    if source is None:
        raise errors.UsageError(
            "--save: what this agent learned is a network, and no Python function"
        )
    with errors.input_errors():
        write_atomically(Path(target), source.encode())
    print(f"saved as {target}")


def sweep(args: Namespace, overrides: Sequence[str]) -> int:
    """Do all restarts and report the success rate; return the exit status."""
    check_workers(args.workers)
    count = [] if args.restarts is None else [f"--restarts={args.restarts}"]
    with errors.input_errors():
        if args.ray is not None:
            connect(args.ray)
        run = open_run("sweep", args, [*overrides, *count])
    summary = _work(run, args.workers, stop_at_first=False, ray=args.ray, tracking=_tracking(args))
    if isinstance(summary, int):
        return summary
    low, high = summary.interval
    with errors.input_errors():
        write_json(run.folder / "sweep.json", _report(run, summary))
    print(
        f"{run.agent} on {run.config.env}: {summary.succeeded} of {summary.tried} restarts "
        f"succeeded, {summary.succeeded / max(1, summary.tried):.1%} "
        f"(95 % interval {low:.1%} to {high:.1%}); "
        f"{summary.seconds_per_restart:.1f} seconds per restart; "
        f"{_cost(summary.cpu_seconds_per_success)}{run.folder / 'sweep.json'}"
    )
    return errors.SUCCESS


def _cost(costs: Sequence[float]) -> str:
    if not costs:
        return ""
    return f"CPU-seconds per success: median {median(costs):.2g}, mean {mean(costs):.2g}; "


def check_workers(workers: int | None) -> None:
    """Raise ``UsageError`` unless so many processes can run at once."""
    if workers is not None and not 1 <= workers <= _MOST_WORKERS:
        raise errors.UsageError(f"--workers must be from 1 to {_MOST_WORKERS:,}, got {workers}")


def open_run(kind: str, args: Namespace, overrides: Sequence[str]) -> RunFolder:
    """Return the run folder that the arguments ask for, a new one or one to go on with.

    Raises:
        ValueError: The settings or the folder are not right.
        OSError: The folder could not be made.
    """
    if args.track:
        import_module("wandb")  # before anything is written
    if args.resume is not None:
        return _resume(kind, Path(args.resume), args, overrides)
    if args.config is None:
        raise errors.UsageError(f"{kind} needs --config FILE or --resume RUN")
    path = shipped.locate(args.config)
    env = [f"--env={args.env}"] if args.env else []
    agent, config = settings.load(path, [*overrides, *env])
    check(agent, config)
    folder = Path(args.output) if args.output else runs.default_folder(agent, config.env)
    if kind == "sweep" and runs.is_run(folder):
        return _extend(runs.read(folder), agent, config)
    return runs.create(folder, kind, agent, config, ["neuralprog", *args.words])


def check(agent: str, config: Any) -> None:
    """Raise ValueError if a config can't be trained: what the agent says, and what all share."""
    find(config.env)
    if not RESTARTS.holds(config.restarts):
        raise ValueError(f"restarts must be {RESTARTS}, got {config.restarts}")
    if config.seed < 0:
        raise ValueError(f"seed must be at least 0, got {config.seed}")
    registry.check(agent, config)


def _resume(kind: str, folder: Path, args: Namespace, overrides: Sequence[str]) -> RunFolder:
    given = [*overrides, *[f"--{key}" for key in ("config", "output") if getattr(args, key)]]
    if given:
        raise errors.UsageError(f"--resume goes on exactly as it was: leave out {given[0]}")
    run = runs.read(folder)
    if run.kind != kind:
        raise errors.UsageError(f"{folder}: is a run of {run.kind}: neuralprog {run.kind} --resume")
    check(run.agent, run.config)
    if args.env and find(args.env) != find(run.config.env):
        raise errors.UsageError(f"{folder}: is a run on {run.config.env}, not on {args.env}")
    return run


def _extend(run: RunFolder, agent: str, config: Any) -> RunFolder:
    """Go on with a sweep under its own settings; only the number of restarts may differ."""
    if run.kind != "sweep" or run.agent != agent:
        raise runs.RunError(f"{run.folder}: is a run of {run.kind} with agent {run.agent}")
    for field in fields(config):
        before, now = getattr(run.config, field.name), getattr(config, field.name)
        if field.name != "restarts" and before != now:
            raise runs.RunError(
                f"{run.folder}: was begun with {field.name} {before}, not {now}; "
                f"name another --output"
            )
    with locked(run.folder / ".lock"):
        write_atomically(run.folder / "config.yaml", settings.dump(agent, config).encode())
    return replace(run, config=config)


def _work(
    run: RunFolder,
    workers: int | None,
    *,
    stop_at_first: bool,
    ray: str | None = None,
    tracking: Mapping[str, Any] | None = None,
) -> TrainingSummary | int:
    """Run the restarts and write the learned program; return an exit status if interrupted."""
    indices = range(run.config.restarts)
    try:
        with (
            locked(run.folder / ".lock"),
            progress() as shown,
            _followed(run, shown, tracking) as show,
        ):
            print(f"{run.kind}: {run.agent} on {run.config.env}, {run.folder}", file=sys.stderr)
            if (run.folder / "restarts").exists():
                runs.note_resumed(run)
            summary = run_restarts(
                run.agent, run.config, indices, run.folder, workers, stop_at_first, ray, show
            )
            _write_program(run, summary)
    except InterruptError:
        print(f"interrupted; {_how_to_go_on(run)}", file=sys.stderr)
        return errors.INTERRUPTED
    except (BusyError, CheckpointError, RayError, RecordError) as error:
        raise errors.UsageError(" ".join(str(error).split())) from error
    except (MachineError, OSError) as error:
        raise errors.StoppedError(f"{errors.one_line(error)}; then {_how_to_go_on(run)}") from error
    return summary


def _tracking(args: Namespace) -> dict[str, Any] | None:
    """Return what Weights & Biases is told of the run; None where it is not wanted."""
    if not args.track:
        return None
    return {"project": args.wandb_project_name, "entity": args.wandb_entity}


def _followed(
    run: RunFolder, show: Show, tracking: Mapping[str, Any] | None
) -> AbstractContextManager[Show]:
    return nullcontext(show) if tracking is None else tracked(run, show, **tracking)


def _how_to_go_on(run: RunFolder) -> str:
    return f"go on with: {program()} {run.kind} --resume {run.folder}"


def _write_program(run: RunFolder, summary: TrainingSummary) -> None:
    if summary.winner is None:
        return
    result = next(result for result in summary.results if result.index == summary.winner)
    outcome = read_outcome(run.folder, result)
    runs.finish(run, outcome, summary.winner, summary.tried, summary.succeeded)


def _verdict(run: RunFolder, summary: TrainingSummary) -> str:
    if summary.winner is None:
        return (
            f"no success: none of {summary.tried} restarts learned {run.config.env} "
            f"(95 % interval of the success rate: up to {summary.interval[1]:.1%}); "
            f"try another --seed, or more --restarts"
        )
    result = summary.results[-1]
    own = f" --env {run.config.env}" if ":" in run.config.env else ""
    return (
        f"success: restart {result.index} learned {run.config.env} in {clock(result.seconds)} "
        f"({summary.tried} tried); the program is {run.folder / runs.WEIGHTS}\n"
        f"score it with: {program()} evaluate --agent {run.folder}{own}"
    )


def _report(run: RunFolder, summary: TrainingSummary) -> dict[str, Any]:
    return {
        "agent": run.agent,
        "env": run.config.env,
        "restarts": summary.tried,
        "succeeded": summary.succeeded,
        "success_rate": summary.succeeded / max(1, summary.tried),
        "interval_95": list(summary.interval),
        "seconds_per_restart": summary.seconds_per_restart,
        "cpu_seconds_per_success": list(summary.cpu_seconds_per_success),
        "winner": summary.winner,
        "results": [asdict(result) for result in summary.results],
    }
