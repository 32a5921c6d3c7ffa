"""A population: the worst copy the best, a success ends it, and it is one restart."""

from dataclasses import dataclass, field

import numpy as np

from neuralprog_agents.agent import Outcome
from neuralprog_agents.training.population import Exchange, Population


@dataclass
class Climber:
    """Gains ``speed`` in each chunk; it succeeds at 10 and gives up after ``patience`` chunks."""

    speed: float
    patience: int = 100
    height: float = 0.0
    chunks: int = 0
    copied: list = field(default_factory=list)
    finished = success = False

    def advance(self, pulse):
        self.height += self.speed
        self.chunks += 1
        self.success = self.height >= 10
        self.finished = self.success or self.chunks >= self.patience

    @property
    def rank(self):
        return (self.height,)

    def copy(self, other, random):
        self.copied.append((other.speed, float(random.random())))
        self.speed, self.height, self.finished = other.speed, other.height, False

    def status(self):
        return {"step": self.chunks, "samples": 2.0 * self.chunks, "height": self.height}

    def state(self):
        return {"at": np.array([self.height])}, {"speed": self.speed, "chunks": self.chunks}

    def restore(self, tensors, metadata):
        self.height = float(tensors["at"][0])
        self.speed, self.chunks = metadata["speed"], metadata["chunks"]

    def outcome(self):
        return Outcome(self.success, {"height": self.height})


def population(speeds, patience=100, chunks=2, share=0.25):
    return Population([Climber(s, patience) for s in speeds], Exchange(chunks, share, seed=5))


def advance(learner, turns):
    for _ in range(turns):
        learner.advance(lambda: None)


def test_the_worst_quarter_copies_the_best_after_so_many_chunks():
    learner = population([3.0, 1.0, 0.5, 2.0])
    advance(learner, 7)
    assert [member.copied for member in learner.members] == [[]] * 4
    advance(learner, 1)
    ((speed, _),) = learner.members[2].copied
    assert speed == 3.0
    assert [member.height for member in learner.members] == [6.0, 2.0, 6.0, 4.0]


def test_a_success_ends_it_and_is_its_outcome():
    learner = population([1.0, 5.0, 0.1, 0.2])
    advance(learner, 6)
    assert learner.finished
    outcome = learner.outcome()
    assert outcome.success
    assert outcome.metrics == {"height": 10.0, "population": 4.0}


def test_steps_are_those_of_all_members_and_samples_those_of_the_best():
    learner = population([1.0, 2.0, 0.5])
    advance(learner, 5)
    assert learner.status() == {"step": 5, "samples": 4.0, "height": 4.0}


def test_it_gives_up_when_all_members_have_and_replaces_single_ones():
    learner = population([0.1, 0.2, 0.3, 0.4], patience=1, chunks=1)
    advance(learner, 4)
    assert learner.finished
    assert not learner.outcome().success
    learner = population([0.1, 0.2, 0.3, 0.4], chunks=1)
    learner.members[3].patience = 1
    advance(learner, 4)
    assert learner.members[3].copied
    assert not learner.members[3].finished


def test_a_restored_population_goes_on_as_if_never_interrupted():
    whole, half = (population([1.0, 0.3, 0.2, 0.1]) for _ in range(2))
    advance(whole, 21)
    advance(half, 10)
    resumed = population([9.0] * 4)
    resumed.restore(*half.state())
    advance(resumed, 11)
    assert [m.height for m in resumed.members] == [m.height for m in whole.members]
    assert resumed.members[2].copied == whole.members[2].copied != []
