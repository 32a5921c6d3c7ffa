"""``prove``: everything of an agent that can be checked completely, written as certificates."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from neuralprog_agents.commands.errors import (
    FAILURE,
    SUCCESS,
    UsageError,
    check_targets,
    input_errors,
)
from neuralprog_agents.evaluation.agents import Agent, open_typed
from neuralprog_agents.evaluation.certificate import Provable, record_of
from neuralprog_agents.training.files import write_json


def prove(args: Namespace) -> int:
    """Prove what can be proven of an agent, print and write it; return the exit status."""
    with input_errors():
        agent = open_typed(args.agent, args.env)
        path = Path(args.certificate or f"{Path(agent.name).name}-certificate.json")
        check_targets(str(path))
        certificates = [each for acting in _acting(agent, args.env) for each in _proven(acting)]
        write_json(path, certificates)
    if args.json:
        for each in certificates:
            print(json.dumps(each))
    else:
        print("\n".join(map(_line, certificates)))
        print(f"written to {path}")
    return SUCCESS if all(each["holds"] for each in certificates) else FAILURE


def _acting(agent: Agent, env: str | None) -> list[Agent]:
    """Return the agent in the environment that was named, or wherever there is a proof."""
    everywhere = [each for each in agent.everywhere() if getattr(each.policy, "provable", True)]
    return [agent] if env or not everywhere else everywhere


def _proven(agent: Agent) -> list[dict[str, Any]]:
    if not isinstance(agent.policy, Provable) or "weights_sha256" not in agent.card:
        raise UsageError(f"{agent.name}: nothing can be proven of this agent")
    digest = str(agent.card["weights_sha256"])
    return [record_of(agent.name, agent.env_id, digest, p) for p in agent.policy.prove()]


def _line(certificate: dict[str, Any]) -> str:
    verdict = "proven" if certificate["holds"] else f"NOT proven: {certificate['failing']:,} fail"
    trained = ", which it also trained on" if certificate["trained_on"] else ""
    return "{agent}, {method}: {cases:,} cases{trained}: {verdict}\n  {env}: {covers}".format(
        **certificate, trained=trained, verdict=verdict
    )
