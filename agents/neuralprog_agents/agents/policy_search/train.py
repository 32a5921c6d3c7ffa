"""One restart: changes of the table, each tried on the instances that it concerns.

A proposal gives some situations new actions. It is tried on the episodes that met them; no other
can change. Whether it stays is decided as in simulated annealing, by the mean reward. The shortest
instances come first; when all are right, the next length comes in.

Every random number is a function of (seed, restart, number of the proposal). "In use" are the
instances that tables are scored on.

Source: Kirkpatrick, Gelatt and Vecchi, "Optimization by simulated annealing", Science 1983; for
policy search see Deisenroth, Neumann and Peters, "A survey on policy search for robotics", 2013.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import log
from typing import Any

import numpy as np
from numpy.random import Generator, Philox

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.agents.policy_search.calls import Calls
from neuralprog_agents.agents.policy_search.card import Card
from neuralprog_agents.agents.policy_search.config import Config
from neuralprog_agents.agents.policy_search.policy import TablePolicy
from neuralprog_agents.agents.policy_search.repeats import Repeats
from neuralprog_agents.agents.policy_search.situations import Situation
from neuralprog_agents.agents.policy_search.table import BEFORE_VIEW, PolicyTable, Uniform, task_of
from neuralprog_agents.training.decay import geometric
from neuralprog_agents.training.schema import structured
from neuralprog_envs.core import batch
from neuralprog_envs.core.draws import key_of
from neuralprog_envs.core.instances import draw
from neuralprog_envs.program.episode import ProgramEpisode

CHUNK = 10
"""Proposals between two decisions of the loop."""
_JUDGING = 200
"""Instances of the longest length that judge a restart: held-out ones, or, where that length has
none, training ones."""
_SUCCESS = 0.99
"""The share of these that a successful restart is right on."""


@dataclass(frozen=True)
class Episode:
    """An episode by the present table.

    Attributes:
        reward: What it was paid, from 0 to 1.
        net_reward: The reward without the cost of its steps.
        situations: What it met, in that order.
    """

    reward: float
    net_reward: float
    situations: dict[Situation, None]


@dataclass(frozen=True)
class Change:
    """A change of the table.

    Attributes:
        before: The numbers of the old actions.
        follow_ups: Where an action was put before the old one, the old one's number.
    """

    before: dict[Situation, int]
    follow_ups: dict[Situation, int]


@dataclass(frozen=True)
class Progress:
    """How far a restart is, besides its table and the instances in use.

    Attributes:
        proposals: How many have been tried.
        walked: How many since the temperature began anew.
        level: The longest length in use; below the shortest one before the first instances are.
        looked: How many instances the longest check looked at: up to the last that came into use.
        finished: Whether a check found no failure.
        success: Whether the final table is right on the instances that judge it.
    """

    proposals: int = 0
    walked: int = 0
    level: int = 0
    looked: int = 0
    finished: bool = False
    success: bool = False


class PolicySearchLearner:
    """One restart; see ``neuralprog_agents.agent.Learner``.

    Attributes:
        table: The policy.
        progress: How far it is.
        first: (length, index) of the instances that are in use from their length's turn on.
        joined: The same of those where a check failed, in use since.
        episodes: One for each instance in use, by the present table.
    """

    def __init__(self, config: Config, index: int) -> None:
        self.config, self.index = config, index
        self.task = task_of(config.env, config.settings, config.length)
        self.table = self._empty_table()
        self.progress = Progress(level=config.length[0] - 1)
        self.first = [pair for n in self._lengths for pair in self._first(n)]
        self.joined: list[tuple[int, int]] = []
        self.episodes: list[Episode] = []

    def _empty_table(self) -> PolicyTable:
        config = self.config
        nearest = config.new_situations == "nearest"
        return PolicyTable(self.task.machine, config.copy_action, config.equal_programs, nearest)

    @property
    def _lengths(self) -> range:
        low, high = self.config.length
        return range(low, high + 1)

    def _first(self, length: int) -> list[tuple[int, int]]:
        """Return the first instances of a length that differ."""
        some = np.arange(4 * self.config.pairs)
        drawn = draw(self.task, self.config.seed, some, (length, length))
        _, first = np.unique(self.task.fingerprint(drawn), return_index=True)
        return [(length, index) for index in sorted(first.tolist())[: self.config.pairs]]

    def _uniform(self, position: int) -> Uniform:
        key = key_of(self.config.seed, self.index, position)
        return Generator(Philox(key=key)).random

    def _begin(self, uniform: Uniform) -> None:
        """Bring the instances up to the level into use, and play them."""
        lengths, indices = np.array(self._used).T
        posed = draw(self.task, self.config.seed, indices, lengths)
        self._posed = [batch.take(posed, slice(i, i + 1)) for i in range(len(indices))]
        self._limits = self.task.horizon(posed.length).tolist()
        self.episodes = [self._play(i, uniform, {}) for i in range(len(indices))]
        self._keep()

    def _keep(self) -> None:
        """Keep the situations that were met; where new ones do as the nearest, only these."""
        if self.config.new_situations == "nearest":
            self.table.keep_only(set().union(*(one.situations for one in self.episodes)))
        else:
            self.table.keep()

    @property
    def _used(self) -> list[tuple[int, int]]:
        return [pair for pair in (*self.first, *self.joined) if pair[0] <= self.progress.level]

    def _play(self, i: int, uniform: Uniform, follow_ups: Mapping[Situation, int]) -> Episode:
        """Play an instance in use by the table; for ``follow_ups`` see ``Change``."""
        episode, limit = self.task.machine.begin(self._posed[i]), self._limits[i]
        met = self._run(episode, limit, uniform, follow_ups)
        score = float(self.task.score(episode.state(), self._posed[i])[0])
        reward = float(score == 1) if self.config.reward == "sparse" else score
        steps = episode.steps if episode.halted else limit
        return Episode(reward, reward - self.config.step_cost * steps / limit, met)

    def _run(
        self,
        episode: ProgramEpisode,
        limit: int,
        uniform: Uniform,
        follow_ups: Mapping[Situation, int],
    ) -> dict[Situation, None]:
        """Step an episode to its end; return the situations that it met, in that order."""
        table, repeats, calls = self.table, Repeats(limit), Calls(self.config.own_actions)
        frames, met = episode.frames, dict[Situation, None]()
        while not episode.halted and episode.steps < repeats.limit:
            situation = (*frames[-1], *episode.view(), *calls.own[-1])
            repeats.look(episode, situation, calls.own)
            met[situation] = None
            number, depth = table.choose(situation, uniform, calls.follow_up[-1]), len(frames)
            episode.step(table.actions[number])
            calls.acted(number, follow_ups.get(situation), len(frames) - depth)
        return met

    @property
    def finished(self) -> bool:
        """Whether a table passed the check, or all proposals are made."""
        return self.progress.finished or self.progress.proposals >= self.config.proposals

    def advance(self, pulse: Pulse) -> None:
        """Try some changes; where all is right, go on to the next length, or check."""
        for _ in range(CHUNK):
            if self.finished:
                return
            failing = [i for i, episode in enumerate(self.episodes) if episode.reward < 1]
            if failing:
                self._propose(failing)
            elif self.progress.level < self.config.length[1]:
                self._rise()  # in the first call too, to the shortest length
            else:
                self._check(pulse)
            pulse()

    def _rise(self) -> None:
        """Go on to the next length."""
        self.progress = replace(self.progress, level=self.progress.level + 1, walked=0)
        self._begin(self._uniform(self.progress.proposals))

    def _propose(self, failing: Sequence[int]) -> None:
        """Change the actions of some situations, and keep the change or undo it."""
        done = self.progress
        walked = (done.walked + 1) % self.config.annealing_proposals
        self.progress = replace(done, proposals=done.proposals + 1, walked=walked)
        uniform = self._uniform(self.progress.proposals)
        change = self._change(failing, uniform)
        choices = self.table.choices
        if all(choices[situation] == number for situation, number in change.before.items()):
            return
        tried = self._try(change, uniform)
        if tried is None:
            self.table.forget()
            choices.update(change.before)
            return
        for i, episode in tried.items():
            self.episodes[i] = episode
        self._keep()

    def _change(self, failing: Sequence[int], uniform: Uniform) -> Change:
        """Change the actions of some situations."""
        change = Change({}, {})
        while True:
            among = failing if uniform() < self.config.failing else range(len(self.episodes))
            met = list(self.episodes[among[int(uniform() * len(among))]].situations)
            self._edit(change, met, met[int(uniform() * len(met))], uniform)
            if uniform() >= self.config.more_changes:
                return change

    def _edit(
        self, change: Change, met: Sequence[Situation], situation: Situation, uniform: Uniform
    ) -> None:
        """Give a situation, of those that an episode met, or all that agree, another action."""
        config, table = self.config, self.table
        number = (
            self._following(met, situation) if _happens(config.delete_action, uniform) else None
        )
        inserts = number is None and _happens(config.insert_action, uniform)
        if number is None:
            number = table.draw(situation, uniform)
        changed = [situation]
        if _happens(config.state_abstraction, uniform):
            changed = table.agreeing(situation, number, uniform)
        for one in changed:
            change.before.setdefault(one, table.choices[one])
            if inserts:
                change.follow_ups[one] = table.choices[one]
            table.choices[one] = number

    def _following(self, met: Sequence[Situation], situation: Situation) -> int | None:
        """Return the action of what an episode met next in a call, if that is legal now."""
        found = self.table.next_in_call(situation)
        following = (one for one in met if self.table.without_view(one) == found)
        after = next(following, None)
        number = None if after is None else self.table.choices[after]
        return number if number is None or self.table.is_legal(situation, number) else None

    def _try(self, change: Change, uniform: Uniform) -> dict[int, Episode] | None:
        """Play the instances that met a changed situation; None if they earn too little.

        How much less they may earn is drawn first, so that a hopeless change is dropped early:
        that saves 55 % of the episodes (BubbleSort, lengths 1 to 5, first 2,115 proposals of
        seed 0).
        """
        concerned = [
            i
            for i, episode in enumerate(self.episodes)
            if any(situation in episode.situations for situation in change.before)
        ]
        least = self._temperature * log(uniform() or 1e-300) * len(self.episodes)
        gained, possible = 0.0, sum(1 - self.episodes[i].net_reward for i in concerned)
        tried: dict[int, Episode] = {}
        for i in _shuffled(concerned, uniform):
            tried[i] = self._play(i, uniform, change.follow_ups)
            gained += tried[i].net_reward - self.episodes[i].net_reward
            possible -= 1 - self.episodes[i].net_reward
            if gained + possible < least:
                return None
        return tried

    @property
    def _temperature(self) -> float:
        config, share = self.config, self.progress.walked / self.config.annealing_proposals
        return geometric(config.initial_temperature, config.final_temperature, share)

    def _check(self, pulse: Pulse) -> None:
        """Check a table that is right on all instances in use on others; finish, or use failures.

        The policy plays them as it will act, without a random choice.
        """
        begin = 4 * self.config.pairs
        indices = np.arange(begin, begin + self.config.checked)
        others = draw(self.task, self.config.seed, indices, self.config.length)
        right = self._right(others, pulse)
        failed = np.flatnonzero(~right)[: self.config.counterexamples_per_round]
        looked = int(failed[-1]) + 1 if len(failed) else len(indices)
        self.progress = replace(self.progress, looked=max(self.progress.looked, looked), walked=0)
        if len(failed):
            self.joined += [(int(others.length[i]), int(indices[i])) for i in failed]
            self._begin(self._uniform(self.progress.proposals))
        else:
            success = bool(self._right(self._judging(), pulse).mean() >= _SUCCESS)
            self.progress = replace(self.progress, finished=True, success=success)

    def _right(self, instances: Any, pulse: Pulse) -> Any:
        """Return which instances the policy is right on, shape (B,)."""
        pulse()
        outcome = self.outcome()
        policy = TablePolicy(structured(Card, outcome.card), outcome.tensors)
        limits = self.task.horizon(instances.length).tolist()
        played = policy.play(self.task, instances, limits)
        ends = batch.concatenate([one.episode.state() for one in played])
        return self.task.score(ends, instances) == 1

    def _judging(self) -> Any:
        """Return the instances that judge the table, all of the longest length.

        A length below ``split_from`` has no held-out instances; its first training instances judge,
        those in use among them.
        """
        longest = self.config.length[1]
        split = "validation" if longest >= self.task.split_from else "train"
        return draw(self.task, self.config.seed, np.arange(_JUDGING), (longest, longest), split)

    def status(self) -> dict[str, float]:
        """Return what is reported."""
        done = self.progress
        rewards = [episode.reward for episode in self.episodes]
        return {
            "step": done.proposals,
            "progress": done.proposals / self.config.proposals,
            "samples": float(sum(n <= done.level for n, _ in self.first) + done.looked),
            "level": float(done.level),
            "mean": float(np.mean(rewards)) if rewards else 0.0,
            "right": float(np.mean(np.array(rewards) == 1)) if rewards else 0.0,
        }

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return the table in the order in which it grew, what joined, and the progress."""
        joined = np.array(self.joined, dtype=np.int64).reshape(-1, 2)
        return self._tensors(self.table.choices) | {"joined": joined}, asdict(self.progress)

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Load what ``state`` returned."""
        self.progress = Progress(**metadata)
        self.table = self._empty_table()
        situations = map(tuple, tensors["situations"].tolist())
        for situation, number in zip(situations, tensors["actions"].tolist(), strict=True):
            self.table.add(situation, number)
        self.joined = [(length, index) for length, index in tensors["joined"].tolist()]
        if self._used:
            self._begin(self._uniform(0))

    def outcome(self) -> Outcome:
        """Return the situations that the instances in use meet, and their actions."""
        met = dict.fromkeys(s for episode in self.episodes for s in episode.situations)
        kept = {situation: self.table.choices[situation] for situation in met}
        metrics = {
            "step": float(self.progress.proposals),
            "parameters": float(len(kept)),
            "level": float(self.progress.level),
        }
        card = {
            "env": self.config.env,
            "settings": self.config.settings,
            "own_actions": self.config.own_actions,
        }
        return Outcome(self.progress.success, metrics, self._tensors(kept), card)

    def _tensors(self, choices: Mapping[Situation, int]) -> Tensors:
        numbers = np.array(list(choices.values()), dtype=np.int64)
        width = BEFORE_VIEW + len(self.task.machine.world.view) + self.config.own_actions
        situations = np.array(list(choices), dtype=np.int64).reshape(len(numbers), width)
        return {"situations": situations, "actions": numbers}


def _happens(probability: float, uniform: Uniform) -> bool:
    """Return whether it happens.

    A probability of 0 draws no number: what is off leaves all other random numbers as they are.
    """
    return probability > 0 and uniform() < probability


def _shuffled(items: Sequence[int], uniform: Uniform) -> list[int]:
    return sorted(items, key=lambda _: uniform())
