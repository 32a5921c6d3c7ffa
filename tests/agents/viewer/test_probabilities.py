"""Action probabilities are distributions, and an agent takes the most probable action."""

import numpy as np
import pytest

from tests.agents.viewer.conftest import play


@pytest.mark.parametrize("name", ["nram-copy", "nram-increment", "np-tableqasynonyms", "npi-hanoi"])
def test_action_probabilities_are_distributions_whose_largest_was_chosen(name):
    played = play(name, length=4 if name == "npi-hanoi" else 12, seed=2)
    names = played.done.task.machine.action_names
    assert len(played.done.probabilities) == len(played.done.actions) > 1
    for action, distributions in zip(played.done.actions, played.done.probabilities, strict=True):
        assert distributions
        for about, weights in distributions.items():
            assert np.isclose(sum(weights), 1, atol=0.01) or (
                about == "numbers" and not any(weights)
            )
            if about in names and not (action[0] == 0 and about in ("a1", "a2", "a3")):
                assert weights[action[names.index(about)]] == max(weights)  # rounded: ties


def test_the_number_that_is_compared_with_is_the_most_probable_one():
    played = play("np-tableqasynonyms", length=12, seed=5)
    operations = played.done.task.machine.operations
    compared = [
        (action[2], distributions["numbers"])
        for action, distributions in zip(
            played.done.actions, played.done.probabilities, strict=True
        )
        if operations[action[0]] in ("greater", "lesser")
    ]
    assert compared
    for pivot, weights in compared:
        assert int(np.argmax(weights)) == pivot


def test_the_probabilities_of_the_2017_system_lead_to_the_probability_of_a_program():
    pytest.importorskip("torch")
    import torch

    from neuralprog_agents.agents.neural_programmer_2017.decode import state_of
    from neuralprog_agents.agents.neural_programmer_2017.features import features_of
    from neuralprog_agents.agents.neural_programmer_2017.model import Programmer, Shape
    from neuralprog_agents.agents.neural_programmer_2017.policy import action_probabilities
    from neuralprog_agents.agents.neural_programmer_2017.traces import joined, traced
    from neuralprog_envs.core.batch import take
    from neuralprog_envs.core.instances import draw
    from neuralprog_envs.registry import make_task
    from neuralprog_envs.table.ops import OPERATIONS

    task = make_task("NPWikiTableQuestions", operations="wiki", length=(8, 12))
    names = task.machine.operations
    posed = draw(task, 0, range(6), (8, 12), "all")
    observation = task.machine.observe(task.machine.initial(posed))
    features = features_of(observation, names)
    torch.manual_seed(0)
    model = Programmer(Shape(len(task.vocabulary), names, 8, 8)).eval()
    number = names.index
    tail = [(number("first"), 0, 0), (number("print"), 1, 0)]
    programs = np.array([[(number("reset"), 0, 0)] * 2 + tail] * 6)
    found = action_probabilities([model], task.machine, observation, programs)
    assert all(not weights.any() for step in found[:2] for weights in step.values())
    total = np.zeros(6)
    for step, (operation, column, _) in zip(found[2:], tail, strict=True):
        total += np.log(step["operation"][:, operation])
        total += np.log(step["column"][:, column]) if OPERATIONS[names[operation]].column else 0
        assert np.allclose(step["words"].sum(axis=1), 1)
    state = state_of(observation, task.machine)
    starts = [take(state, np.array([row])) for row in range(6)]
    programs = joined([traced(task.machine, start, [np.array(tail)]) for start in starts])
    with torch.no_grad():
        wanted = model.log_probability(features, programs, torch.arange(6))
    assert np.allclose(total, wanted.numpy(), atol=1e-4)
