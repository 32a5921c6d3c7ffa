"""The curriculum's mixture against the paper's percentages, and when it rises."""

import numpy as np
import pytest

from neuralprog_agents.training.curriculum import Curriculum
from neuralprog_envs.core.draws import Draws, as_words, mix

N = 40_000


def sample(curriculum, n=N):
    return curriculum.sample(Draws(mix(np.arange(n, dtype=np.uint64))))


def expected(low, high, level):
    """The exact distribution, by the paper's words: 10 % any, 25 % up to D+e, 65 % D+e."""
    chances = dict.fromkeys(range(low, high + 1), 0.0)
    for d in chances:
        chances[d] += 0.10 / (high - low + 1)
    for e in range(60):
        hardest = min(level + e, high)
        weight = 0.5 ** (e + 1)
        chances[hardest] += 0.65 * weight
        for d in range(low, hardest + 1):
            chances[d] += 0.25 * weight / (hardest - low + 1)
    return chances


@pytest.mark.parametrize(("low", "high", "level"), [(1, 10, 3), (2, 6, 6), (1, 20, 1)])
def test_the_mixture_is_the_papers(low, high, level):
    drawn = sample(Curriculum(lowest=low, highest=high, level=level))
    for difficulty, chance in expected(low, high, level).items():
        share = np.mean(drawn == difficulty)
        assert share == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / N) + 1e-4)


def test_every_example_draws_for_itself():
    curriculum = Curriculum(lowest=1, highest=9, level=4)
    assert len(set(sample(curriculum, 100).tolist())) > 3
    np.testing.assert_array_equal(sample(curriculum, 50), sample(curriculum, 100)[:50])


def test_the_level_rises_below_the_threshold_and_no_sooner_than_the_spacing():
    curriculum = Curriculum(lowest=1, highest=3, level=1, threshold=0.1, spacing=100)
    curriculum = curriculum.update(0.05, 50)
    assert curriculum.level == 1
    assert curriculum.update(0.2, 50).level == 1
    curriculum = curriculum.update(0.05, 50)
    assert (curriculum.level, curriculum.batches) == (2, 0)
    curriculum = curriculum.update(0.0, 100)
    assert curriculum.complete
    assert curriculum.update(0.0, 500).level == 3


def test_words_of_any_size_are_taken_modulo():
    assert as_words(-1)[0] == as_words(2**64 - 1)[0] == 2**64 - 1
    assert as_words(np.array([-1]))[0] == 2**64 - 1
