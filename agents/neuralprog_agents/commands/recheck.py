"""``recheck``: certificates checked anew, by other code where an agent has some."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from neuralprog_agents import registry
from neuralprog_agents.commands.errors import FAILURE, SUCCESS, UsageError, input_errors
from neuralprog_agents.evaluation.agents import Agent, open_typed, weights_of
from neuralprog_agents.evaluation.certificate import Provable, read
from neuralprog_agents.training.schema import structured


def recheck(args: Namespace) -> int:
    """Check every certificate in a file; return the exit status."""
    with input_errors():
        agent = open_typed(args.agent)
        records = read(Path(args.certificate))
    faults = [_fault(agent, record) for record in records]
    for record, fault in zip(records, faults, strict=True):
        verdict = f"does NOT stand: {fault}" if fault else "stands"
        print(f"{agent.name}, {record['method']}, {record['cases']:,} cases: {verdict}")
    return FAILURE if any(faults) else SUCCESS


def _fault(agent: Agent, record: dict[str, Any]) -> str:
    """Return why a certificate does not stand, or nothing."""
    known = [acting.env_id for acting in agent.everywhere()]
    if record["env"] not in known:
        return f"it is about {record['env']}, not {' or '.join(known)}"
    if record["weights_sha256"] != agent.card.get("weights_sha256"):
        return "it is about other weights"
    if not (record["holds"] and record["cases"] > 0 and record["failing"] == 0):
        return "it claims nothing: no cases, or cases that fail"
    module = registry.find(str(agent.card["agent"]))
    check = getattr(module, "check_certificate", None)
    try:
        if check is None:
            _prove_again(agent, record)
        else:
            check(weights_of(agent), structured(module.Card, agent.card["model"]), record)
    except ValueError as error:
        return str(error)
    return ""


def _prove_again(agent: Agent, record: dict[str, Any]) -> None:
    if not isinstance(agent.policy, Provable):
        raise UsageError(f"{agent.name}: nothing can be proven of this agent")
    claimed = record["method"], record["cases"], record["covers"]
    found = [(p.method, p.cases, p.covers) for p in agent.policy.prove() if p.holds]
    if claimed not in found:
        raise ValueError(f"the certificate was not reproduced: claimed {claimed}, got {found}")
