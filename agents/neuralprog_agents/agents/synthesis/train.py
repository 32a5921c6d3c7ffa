"""One restart: a body for each program of a library, one after the other.

The search sees a few states at first. The body that it finds is tried in every state on short
instances, and those in which it is wrong join the others, until there is none: synthesis guided
by counterexamples. Programs don't depend on each other, since calls do what is specified, and
each one's search depends on (seed, restart, program) alone: a killed restart goes on with the
program that it was at, and ends with the same bodies. A network may then be trained on them
(``distil.py``).

Source: Solar-Lezama et al., "Combinatorial sketching for finite programs", ASPLOS 2006 (the loop
of search and counterexamples).
"""

from __future__ import annotations

from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from numpy.random import Generator, Philox

from neuralprog_agents.agent import Outcome, Report, Stop
from neuralprog_agents.agents.synthesis.bodies import Body, Return, body_of, tabulate
from neuralprog_agents.agents.synthesis.config import Config
from neuralprog_agents.agents.synthesis.search import Search, StoppedError, is_right
from neuralprog_agents.specifications.world import make_world, settings_of
from neuralprog_agents.training import checkpoint
from neuralprog_envs.core.draws import as_words, combine
from neuralprog_envs.program.state import ProgramState

_CHECKPOINT = "checkpoint.safetensors"
_KIND = "synthesis"
_PATIENCE = 64
"""How often the search may tell what it tries before it is asked whether to stop."""


def restart(config: Config, index: int, folder: Path, report: Report, stop: Stop) -> Outcome:
    """Do one restart; see ``neuralprog_agents.agent.AgentModule.restart``."""
    return _Restart(config, index, folder).run(report, stop)


class _Restart:
    def __init__(self, config: Config, index: int, folder: Path) -> None:
        self.config, self.index = config, index
        self.of = checkpoint.identity(config, index)
        self.path = folder / _CHECKPOINT
        self.world = make_world(config.env, True, config.length[1] + 1)
        self.found: list[Body] = []
        self.tried, self.examples = 0, 0
        self._resume()

    def run(self, report: Report, stop: Stop) -> Outcome:
        """Find the bodies that are still missing."""
        try:
            for program in self.world.programs[len(self.found) :]:
                effort = _Effort(self.config.budget, stop)
                effort.check()
                body, examples = self._find(program, effort)
                self.found.append(body)
                self.tried += effort.calls
                self.examples += examples
                self._save()
                report(self._report())
        except StoppedError:
            return self._outcome()
        return self._distilled(report, stop) if self.config.distil else self._outcome()

    def _distilled(self, report: Report, stop: Stop) -> Outcome:
        """Return the outcome in which a network acts as the bodies do."""
        from neuralprog_agents.agents.synthesis.distil import distil
        from neuralprog_agents.training.network import weights

        found = self._outcome()
        learned = distil(
            self.config,
            self.index,
            self.path.parent,
            self.found,
            lambda counts: report(self._report(**counts)),
            stop,
        )
        network = weights(learned.model)
        frames = {
            "frames": len(learned.training_set.drawn.program),
            "added": len(learned.training_set.added),
        }
        numbers = sum(array.size for array in network.values())
        return Outcome(
            learned.proven,
            {**found.metrics, **learned.counts(), **frames, "parameters": float(numbers)},
            {**found.tensors, **network},
            {**found.card, "sizes": asdict(learned.model.sizes)},
        )

    def _find(self, program: int, effort: _Effort) -> tuple[Body, int]:
        """Return a body that is right in every state, and how many were its examples."""
        rng = Generator(Philox(key=self._key(program)))
        states = self._states(program, rng)
        config = self.config
        search = Search(self.world, program, rng, config.calls, config.looks, effort.tick)
        joining, examples = states[: config.examples], 0
        while True:
            search.add(joining)
            examples += len(joining)
            body = search.find()
            effort.tick(len(states))
            wrong = (s for s in states if not is_right(self.world, program, body, s))
            joining = list(islice(wrong, config.joining))
            if not joining:
                return body, examples

    def _states(self, program: int, rng: Generator) -> list[ProgramState]:
        """Return every state in which a program may be called, in a drawn order."""
        low, high = self.config.length
        states = [s for n in range(low, high + 1) for s in self.world.states(program, n)]
        return [states[place] for place in rng.permutation(len(states))]

    def _key(self, program: int) -> int:
        words = self.config.seed, self.index, program
        return int(combine(*map(as_words, words))[0])

    def _report(
        self, updates: float = 0.0, failing: float = -1.0, unproven: float = -1.0
    ) -> dict[str, float]:
        """Return how far it is, with bodies and then with their distillation."""
        steps = len(self.world.programs) + (self.config.updates if self.config.distil else 0)
        done = len(self.found) + int(updates)
        return {
            "step": done,
            "progress": done / steps,
            "samples": float(self.tried),
            "failing": failing,
            "unproven": unproven,
        }

    def _tables(self) -> dict[str, Any]:
        """Return the bodies as tables; programs that have none yet return at once."""
        missing = len(self.world.programs) - len(self.found)
        nodes, roots = tabulate([*self.found, *[Return()] * missing], max(self.world.sees))
        return {"nodes": nodes, "roots": roots}

    def _save(self) -> None:
        counts = {"found": len(self.found), "tried": self.tried, "examples": self.examples}
        checkpoint.save(self.path, _KIND, self._tables(), {**counts, "of": self.of})

    def _resume(self) -> None:
        saved = checkpoint.resume(self.path, _KIND, self.of)
        if saved is None:
            return
        tables, metadata = saved
        roots = tables["roots"][: metadata["found"]]
        self.found = [body_of(tables["nodes"], int(root)) for root in roots]
        self.tried, self.examples = metadata["tried"], metadata["examples"]

    def _outcome(self) -> Outcome:
        tables = self._tables()
        success = len(self.found) == len(self.world.programs)
        metrics = {
            "bodies": float(len(self.found)),
            "examples": float(self.examples),
            "samples": float(self.tried),
            "parameters": float(len(tables["nodes"])),
        }
        card = {
            "env": self.config.env,
            "settings": settings_of(self.config.env, True),
            "trained_lengths": list(self.config.length),
            "beyond": self.config.beyond,
        }
        return Outcome(success, metrics, tables, card)


class _Effort:
    """What is spent on one body.

    Args:
        budget: The most calls that may be tried.
        stop: Whether to leave.

    Attributes:
        calls: How many were tried, in the search and in checks.
    """

    def __init__(self, budget: int, stop: Stop) -> None:
        self._budget, self._stop = budget, stop
        self.calls, self._told = 0, 0

    def tick(self, calls: int) -> None:
        """Note that calls are tried; raise ``StoppedError`` if that is to end."""
        self.calls += calls
        self._told += 1
        if self.calls > self._budget:
            raise StoppedError
        if self._told % _PATIENCE == 0:
            self.check()

    def check(self) -> None:
        """Raise ``StoppedError`` if it is time to leave."""
        if self._stop():
            raise StoppedError
