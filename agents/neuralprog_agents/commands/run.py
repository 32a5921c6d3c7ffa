"""``run``: an agent applied to the user's own input, or to an instance of its environment."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuralprog_agents.agent import Answerer
from neuralprog_agents.commands import errors
from neuralprog_agents.evaluation.agents import open_typed
from neuralprog_agents.loaded import LoadedAgent, Run

_OF_A_RUN = (
    "agent", "input", "table", "length", "seed", "env", "memory_size", "json", "unfold", "gif",
)  # fmt: skip
"""The flags that say what is run, and what to make of it."""


def run(args: Namespace) -> int:
    """Let an agent act and show the trace and the answer; return the exit status."""
    with errors.input_errors():
        errors.check_targets(args.html, args.gif)
        if args.trace:
            return _show_trace(args)
        if args.agent is None:
            raise errors.UsageError("run needs --agent, or a --trace to show")
        agent = LoadedAgent(open_typed(args.agent, args.env))
        if isinstance(agent.agent.policy, Answerer) and (args.html or args.gif):
            raise ValueError(f"{agent.name} says its answer and does not act: no trace to draw")
        posed = agent.pose(args.input, args.table, args.length, args.seed, args.memory_size)
    with errors.reading_errors():
        done = agent.play(posed)
    _deliver(args, done)
    return errors.FAILURE if done.success is False else errors.SUCCESS


def _deliver(args: Namespace, done: Run) -> None:
    """Write what was asked for; with no file and no JSON, print the trace for people."""
    if args.html:
        with errors.input_errors():
            done.write_page(args.html)
        print(f"wrote {args.html}: open it in a browser", file=sys.stderr)
    if args.json:
        print(json.dumps(done.trace))
    if args.gif:
        with errors.input_errors():
            done.write_gif(args.gif)
        print(f"wrote {args.gif}", file=sys.stderr)
    if not (args.json or args.html or args.gif):
        show(done, args.unfold)


def show(done: Run, unfold: bool = False) -> None:
    """Print a trace, the answer, and the program if the policy can tell it."""
    text = done.text(unfold=unfold)
    print(text)
    if not text.splitlines()[-1].startswith("answer"):  # a table's trace ends with it
        print(f"\nanswer    {_listed(done.answer)}")
    if done.success is False:
        print(f"expected  {_listed(done.expected or [])}")
    if hasattr(done.agent.policy, "program_text"):
        print(f"\nthe learned program\n{done.agent.policy.program_text()}")


def _listed(items: Sequence[Any]) -> str:
    return " ".join(str(item) for item in items)


def _show_trace(args: Namespace) -> int:
    """Write the page of a trace that was kept as a file."""
    from neuralprog_agents.training.files import write_atomically
    from neuralprog_agents.viewer.page import page, read_trace

    if not args.html:
        raise errors.UsageError("--trace FILE needs --html FILE: the page to write")
    errors.refuse_flags(args, _OF_A_RUN, "--trace shows a run of the past: leave this out")
    write_atomically(Path(args.html), page(read_trace(Path(args.trace))).encode())
    print(f"wrote {args.html}: open it in a browser", file=sys.stderr)
    return errors.SUCCESS
