"""``demo``: the main job, from training to a program that is right on tapes far longer."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from neuralprog_agents.commands.errors import FAILURE, SUCCESS, UsageError, input_errors
from neuralprog_agents.commands.evaluate import print_table
from neuralprog_agents.commands.hints import program
from neuralprog_agents.commands.run import show
from neuralprog_agents.commands.train import check, train_in
from neuralprog_agents.evaluation.agents import open_agent
from neuralprog_agents.evaluation.evaluate import evaluate
from neuralprog_agents.loaded import LoadedAgent
from neuralprog_agents.training import config as settings
from neuralprog_agents.training import runs, shipped

CONFIG = "nram/copy-gradient"
LENGTHS = (20, 100, 1000)
EPISODES = 100
INPUT = (3, 1, 4, 1, 5)
WORKERS = 2


def demo(_args: Namespace) -> int:
    """Learn Copy from input/output pairs, score the program, show it; return the exit status."""
    with input_errors():
        run = _open(Path("runs/demo"))
    print(
        "An NRAM learns to copy an array from input/output pairs alone.\n"
        "(The first run on a machine compiles the kernel before it starts: a minute or less.)",
        flush=True,
    )
    status = train_in(run, WORKERS)
    if status != SUCCESS:
        return status
    if not _exact(run.folder):
        print("failure: the program is not right on every tape")
        return FAILURE
    _show_program(run.folder)
    _show_next_steps(run.folder)
    return SUCCESS


def _open(folder: Path) -> runs.RunFolder:
    """Return the demo's run: a new one, or one that was interrupted."""
    path = shipped.locate(CONFIG)
    agent, config = settings.load(path)
    check(agent, config)
    for place in (folder, *(folder.with_name(f"{folder.name}-{i}") for i in range(2, 1000))):
        if not place.exists():
            return runs.create(place, "train", agent, config, ["neuralprog", "demo"])
        if _interrupted(place, config):
            return runs.read(place)
    raise UsageError(f"{folder.parent}: too many demos here; remove some")


def _interrupted(folder: Path, config: object) -> bool:
    """Return whether a folder holds a run of this config that has not finished."""
    if not folder.is_dir() or not runs.is_run(folder) or (folder / runs.CARD).exists():
        return False
    run = runs.read(folder)
    return run.kind == "train" and bool(run.config == config)


def _exact(folder: Path) -> bool:
    agent = open_agent(str(folder))
    scores = list(evaluate(agent.policy, agent.env_id, LENGTHS, EPISODES, name=agent.name))
    print()
    print_table([scores])
    return all(score.success_rate == 1.0 for score in scores)


def _show_program(folder: Path) -> None:
    print(f"\nStep by step on {' '.join(map(str, INPUT))}:\n")
    show(LoadedAgent(open_agent(str(folder))).run(INPUT))


def _show_next_steps(folder: Path) -> None:
    here = program()
    print(
        f"\nTry next:\n"
        f'  {here} run --agent {folder} --input "7 2 9"\n'
        f"  {here} evaluate --agent {folder} --lengths 10 5000\n"
        f"  {here} train --config nram/reverse\n"
        f"  {here.removesuffix('neuralprog')}tensorboard --logdir {folder}"
    )
