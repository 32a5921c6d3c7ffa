"""``evaluate``: scores of agents, as a table or as one JSON object a line."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from neuralprog_agents.agent import Answerer
from neuralprog_agents.commands.errors import (
    SUCCESS,
    UsageError,
    check_targets,
    input_errors,
    one_line,
    reading_errors,
    refuse_flags,
)
from neuralprog_agents.evaluation.agents import Agent, open_typed
from neuralprog_agents.evaluation.evaluate import Score, check
from neuralprog_agents.evaluation.evaluate import evaluate as score
from neuralprog_agents.evaluation.release import answer_release
from neuralprog_agents.training.files import write_atomically
from neuralprog_envs.core.instances import SPLITS
from neuralprog_envs.registry import find
from neuralprog_envs.table.official import predictions

if TYPE_CHECKING:
    from rich.table import Table

_DEV = "random-split-1-dev"
"""The file of a release that is scored where none is named."""


def evaluate(args: Namespace) -> int:
    """Score agents in the environment of the first and print it; return the exit status."""
    with input_errors():
        first = open_typed(args.agent[0], args.env, args.seed)
        others = [open_typed(name, first.env_id, args.seed) for name in args.agent[1:]]
    if args.data or args.predictions or args.split not in (None, *SPLITS):
        if others:
            raise UsageError(f"a release's questions are asked of one agent, got {1 + len(others)}")
        return evaluate_release(first, args)
    agents, split = [first, *others], args.split or "test"
    with input_errors():
        for agent in agents if args.lengths else ():
            check(agent.policy, first.env_id, args.lengths, args.episodes, split)
        lengths = args.lengths or possible_lengths(agents, args.episodes, split)
    scores = (
        score(agent.policy, first.env_id, lengths, args.episodes, args.seed, split, agent.name)
        for agent in agents
    )
    with reading_errors():
        if args.json:
            _print_json(chain.from_iterable(scores))
        else:
            print_table(list(map(list, scores)))
    return SUCCESS


def possible_lengths(agents: Sequence[Agent], episodes: int, split: str) -> list[int]:
    """Return the default lengths of the first agent that all can be scored at; tell of the others.

    Ten times a length may take more steps than anyone has time for, or not fit a network.
    """
    possible, refusals = [], []
    for length in agents[0].test_lengths:
        try:
            for agent in agents:
                check(agent.policy, agents[0].env_id, [length], episodes, split)
            possible.append(length)
        except ValueError as error:
            refusals.append(error)
    if not possible:
        raise refusals[0]
    for refusal in refusals:
        print(f"neuralprog: not scored: {one_line(refusal)}", file=sys.stderr)
    return possible


def _print_json(scores: Iterable[Score]) -> None:
    """Print scores as one JSON object a line, each as soon as it is known."""
    for each in scores:
        record = {**asdict(each), "success_interval": each.success_interval}
        print(json.dumps(record), flush=True)


def evaluate_release(agent: Agent, args: Namespace) -> int:
    """Answer all questions of a release's file, print the score; return the exit status."""
    if "real" not in find(agent.env_id).tags:
        raise UsageError(_no_release(agent.env_id, args))
    refuse_flags(args, ("lengths", "episodes"), "all questions of a file are asked")
    if isinstance(agent.policy, Answerer):
        raise UsageError(f"{agent.name} says answers to synthetic questions only")
    questions = args.split or _DEV
    with input_errors():
        check_targets(args.predictions)
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


def _no_release(env_id: str, args: Namespace) -> str:
    """Return why there is no file of questions to ask in an environment."""
    for name in ("data", "predictions"):
        if getattr(args, name):
            return f"--{name}: only environments of real questions have a release, not {env_id}"
    return f"invalid choice: {args.split!r}; the splits of {env_id} are {', '.join(SPLITS)}"


def print_table(scores: Sequence[Sequence[Score]]) -> None:
    """Print each agent's scores: one in full, several side by side, with 95 % intervals."""
    from rich.console import Console

    first = scores[0][0]
    names = ", ".join(each[0].agent for each in scores)
    print(f"{names} on {first.env}, {first.episodes} episodes a length")
    Console().print(_full(scores[0]) if len(scores) == 1 else _beside(scores))


def _full(scores: Sequence[Score]) -> Table:
    table = _table(("length", "success", "95 % interval", "return", "steps", "seconds"))
    for each in scores:
        table.add_row(
            str(each.length),
            f"{each.success_rate:.1%}",
            _interval(each),
            f"{each.mean_return:.3g}",
            f"{each.mean_steps:.1f}",
            f"{each.seconds:.2f}",
        )
    return table


def _beside(scores: Sequence[Sequence[Score]]) -> Table:
    table = _table(("length", *(each[0].agent for each in scores)))
    for row in zip(*scores, strict=True):
        cells = (f"{each.success_rate:.1%} {_interval(each)}" for each in row)
        table.add_row(str(row[0].length), *cells)
    return table


def _table(headings: Sequence[str]) -> Table:
    from rich.table import Table

    table = Table()
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _interval(score: Score) -> str:
    low, high = score.success_interval
    return f"\\[{100 * low:.3g}, {100 * high:.3g}]"
