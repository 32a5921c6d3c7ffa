"""The settings of the policy search; a YAML file holds differences from these defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from neuralprog_agents.agents.policy_search.card import OwnActions
from neuralprog_agents.training import ranges

Instances = Annotated[int, ranges.Within(1, 10**6)]


@dataclass(frozen=True)
class Config:
    """A table policy of one program environment; ``README.md`` explains the defaults."""

    env: str
    """The id of the environment to learn, such as NPIHanoi-v0."""
    seed: ranges.Seed = 0
    """The seed of all randomness: the same seed gives the same table."""
    restarts: ranges.Restarts = 10
    """How many times the search may start again from an empty table."""

    length: ranges.Lengths = (1, 5)
    """The shortest and the longest instance in training."""
    settings: dict[str, Any] = field(default_factory=dict)
    """The environment's own arguments, such as observation and recursive."""
    reward: Literal["sparse", "progress"] = "progress"
    """What an episode pays: "sparse": 1 for a wholly right answer, nothing otherwise; "progress":
    also up to a half for the parts that are right at its end."""
    pairs: Instances = 24
    """How many different instances of each length are in use at first."""
    checked: Instances = 2000
    """On how many other instances a table is checked once it is right on all instances in use."""
    counterexamples_per_round: ranges.Count = 24
    """The most instances that come into use after a check, of those where it failed."""

    own_actions: OwnActions = 2
    """How many of the running call's own last actions are part of a situation."""
    copy_action: ranges.Share = 0.4
    """The probability that a drawn action is that of another situation with the same program and
    the same own last actions; else all programs, or all actions, have equal chances."""
    equal_programs: ranges.Share = 0.5
    """The probability that, for another action, its program is drawn first, each with the same
    chance; otherwise all actions have the same chance."""
    new_situations: Literal["drawn", "nearest"] = "drawn"
    """What a new situation does: "drawn": a drawn action; "nearest": as the nearest situation does
    that an instance in use meets, where that is legal."""
    state_abstraction: ranges.Share = 0
    """The probability that a change is made to all situations that agree in a random part."""
    insert_action: ranges.Share = 0
    """The probability that an action is put before the old one, which follows where the situation
    after it is new."""
    delete_action: ranges.Share = 0
    """The probability that an action is left out: what the call does next is done at once."""
    step_cost: ranges.NonNegative = 0
    """What the steps up to an episode's limit cost; an episode pays its share of them."""
    more_changes: ranges.PartialShare = 0.3
    """The probability that a proposal changes one more situation, after each."""
    failing: ranges.Share = 0.7
    """The probability that the situation to change is one of an instance that is not right yet."""
    initial_temperature: ranges.Positive = 0.008
    """The temperature at which simulated annealing begins, and begins anew."""
    final_temperature: ranges.Positive = 0.001
    """The temperature that it falls to."""
    annealing_proposals: ranges.Count = 3000
    """The number of proposals in which the temperature falls; then it begins anew."""
    proposals: ranges.Count = 200_000
    """The most proposals of a restart."""

    test_lengths: ranges.Counts = ()
    """The lengths that `evaluate` scores at; empty: the longest in training, 2 and 10 times it."""

    def __post_init__(self) -> None:
        ranges.check(self)
        if self.final_temperature > self.initial_temperature:
            raise ValueError("final_temperature must be at most initial_temperature")
