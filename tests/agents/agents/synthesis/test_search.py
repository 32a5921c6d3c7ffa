"""The search for one body, against a search that tries everything."""

import itertools

import numpy as np
import pytest

from neuralprog_agents.agents.synthesis.bodies import CallNode, MatchNode, ReturnNode
from neuralprog_agents.agents.synthesis.search import BodySearch, NoBodyError, is_right
from neuralprog_agents.specifications.call_model import make_call_model
from neuralprog_agents.specifications.specification import same

CALL_MODEL = make_call_model("NPIBubbleSort", True, 5)
WORDS = list(CALL_MODEL.machine.library.actions)


def number(name):
    return CALL_MODEL.machine.library.names.index(name)


def states(name, longest=3):
    return [s for n in range(1, longest + 1) for s in CALL_MODEL.states(number(name), n)]


def search(name, chosen, calls=8, looks=4):
    found = BodySearch(CALL_MODEL, number(name), np.random.default_rng(0), calls, looks)
    found.add(chosen)
    return found.find()


def calls_of(body):
    """Return the most calls on any way through a body."""
    if isinstance(body, MatchNode):
        return max(map(calls_of, body.cases.values()))
    return 1 + calls_of(body.then) if isinstance(body, CallNode) else 0


def fewest_calls(name, before, most):
    """Return how many calls it takes from one state, by trying every sequence."""
    program, wanted = number(name), CALL_MODEL.target(number(name), before)
    for calls in range(most + 1):
        for sequence in itertools.product(range(1, len(WORDS)), repeat=calls):
            state = before
            for choice in sequence:
                if not CALL_MODEL.permits(program, choice, before, state):
                    break
                state = CALL_MODEL.act(program, choice, state)
            else:
                if same(state, wanted):
                    return calls
    return None


@pytest.mark.parametrize("name", ["COMPSWAP", "RSHIFT", "RESET", "BUBBLE"])
def test_no_body_with_fewer_calls_could_be_right(name):
    chosen = states(name)
    body = search(name, chosen)
    assert all(is_right(CALL_MODEL, number(name), body, state) for state in chosen)
    assert calls_of(body) == max(fewest_calls(name, state, 2) for state in chosen[::7])


def test_it_looks_only_where_it_must():
    assert search("RSHIFT", states("RSHIFT")) == CallNode(
        WORDS.index("PTR 1 RIGHT"), CallNode(WORDS.index("PTR 2 RIGHT"), ReturnNode())
    ) or search("RSHIFT", states("RSHIFT")) == CallNode(
        WORDS.index("PTR 2 RIGHT"), CallNode(WORDS.index("PTR 1 RIGHT"), ReturnNode())
    )


def test_the_base_case_of_a_recursion_comes_first():
    body = search("BSTEP", states("BSTEP", 4))
    assert isinstance(body, MatchNode)
    assert sorted(map(calls_of, body.cases.values())) == [0, 3]


@pytest.mark.parametrize(("calls", "looks"), [(2, 4), (3, 0)])
def test_bounds_that_no_body_meets_end_the_search(calls, looks):
    with pytest.raises(NoBodyError):
        search("BSTEP", states("BSTEP", 4), calls, looks)


def test_a_body_with_a_call_that_is_not_permitted_is_wrong():
    """Counting a pass, then calling itself, leaves what is specified, and may not be done."""
    body = CallNode(WORDS.index("RESET"), CallNode(WORDS.index("BUBBLESORT"), ReturnNode()))
    program = number("BUBBLESORT")
    unsorted = next(s for s in states("BUBBLESORT") if list(s.pad[0, 0, :3]) == [2, 1, 0])
    assert not is_right(CALL_MODEL, program, body, unsorted)


def test_a_value_without_a_case_is_wrong():
    state = states("COMPSWAP")[0]
    body = MatchNode(0, {1 - CALL_MODEL.view(state)[0]: ReturnNode()})
    assert not is_right(CALL_MODEL, number("COMPSWAP"), body, state)
