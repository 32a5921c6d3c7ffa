"""``tune``: search good settings of an agent within a budget of processor time."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from neuralprog_agents.commands import errors
from neuralprog_agents.training import config as settings
from neuralprog_agents.training import runs, shipped
from neuralprog_agents.training.files import locked, write_atomically
from neuralprog_agents.training.tuning import Study, StudyPlan, searched

BEST = "best.yaml"


def tune(args: Namespace, overrides: Sequence[str]) -> int:
    """Do a study, or the rest of one that was interrupted; return the exit status."""
    with errors.input_errors():
        plan, folder = _plan(args, overrides), Path(args.output or "")
        if not args.output:
            folder = runs.default_folder(plan.agent, "tune")
        study = Study(plan, folder, lambda text: print(text, flush=True))
        with locked(folder / ".lock"):
            config, score = study.run()
            head = (
                f"# {' '.join(['neuralprog', *args.words])}\n# score with new seeds: {score:.3f}\n"
            )
            text = head + settings.dump(plan.agent, config)
            write_atomically(folder / BEST, text.encode())
    print(f"{score:.3f} with new seeds: {folder / BEST}")
    return errors.SUCCESS


def _plan(args: Namespace, overrides: Sequence[str]) -> StudyPlan:
    if args.config is None:
        raise errors.UsageError("tune needs --config FILE")
    if min(args.seeds, args.trials) < 1 or not 0 < args.trial_seconds <= args.seconds:
        raise errors.UsageError(
            "--seeds and --trials must be at least 1, "
            "and --trial-seconds above 0 and at most --seconds"
        )
    path = shipped.locate(args.config)
    words = [*overrides, *([f"--env={args.env}"] if args.env else [])]
    agent = settings.read_agent(path)
    own = dict(_search(word) for word in args.search)
    search = searched(agent, path, words, own, args.metric)
    limits = (args.seconds, args.trial_seconds, args.seeds, args.trials)
    return StudyPlan(agent, str(path), tuple(words), search, *limits)


def _search(word: str) -> tuple[str, str]:
    key, equals, values = word.partition("=")
    if not equals:
        raise errors.UsageError(f"--search {word}: must be KEY=VALUES, as in width=[64, 128]")
    return key, values
