"""Rechecks a certificate in another way: with real calls in place of specified ones.

Each program is called in every state of its precondition, and every call in it runs by its own
body; the search's model of calls is not used. At the end the pad must be as specified. (The proof
checks bodies one by one, this module whole runs.) A network is checked in NumPy and 64-bit floats,
without torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from neuralprog_agents.agent import Tensors
from neuralprog_agents.agents.synthesis.bodies import task_of
from neuralprog_agents.agents.synthesis.card import Card
from neuralprog_agents.agents.synthesis.policy import Interpreter, SynthesisPolicy
from neuralprog_agents.agents.synthesis.proof import METHOD, covers, network_covers
from neuralprog_agents.evaluation.certificate import check_claim
from neuralprog_agents.npi_network.recheck import check_cases
from neuralprog_agents.npi_network.verification_set import METHOD as NETWORK_METHOD
from neuralprog_agents.npi_network.verification_set import verification_set
from neuralprog_agents.specifications.call_model import CallModel, make_call_model
from neuralprog_agents.specifications.specification import copy, same
from neuralprog_agents.training.ranges import Within
from neuralprog_agents.training.schema import structured
from neuralprog_envs.program.library import ACT, RETURN, Library
from neuralprog_envs.program.state import ProgramState
from neuralprog_envs.program.world import Apply

_Longest = Annotated[int, Within(1, 12)]
_STEPS = 10_000
"""The most steps of a call; on the small instances of a certificate calls take fewer."""


def check_certificate(weights: Tensors, card: Card, record: Mapping[str, Any]) -> None:
    """Raise ValueError, with the reason, if a certificate's claim does not hold."""
    policy = SynthesisPolicy(card, weights)
    if record["method"] == METHOD:
        _check_bodies(policy, record)
    elif card.sizes is None:
        raise ValueError("these are bodies, and no network")
    else:
        task = task_of(policy.env_id, 1, policy.bodies)
        check_claim(record, NETWORK_METHOD, network_covers(task))
        check_cases(weights, card.sizes, verification_set(task), record)


def _check_bodies(policy: SynthesisPolicy, record: Mapping[str, Any]) -> None:
    longest = structured(_Longest, record["details"].get("longest"))
    check_claim(record, METHOD, covers(policy.env_id, longest))
    call_model = make_call_model(policy.env_id, True, longest + 1)
    achieved = [
        _achieves(policy.interpreter, call_model, program, state)
        for program in call_model.programs
        for n in range(1, longest + 1)
        for state in call_model.states(program, n)
    ]
    if len(achieved) != record["cases"]:
        raise ValueError(
            f"the certificate claims {record['cases']:,} cases; there are {len(achieved):,}"
        )
    if not all(achieved):
        raise ValueError(f"{achieved.count(False):,} of {len(achieved):,} cases fail")


def _achieves(
    interpreter: Interpreter, call_model: CallModel, program: int, before: ProgramState
) -> bool:
    """Return whether a real call of a program leaves the specified state."""
    library, state = call_model.machine.library, copy(before)
    effects = {effect.arguments: effect.apply for effect in library.effects}
    stack = [(program, interpreter.begin(program))]
    for _ in range(_STEPS):
        running, node = stack[-1]
        view = [int(component) for component in call_model.machine.world.look(state, 0)]
        (callee, *arguments), after = interpreter.step(node, view)
        stack[-1] = running, after
        if callee == RETURN:
            stack.pop()
            if not stack:
                return same(state, call_model.target(program, before))
            _apply(library.program(running).leave, state)
        elif callee == ACT:
            effects[arguments[0], arguments[1], arguments[2]](state, 0)
        elif _is_legal(library, running, callee, view):
            stack.append((callee, interpreter.begin(callee)))
            _apply(library.program(callee).enter, state)
        else:
            return False
    return False


def _is_legal(library: Library, caller: int, callee: int, view: list[int]) -> bool:
    holds = library.program(callee).precondition
    return library.permits(caller, callee) and (holds is None or bool(holds(view)))


def _apply(change: Apply | None, state: ProgramState) -> None:
    if change is not None:
        change(state, 0)
