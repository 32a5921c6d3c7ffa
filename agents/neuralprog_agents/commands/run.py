"""``run``: an agent applied to the user's own input, or to an instance of its environment."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuralprog_agents.agent import Answerer
from neuralprog_agents.commands.errors import (
    FAILURE,
    SUCCESS,
    UsageError,
    check_targets,
    input_errors,
)
from neuralprog_agents.evaluation.agents import Agent, open_agent
from neuralprog_agents.evaluation.apply import Application, apply
from neuralprog_agents.evaluation.inputs import example, opened, prepare, read_input


def run(args: Namespace) -> int:
    """Let an agent act and show the trace and the answer; return the exit status."""
    with input_errors():
        check_targets(args.html, args.gif)
        if args.trace:
            return _show_trace(args)
        if args.agent is None:
            raise UsageError("run needs --agent, or a --trace to show")
        agent = open_agent(args.agent, args.env)
        if isinstance(agent.policy, Answerer) and (args.html or args.gif):
            raise ValueError(f"{agent.name} says its answer and does not act: no trace to draw")
        if args.input is None:
            values = posed = None
            env = example(agent.policy, agent.env_id, args.length)
        else:
            values = read_input(agent.env_id, args.input, args.table)
            posed = opened(values)
            env = prepare(agent.policy, agent.env_id, posed, args.memory_size)
    done = apply(agent.policy, env, posed, args.seed)
    _deliver(args, agent, done, values)
    return FAILURE if done.success is False else SUCCESS


def _deliver(args: Namespace, agent: Agent, done: Application, values: Any) -> None:
    """Write what was asked for; with no file and no JSON, print the trace for people."""
    if args.json or args.html:
        trace = trace_of(agent, done, values, args.seed)
        if args.html:
            _write_page(args.html, trace)
        if args.json:
            print(json.dumps(trace))
    if args.gif:
        _write_gif(args.gif, done)
    if not (args.json or args.html or args.gif):
        show(agent, done, args.unfold)


def trace_of(agent: Agent, done: Application, values: Any, seed: int = 0) -> dict[str, Any]:
    """Return the whole trace of ``trace.schema.json``."""
    posed = {"input": values} if values is not None else {"seed": seed}
    trace = {"agent": agent.name, "env": agent.env_id, **posed, **done.trace}
    if hasattr(agent.policy, "program_text"):
        trace["program"] = agent.policy.program_text()
    return trace


def show(agent: Agent, done: Application, unfold: bool = False) -> None:
    """Print a trace, the answer, and the program if the policy can tell it."""
    text = done.text(unfold=unfold)
    print(text)
    if not text.splitlines()[-1].startswith("answer"):  # a table's trace ends with it
        print(f"\nanswer    {_listed(done.answer)}")
    if done.success is False:
        print(f"expected  {_listed(done.expected or [])}")
    if hasattr(agent.policy, "program_text"):
        print(f"\nthe learned program\n{agent.policy.program_text()}")


def _listed(items: Sequence[Any]) -> str:
    return " ".join(str(item) for item in items)


def _show_trace(args: Namespace) -> int:
    """Write the page of a trace that was kept as a file."""
    from neuralprog_agents.viewer.page import read_trace

    if not args.html:
        raise UsageError("--trace FILE needs --html FILE: the page to write")
    _write_page(args.html, read_trace(Path(args.trace)))
    return SUCCESS


def _write_page(target: str, trace: dict[str, Any]) -> None:
    from neuralprog_agents.training.files import write_atomically
    from neuralprog_agents.viewer.page import page

    with input_errors():
        write_atomically(Path(target), page(trace).encode())
    print(f"wrote {target}: open it in a browser", file=sys.stderr)


def _write_gif(target: str, done: Application) -> None:
    from neuralprog_agents.viewer.animation import write_gif

    with input_errors():
        write_gif(Path(target), done)
    print(f"wrote {target}", file=sys.stderr)
