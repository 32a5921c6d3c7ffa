"""``evaluate``: scores of an agent, as a table or as one JSON object a line."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterable, Sequence

from neuralprog_agents.commands.errors import SUCCESS, input_errors
from neuralprog_agents.evaluation.agents import open_agent
from neuralprog_agents.evaluation.evaluate import Score, check
from neuralprog_agents.evaluation.evaluate import evaluate as score


def evaluate(args: Namespace) -> int:
    """Score an agent and print it; return the exit status."""
    with input_errors():
        agent = open_agent(args.agent, args.env, args.seed)
        lengths = args.lengths or agent.test_lengths
        check(agent.policy, agent.env_id, lengths, args.episodes, args.split)
    scores = score(
        agent.policy, agent.env_id, lengths, args.episodes, args.seed, args.split, agent.name
    )
    if args.json:
        for each in scores:
            print(json.dumps(each.record()), flush=True)
    else:
        print_table(list(scores))
    return SUCCESS


def print_table(scores: Sequence[Score]) -> None:
    """Print scores as a table with one row a length."""
    from rich.console import Console
    from rich.table import Table

    first = scores[0]
    table = Table(title=f"{first.agent} on {first.env}, {first.episodes} episodes a length")
    for heading in ("length", "success", "return", "steps", "seconds"):
        table.add_column(heading, justify="right")
    for row in _rows(scores):
        table.add_row(*row)
    Console().print(table)


def _rows(scores: Iterable[Score]) -> list[list[str]]:
    return [
        [
            str(each.length),
            f"{each.success_rate:.1%}",
            f"{each.mean_return:.3g}",
            f"{each.mean_steps:.1f}",
            f"{each.seconds:.2f}",
        ]
        for each in scores
    ]
