"""``run``: an agent applied to the user's own input."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence

from neuralprog_agents.commands.errors import FAILURE, SUCCESS, input_errors
from neuralprog_agents.evaluation.agents import Agent, open_agent
from neuralprog_agents.evaluation.apply import Application, apply, parse_numbers, prepare


def run(args: Namespace) -> int:
    """Apply an agent to an input and print trace and answer; return the exit status."""
    with input_errors():
        agent = open_agent(args.agent, args.env)
        values = parse_numbers(args.input)
        env = prepare(agent.policy, agent.env_id, values, args.memory_size)
    done = apply(agent.policy, env, values)
    if args.json:
        record = {"agent": agent.name, "env": agent.env_id, "input": values, **done.record()}
        print(json.dumps(record))
    else:
        show(agent, done)
    return SUCCESS if done.success else FAILURE


def show(agent: Agent, done: Application) -> None:
    """Print a trace, the answer, and the program if the policy can tell it."""
    print(done.text)
    print(f"\nanswer    {_listed(done.answer)}")
    if not done.success:
        print(f"expected  {_listed(done.expected)}")
    if hasattr(agent.policy, "program_text"):
        print(f"\nthe learned program\n{agent.policy.program_text()}")


def _listed(numbers: Sequence[int]) -> str:
    return " ".join(str(number) for number in numbers)
