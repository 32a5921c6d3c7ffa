"""Beliefs are distributions, and what an agent did is what it believed in most."""

import numpy as np
import pytest

from tests.viewer.conftest import play


@pytest.mark.parametrize("name", ["nram-copy", "nram-increment", "np-tableqasynonyms"])
def test_beliefs_are_distributions_whose_largest_was_chosen(name):
    played = play(name, length=12, seed=2)
    names = played.done.task.machine.action_names
    assert len(played.done.beliefs) == len(played.done.actions) > 1
    for action, belief in zip(played.done.actions, played.done.beliefs, strict=True):
        assert belief
        for about, weights in belief.items():
            assert np.isclose(sum(weights), 1, atol=0.01) or (
                about == "numbers" and not any(weights)
            )
            if about in names:
                assert int(np.argmax(weights)) == action[names.index(about)]


def test_the_number_that_is_compared_with_is_the_one_believed_in():
    played = play("np-tableqasynonyms", length=12, seed=5)
    operations = played.done.task.machine.operations
    compared = [
        (action[2], belief["numbers"])
        for action, belief in zip(played.done.actions, played.done.beliefs, strict=True)
        if operations[action[0]] in ("greater", "lesser")
    ]
    assert compared
    for pivot, weights in compared:
        assert int(np.argmax(weights)) == pivot
