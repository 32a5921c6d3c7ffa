"""``evaluate``: scores of an agent, as a table or as one JSON object a line."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from neuralprog_agents.agent import Answerer
from neuralprog_agents.commands.errors import SUCCESS, UsageError, input_errors
from neuralprog_agents.evaluation.agents import Agent, open_agent
from neuralprog_agents.evaluation.evaluate import Score, check
from neuralprog_agents.evaluation.evaluate import evaluate as score
from neuralprog_agents.evaluation.release import answer_release
from neuralprog_agents.training.files import write_atomically
from neuralprog_envs.core.instances import SPLITS
from neuralprog_envs.registry import find
from neuralprog_envs.table.official import predictions

_DEV = "random-split-1-dev"
"""The file of a release that is scored where none is named."""


def evaluate(args: Namespace) -> int:
    """Score an agent and print it; return the exit status."""
    with input_errors():
        agent = open_agent(args.agent, args.env, args.seed)
    if args.data or args.predictions or args.split not in (None, *SPLITS):
        return evaluate_release(agent, args)
    split = args.split or "test"
    with input_errors():
        lengths = args.lengths or agent.test_lengths
        check(agent.policy, agent.env_id, lengths, args.episodes, split)
    scores = score(agent.policy, agent.env_id, lengths, args.episodes, args.seed, split, agent.name)
    if args.json:
        for each in scores:
            print(json.dumps(asdict(each)), flush=True)
    else:
        print_table(list(scores))
    return SUCCESS


def evaluate_release(agent: Agent, args: Namespace) -> int:
    """Answer all questions of a release's file, print the score; return the exit status."""
    if "real" not in find(agent.env_id).tags:
        asked = "invalid choice: --data" if args.data else f"invalid choice: {args.split!r}"
        raise UsageError(f"{asked}; the splits of {agent.env_id} are {', '.join(SPLITS)}")
    if isinstance(agent.policy, Answerer):
        raise UsageError(f"{agent.name} says answers to synthetic questions only")
    questions = args.split or _DEV
    with input_errors():
        done = answer_release(agent.policy, agent.env_id, args.data, questions)
        if args.predictions:
            write_atomically(Path(args.predictions), predictions(done.answers).encode())
    record = done.record(agent.name, agent.env_id, questions)
    if args.json:
        print(json.dumps(record), flush=True)
    else:
        print(
            f"{agent.name} on {questions}: {record['correct']:,} of {record['episodes']:,} "
            f"questions right, {done.accuracy:.2%} ({record['answered']:,} answered, "
            f"{done.seconds:.0f} s)"
        )
    return SUCCESS


def print_table(scores: Sequence[Score]) -> None:
    """Print scores as a table with one row a length."""
    from rich.console import Console
    from rich.table import Table

    first = scores[0]
    table = Table(title=f"{first.agent} on {first.env}, {first.episodes} episodes a length")
    for heading in ("length", "success", "return", "steps", "seconds"):
        table.add_column(heading, justify="right")
    for each in scores:
        table.add_row(
            str(each.length),
            f"{each.success_rate:.1%}",
            f"{each.mean_return:.3g}",
            f"{each.mean_steps:.1f}",
            f"{each.seconds:.2f}",
        )
    Console().print(table)
