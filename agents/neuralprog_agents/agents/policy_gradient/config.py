"""The settings of policy gradients over programs; a YAML file holds differences from these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from neuralprog_agents.circuits import examples
from neuralprog_agents.circuits.interpreter import Weights
from neuralprog_agents.circuits.lanes import MOST_REGISTERS
from neuralprog_agents.training import ranges


@dataclass(frozen=True)
class Config:
    """A policy over the programs of one tape task; ``README.md`` explains the defaults.

    A program's return is its mean reward, from 0 to 1, over the pairs in use.
    """

    env: str
    """The id of the environment to learn, such as NRAMCopy-v0."""
    seed: ranges.Seed = 0
    """The seed of all randomness: the same seed gives the same program."""
    restarts: ranges.Count = 200
    """How many times training may start again from a new policy."""

    registers: Annotated[int, ranges.Within(1, MOST_REGISTERS)] = 3
    """R: how many registers the machine has. A program sees only which of them hold 0."""
    length: ranges.Lengths = (1, 4)
    """The shortest and the longest instance to learn from."""
    steps: Annotated[tuple[int, ...], ranges.Each(ranges.Within(0))] = (1, 2)
    """T: how many steps an instance of length n may take, as the coefficients of a polynomial in
    n, the highest power first: [2, 3] is 2·n + 3, and [1, 0, 0] is n²."""
    spare: ranges.Natural = 2
    """Memories have up to so many cells more than needed, so that no program relies on the size."""
    test_lengths: ranges.Counts = ()
    """The lengths that `evaluate` scores at; empty: the longest in training, 2 and 10 times it."""
    halt: bool = False
    """Whether a program must halt by itself before T; otherwise it runs until T."""

    begin: ranges.Natural = 0
    """A restart begins with instances of at most this length, and adds longer ones when a program
    fails on them; 0: with all lengths."""
    groups: ranges.Count = 2
    """How many groups of 64 pairs each program is run on."""
    pairs: ranges.Count = 1000
    """How many different input/output pairs all restarts of a run may see in all."""
    longer_pairs: ranges.Count = 128
    """How many of them have twice the longest length, for the last judgement."""
    check: ranges.Count = 256
    """On how many other pairs a program must be right before it counts as found."""

    reward: Literal["success", "progress"] = "success"
    """What an episode pays: "success": 1 for a wholly right answer, nothing otherwise; "progress":
    the share of the answer that is right, by the six settings below."""
    changed: ranges.NonNegative = 3.0
    """"progress": how many more times a cell counts if the answer differs from the input there."""
    exact: ranges.Share = 0.0
    """"progress": the share of the reward for an answer that is right in all cells; what these
    five settings leave over is for right cells."""
    prefix: ranges.Share = 0.0
    """"progress": the share of the reward for right cells before the first wrong one."""
    hint: ranges.Share = 0.0
    """"progress": the share of the reward for having read the answer's value, or holding it in a
    register, at any time; for answers of one cell."""
    contrast: ranges.Share = 0.0
    """"progress": the share of the reward for registers that are 0 at different times in two pairs
    exactly if their answers differ."""

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
    """The learning rate of Adam; of cross_entropy and "near": how far probabilities move to those
    of the best programs, 1 being all the way. With 0 the policy stays as it began."""
    entropy: ranges.NonNegative = 0.03
    """The weight of the entropy of the policy's choices, which it also ascends; of cross_entropy
    and "near": the share of the first policy in what probabilities move to."""
    quantile: Annotated[float, ranges.Within(0, 1, above=True)] = 0.05
    """"risk_seeking", "cross_entropy": the share of a batch that counts as its best programs."""
    memory: ranges.Count = 20
    """"priority_queue", "mapo": how many different programs are remembered, those of the highest
    returns above 0."""
    clip: ranges.Share = 0.1
    """"mapo": the remembered programs weigh as if they had at least this probability in all."""
    register: Annotated[float, ranges.Within(0, 1, above=True, below=True)] = 0.4
    """The probability that a wire comes from a register, and not from a module, at the start."""
    near: ranges.Share = 0.0
    """The share of the programs that are drawn near another: some of its wires come from the
    policy, the others stay. A new one takes the other's place as in simulated annealing."""
    walk: ranges.Count = 100_000
    """"near": after how many programs this begins anew, with a program of the policy."""
    more_changes: ranges.PartialShare = 0.3
    """"near": the probability that one more wire is drawn anew, after each."""
    initial_temperature: ranges.Positive = 0.012
    """"near": the temperature of simulated annealing when a walk begins."""
    final_temperature: ranges.Positive = 0.006
    """"near": the temperature when it ends."""

    def __post_init__(self) -> None:
        ranges.check(self)
        examples.check(self)

    @property
    def returns(self) -> Weights:
        """What a program's return consists of."""
        alone = Weights(0.0, 0.0, 1.0, 0.0, 0.0, self.halt)
        return alone if self.reward == "success" else examples.score_weights(self)
