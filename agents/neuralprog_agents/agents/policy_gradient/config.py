"""The settings of policy gradients over programs; a YAML file holds differences from these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from neuralprog_agents.circuits import examples
from neuralprog_agents.circuits.interpreter import Weights
from neuralprog_agents.circuits.settings import PairSettings
from neuralprog_agents.training import ranges


@dataclass(frozen=True)
class Config(PairSettings):
    """A policy over the programs of one tape task; ``README.md`` explains the defaults.

    A program's return is its mean reward, from 0 to 1, over the pairs in use.
    """

    restarts: ranges.Restarts = 200
    """How many times training may start again from a new policy."""

    reward: Literal["sparse", "progress"] = "sparse"
    """What an episode pays: "sparse": 1 for a wholly right answer, nothing otherwise; "progress":
    the score of ``PairSettings``."""

    algorithm: Literal["reinforce", "risk_seeking", "priority_queue", "mapo", "cross_entropy"] = (
        "priority_queue"
    )
    """Which programs the policy makes likelier. "reinforce": those of a batch, by how much their
    returns exceed the batch's mean; "risk_seeking": by how much they exceed a quantile;
    "priority_queue": the best programs that were ever sampled; "mapo": these and the batch, by
    probability and return; "cross_entropy": the best of a batch, by moving the policy to them."""
    programs: ranges.Count = 100_000
    """The most programs that a restart samples."""
    batch: ranges.Count = 500
    """How many programs the policy samples between two of its updates."""
    learning_rate: ranges.NonNegative = 0.1
    """The learning rate of Adam; of cross_entropy and of neighbours: how far probabilities move to
    those of the best programs, 1 being all the way. With 0 the policy stays as it began."""
    entropy: ranges.NonNegative = 0.03
    """The weight of the entropy of the policy's choices, which it also ascends; of cross_entropy
    and of neighbours: the share of the first policy in what probabilities move to."""
    quantile: Annotated[float, ranges.Within(0, 1, above=True)] = 0.05
    """"risk_seeking", "cross_entropy": the share of a batch that counts as its best programs."""
    memory: ranges.Count = 20
    """"priority_queue", "mapo": how many different programs are remembered, those of the highest
    returns above 0."""
    clip: ranges.Share = 0.1
    """"mapo": the remembered programs weigh as if they had at least this probability in all."""
    register: Annotated[float, ranges.Within(0, 1, above=True, below=True)] = 0.4
    """The probability that a wire comes from a register, and not from a module, at the start."""
    neighbour_share: ranges.Share = 0.0
    """The share of the programs that are neighbours of another: some of its wires come from the
    policy, the others stay. A new one takes the other's place as in simulated annealing."""
    annealing_programs: ranges.Count = 100_000
    """Of neighbours: after how many programs this begins anew, with a program of the policy."""
    more_changes: ranges.PartialShare = 0.3
    """Of neighbours: the probability that one more wire is drawn anew, after each."""
    tied: ranges.Share = 0.0
    """Of neighbours: the probability that a wire is drawn anew at once in all patterns that have
    the same circuit. Also the probability that the new circuit of a pattern which no pair visits
    is a copy of another one."""
    join: ranges.Share = 0.0
    """Of neighbours: the probability that a change gives a pattern a copy of another circuit."""
    change_unvisited: ranges.Share = 1.0
    """Of neighbours: the probability that a change also draws the circuit of a pattern which no
    pair visits anew, for each of these. A batch begins with all of them drawn anew."""
    unveil: bool = False
    """Of neighbours, with reward "progress": whether each annealing begins with the first cell of
    each answer, in the time of length 1, and adds the next cell whenever all are right."""
    initial_temperature: ranges.Positive = 0.012
    """Of neighbours: the temperature of simulated annealing when the annealing begins."""
    final_temperature: ranges.Positive = 0.006
    """Of neighbours: the temperature when it ends."""

    def __post_init__(self) -> None:
        ranges.check(self)
        examples.check(self)
        moves = self.neighbour_share > 0 or self.algorithm == "cross_entropy"
        if moves and max(self.learning_rate, self.entropy) > 1:
            raise ValueError(
                "learning_rate and entropy are shares, at most 1, with cross_entropy or a "
                "neighbour_share above 0"
            )
        if self.unveil and (self.neighbour_share < 1 or self.reward == "sparse"):
            raise ValueError(
                "unveil needs a neighbour_share of 1 and reward: progress; without: unveil: false"
            )
        if self.unveil and self.halt:
            raise ValueError("unveil and halt exclude each other: a part has no end to halt at")
        if self.final_temperature > self.initial_temperature:
            raise ValueError("final_temperature must be at most initial_temperature")

    @property
    def returns(self) -> Weights:
        """What a program's return consists of."""
        alone = Weights(0.0, 0.0, 1.0, 0.0, 0.0, self.halt)
        return alone if self.reward == "sparse" else examples.score_weights(self)
