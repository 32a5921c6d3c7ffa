"""The proofs of bodies, and of a network that was distilled from them.

A body is right if it does what is specified in every state on short instances. In this check, the
calls in a body do what their specifications say. Since a self-call is on a smaller problem, whole
runs are right by induction over the levels of programs and the sizes of problems.

A network is right if it chooses the bodies' action in every frame that they meet on inputs of any
length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from neuralprog_agents.agents.synthesis.bodies import Body, task_of
from neuralprog_agents.agents.synthesis.search import is_right
from neuralprog_agents.evaluation.certificate import Proof
from neuralprog_agents.npi_network import verification_set
from neuralprog_agents.specifications.call_model import make_call_model
from neuralprog_agents.specifications.registry import specifications

if TYPE_CHECKING:
    from neuralprog_agents.npi_network.model import NPI
    from neuralprog_envs.program.task import ProgramTask

METHOD = "every input up to a size"


def covers(env_id: str, longest: int) -> str:
    """Return the claim of the proof, in words."""
    states = specifications(env_id, True).covers.format(longest)
    return f"every program does what is specified if those that it calls do: {states}"


def prove(env_id: str, bodies: Sequence[Body], longest: int) -> Proof:
    """Check the bodies of a recursive library in every state on instances up to a length."""
    call_model = make_call_model(env_id, True, longest + 1)
    checked = [
        is_right(call_model, program, body, state)
        for program, body in zip(call_model.programs, bodies, strict=True)
        for n in range(1, longest + 1)
        for state in call_model.states(program, n)
    ]
    return Proof(
        method=METHOD,
        covers=covers(env_id, longest),
        cases=len(checked),
        failing=checked.count(False),
        details={"longest": longest},
    )


def network_covers(task: ProgramTask) -> str:
    """Return the claim of the network's proof, in words; the task's expert are the bodies."""
    return f"the network decides as the found bodies do: {verification_set.covers(task)}"


def prove_network(model: NPI, env_id: str, bodies: Sequence[Body]) -> Proof:
    """Check that a network chooses the bodies' action in every frame of their verification set."""
    from neuralprog_agents.npi_network.proof import prove as prove_frames

    task = task_of(env_id, 1, bodies)
    return replace(prove_frames(model, task, trained_on=True), covers=network_covers(task))
