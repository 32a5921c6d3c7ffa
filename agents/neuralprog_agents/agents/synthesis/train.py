"""One restart: find a body for each program of a library, one after the other.

This is counterexample-guided synthesis. The search starts with a few states as examples. The body
that it finds is checked in every state on short instances; states in which it is wrong are added to
the examples, and the search is repeated until there are none. Programs do not depend on each other,
since calls do what is specified; the search for a program is a function of (seed, restart,
program). A network may then be trained on the bodies (``distil.py``).

Source: Solar-Lezama et al., "Combinatorial sketching for finite programs", ASPLOS 2006.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from numpy.random import Generator, Philox

from neuralprog_agents.agent import Outcome, Pulse, Tensors
from neuralprog_agents.agents.synthesis.bodies import Body, ReturnNode, body_of, tabulate
from neuralprog_agents.agents.synthesis.config import Config
from neuralprog_agents.agents.synthesis.search import BodySearch, NoBodyError, is_right
from neuralprog_agents.specifications.call_model import make_call_model, settings_of
from neuralprog_envs.core.draws import key_of
from neuralprog_envs.program.state import ProgramState

if TYPE_CHECKING:
    from neuralprog_agents.npi_network.trainer import Trainer


class SynthesisLearner:
    """One restart of the synthesis; see ``neuralprog_agents.agent.Learner``."""

    def __init__(self, config: Config, index: int) -> None:
        self.config, self.index = config, index
        self.call_model = make_call_model(config.env, True, config.length[1] + 1)
        self.found: list[Body] = []
        self.tried, self.examples = 0, 0
        self.distillation: Trainer | None = None
        self.gave_up = False

    @property
    def finished(self) -> bool:
        """Whether all bodies are found and distilled, or one is not found."""
        made = self.distillation
        if made is not None:
            return made.done or made.step >= self.config.updates
        return self.gave_up or (self._all_found and not self.config.distil)

    @property
    def _all_found(self) -> bool:
        return len(self.found) == len(self.call_model.programs)

    def advance(self, pulse: Pulse) -> None:
        """Find the next program's body, or train the network."""
        if not self._all_found:
            self._find_next(pulse)
        else:
            self.distillation = self.distillation or self._begin_distillation()
            self.distillation.advance(pulse)

    def _find_next(self, pulse: Pulse) -> None:
        effort = _Effort(self.config.budget, pulse)
        try:
            body, examples = self._find(self.call_model.programs[len(self.found)], effort)
        except NoBodyError:
            self.gave_up = True
            return
        finally:
            self.tried += effort.calls
        self.found.append(body)
        self.examples += examples

    def _begin_distillation(self) -> Trainer:
        from neuralprog_agents.agents.synthesis.distil import distillation

        return distillation(self.config, self.index, self.found)

    def _find(self, program: int, effort: _Effort) -> tuple[Body, int]:
        """Return a body that is right in every state, and the number of its examples."""
        rng = Generator(Philox(key=self._key(program)))
        states = self._states(program, rng, effort.pulse)
        config = self.config
        search = BodySearch(self.call_model, program, rng, config.calls, config.looks, effort.tick)
        added, examples = states[: config.examples], 0
        while True:
            search.add(added)
            examples += len(added)
            body = search.find()
            effort.tick(len(states))
            wrong = (s for s in states if not self._is_right(program, body, s, effort.pulse))
            added = list(islice(wrong, config.counterexamples_per_round))
            if not added:
                return body, examples

    def _is_right(self, program: int, body: Body, state: ProgramState, pulse: Pulse) -> bool:
        pulse()
        return is_right(self.call_model, program, body, state)

    def _states(self, program: int, rng: Generator, pulse: Pulse) -> list[ProgramState]:
        """Return every state in which a program may be called, in random order."""
        low, high = self.config.length
        states: list[ProgramState] = []
        for n in range(low, high + 1):
            for state in self.call_model.states(program, n):
                states.append(state)
                pulse()
        return [states[place] for place in rng.permutation(len(states))]

    def _key(self, program: int) -> int:
        return key_of(self.config.seed, self.index, program)

    def status(self) -> dict[str, float]:
        """Return the reported metrics: the progress of the search and of the distillation."""
        made, programs = self.distillation, len(self.call_model.programs)
        done = len(self.found) + (made.step if made else 0)
        counts = made.counts() if made else {"failing": -1.0, "unproven": -1.0}
        return {
            "step": done,
            "progress": done / (programs + self.config.distil * self.config.updates),
            "samples": float(self.tried),
            **counts,
        }

    def _tables(self, bodies: list[Body]) -> dict[str, Any]:
        nodes, roots = tabulate(bodies, max(self.call_model.view_sizes))
        return {"nodes": nodes, "roots": roots}

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return the bodies as tables, and the state of the distillation."""
        counts = {"tried": self.tried, "examples": self.examples}
        if self.distillation is None:
            return self._tables(self.found), counts
        arrays, metadata = self.distillation.state()
        return self._tables(self.found) | arrays, counts | {"distillation": metadata}

    def restore(self, tensors: Tensors, metadata: dict[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self.found = [body_of(tensors["nodes"], int(root)) for root in tensors["roots"]]
        self.tried, self.examples = metadata["tried"], metadata["examples"]
        if "distillation" in metadata:
            self.distillation = self._begin_distillation()
            self.distillation.restore(tensors, metadata["distillation"])

    def outcome(self) -> Outcome:
        """Return the bodies, and the network if one was distilled from them."""
        missing = len(self.call_model.programs) - len(self.found)
        tables = self._tables([*self.found, *[ReturnNode()] * missing])
        metrics = {
            "bodies": float(len(self.found)),
            "examples": float(self.examples),
            "parameters": float(len(tables["nodes"])),
        }
        card = {
            "env": self.config.env,
            "settings": settings_of(self.config.env, True),
            "beyond": self.config.beyond,
        }
        found = Outcome(self._all_found, metrics, tables, card)
        return found if self.distillation is None else self._distilled(found, self.distillation)

    def _distilled(self, found: Outcome, made: Trainer) -> Outcome:
        """Return the outcome with the distilled network."""
        from neuralprog_agents.training.network import weights

        network = weights(made.model)
        parameters = sum(array.size for array in network.values())
        numbers = {"updates": float(made.step), "parameters": float(parameters)}
        return Outcome(
            made.done,
            {**found.metrics, **made.counts(), **made.frames(), **numbers},
            {**found.tensors, **network},
            {**found.card, "sizes": asdict(made.model.sizes)},
        )


@dataclass
class _Effort:
    """The calls tried for one body so far, in the search and in checks: at most ``budget``."""

    budget: int
    pulse: Pulse
    calls: int = 0

    def tick(self, calls: int) -> None:
        """Count calls; raise ``NoBodyError`` if the budget is exceeded."""
        self.calls += calls
        if self.calls > self.budget:
            raise NoBodyError
        self.pulse()
