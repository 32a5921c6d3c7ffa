"""What programs are scored on, and by."""

from pathlib import Path

import pytest

from neuralprog_agents.circuits.examples import score_weights
from neuralprog_agents.circuits.search import SearchLearner
from neuralprog_agents.training.config import load

CONFIGS = Path(__file__).parents[3] / "configs"
OF_CIRCUITS = [
    path for name in ("policy_gradient", "search") for path in sorted((CONFIGS / name).iterdir())
]


@pytest.mark.parametrize("path", OF_CIRCUITS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_shares_of_a_score_are_at_least_0_and_add_up_to_1(path):
    shares = score_weights(load(path)[1])[:5]
    assert min(shares) >= 0
    assert sum(shares) == pytest.approx(1)


def test_a_program_that_earns_nothing_is_where_a_search_begins():
    """Not one that fell behind: 1 - 0.8 - 0.2 is a little below 0 in floating point."""
    config = load(CONFIGS / "search" / "deduplicate.yaml")[1]
    for index in range(4):
        score, _ = SearchLearner(config, index).anneal(0)
        assert score.visited > 0
