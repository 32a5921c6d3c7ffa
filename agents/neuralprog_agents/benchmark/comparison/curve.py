"""A cell's training under a budget of processor time, judged on a schedule: its learning curve.

Restarts are made one after another until one is right or the budget is spent. At each time of the
schedule the weights that were whole before it are judged on validation instances; so are those that
an agent takes for right, and if they are not, it goes on. The best of all weights judged so far, by
these instances, are scored on test instances; so a score under a budget comes from weights that
were reached, and chosen, within it. Judging, scoring, loading and compiling are not charged.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from neuralprog_agents import registry
from neuralprog_agents.agent import Outcome, Stop
from neuralprog_agents.benchmark.comparison import scores
from neuralprog_agents.benchmark.comparison.cells import ConfiguredCell
from neuralprog_agents.training import checkpoint
from neuralprog_agents.training.clock import CpuClock
from neuralprog_agents.training.loop import Evaluations, contained_randomness, restart
from neuralprog_agents.training.schema import structured

SCHEDULE = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0, 100.0, 200.0, 300.0, 400.0, 500.0, 600.0)
"""When a training is judged, in CPU-seconds; later, every 100 seconds, and at its budget."""
_KIND = "comparison"
_NOTHING = Outcome(False)


class StoppedError(Exception):
    """A training was asked to stop; its work folder has what it takes to go on."""


def schedule(budget: float) -> tuple[float, ...]:
    """Return the times at which a training with a budget is judged, ascending."""
    later = range(int(SCHEDULE[-1]) + 100, int(budget) + 1, 100)
    return tuple(sorted({budget, *(s for s in (*SCHEDULE, *map(float, later)) if s < budget)}))


@dataclass
class Progress:
    """How far a cell is, besides the checkpoint of the restart under way.

    Attributes:
        index: That restart.
        before: The CPU-seconds of the restarts before it.
        taken: The samples of these.
        points: The curve: of each look its "seconds" (when), "reached" (when the weights were
            whole), "restart", "samples", "validation" (the success of these weights) and "success"
            (of the best weights so far, on test instances).
        validation: The success of the best weights so far on validation instances.
        parameters: How many numbers these are.
        judging: The CPU-seconds of judging, which are not charged.
    """

    index: int = 0
    before: float = 0.0
    taken: int = 0
    points: tuple[dict[str, Any], ...] = ()
    validation: float = -1.0
    parameters: int = 0
    judging: float = 0.0


class Curve:
    """One cell's training; see the module.

    Args:
        configured: The cell.
        folder: Its work folder; a training that is under way there is gone on with.
    """

    def __init__(self, configured: ConfiguredCell, folder: Path) -> None:
        self.configured, self.folder = configured, folder
        self.cell, self.who = configured.cell, configured.cell.who
        self.progress, self.best, self.spent = Progress(), _NOTHING, 0.0
        self._resume()

    @property
    def solved(self) -> float | None:
        """The CPU-seconds after which it was solved; None if it is not."""
        points, best = self.progress.points, self.progress.validation
        right = points and best >= scores.SOLVED and points[-1]["success"] >= scores.SOLVED
        return points[-1]["seconds"] if right else None

    def train(self, stop: Stop) -> None:
        """Train until it is solved or the budget is spent.

        Raises:
            StoppedError: ``stop`` became true.
        """
        module = registry.find(self.who.agent)
        self.folder.mkdir(parents=True, exist_ok=True)
        _warm_up(module, self.configured.config)
        self.spent = self.progress.before if self.solved is None else self.solved
        while self.solved is None and self.spent < self.configured.seconds:
            self._restart(module, stop)
            if stop() and self.solved is None and self.spent < self.configured.seconds:
                raise StoppedError

    def _restart(self, module: Any, stop: Stop) -> None:
        """Make a restart, or the rest of one; one that ends by itself is judged at its end."""
        progress = self.progress
        rest = self.configured.seconds - progress.before
        times = {s - progress.before: s for s in schedule(self.configured.seconds)}
        stopped = _Remembering(stop)
        folder = self.folder / f"{progress.index:04d}"
        outcome = restart(
            module, self.configured.config, progress.index, folder,
            stop=lambda: self.solved is not None or stopped(),
            budget=rest,
            evaluations=Evaluations(
                tuple(s for s in sorted(times) if s > 0),
                lambda seconds, learned: self._judge(times[seconds], learned),
                self._accept,
            ),
        )  # fmt: skip
        spent = outcome.metrics["cpu_seconds"]
        self.spent = progress.before + spent
        if self.solved is None and not stopped.was and spent < rest:
            self._judge(self.spent, outcome)
            if self.solved is None:
                self._leave(folder, outcome)

    def _accept(self, learned: Outcome) -> bool:
        """Judge what an agent takes for a success; return whether it is one."""
        self._judge(self.progress.before + learned.metrics["cpu_seconds"], learned)
        return self.solved is not None

    def _leave(self, folder: Path, outcome: Outcome) -> None:
        """Begin the next restart."""
        self.progress.taken = self._samples(outcome)
        self.progress.before, self.progress.index = self.spent, self.progress.index + 1
        shutil.rmtree(folder)
        self._save()

    def _judge(self, seconds: float, learned: Outcome) -> None:
        """Add a point to the curve, in place of those from this time on, from before a kill.

        The same weights are not judged twice: some agents' first chunk lasts a minute.
        """
        clock, progress, seconds = CpuClock(), self.progress, round(seconds, 3)
        earlier = tuple(each for each in progress.points if each["seconds"] < seconds)
        last = earlier[-1] if earlier else {"success": 0.0}
        weights = {
            "reached": round(progress.before + learned.metrics["cpu_seconds"], 3),
            "restart": progress.index,
            "samples": self._samples(learned),
        }
        if weights.items() <= last.items():
            point = {**last, "seconds": seconds}
        else:
            point = {"seconds": seconds, **weights, **self._rates(learned, last["success"])}
        progress.points = (*earlier, point)
        progress.judging += clock.spent()
        self._save()

    def _rates(self, learned: Outcome, before: float) -> dict[str, float]:
        """Return the success of weights on validation instances, and that of the best on test ones.

        Args:
            learned: The weights.
            before: The success of the best ones so far on test instances.
        """
        progress, cell, success = self.progress, self.cell, before
        policy = scores.policy(self.who.agent, learned)
        validation = scores.success(policy, cell.env, cell.longest, "validation")
        if validation >= progress.validation:
            self.best, progress.validation = learned, validation
            progress.parameters = sum(tensor.size for tensor in learned.tensors.values())
            success = scores.success(policy, cell.env, cell.longest, "test") if validation else 0.0
        return {"validation": validation, "success": success}

    def _samples(self, outcome: Outcome) -> int:
        """Return how many samples were taken by all restarts together."""
        own = outcome.metrics.get("samples", 0.0)
        before = self.progress.taken
        return max(before, round(own)) if self.who.shared else before + round(own)

    def _save(self) -> None:
        own = {"progress": vars(self.progress), "card": self.best.card}
        checkpoint.save(self._path, _KIND, self.best.tensors, own)

    def _resume(self) -> None:
        if not self._path.exists():
            return
        tensors, own = checkpoint.load(self._path, _KIND)
        self.progress = structured(Progress, own["progress"])
        self.best = replace(_NOTHING, tensors=tensors, card=own["card"])

    @property
    def _path(self) -> Path:
        return self.folder / "curve.safetensors"

    def record(self) -> dict[str, Any]:
        """Return what came of it, scored beyond the default lengths, in the types of JSON."""
        clock, progress, cell = CpuClock(), self.progress, self.cell
        policy = scores.policy(self.who.agent, self.best)
        found = scores.scores(policy, cell.env, cell.longest)
        return {
            "curve": list(progress.points),
            "solved": self.solved,
            "cpu_seconds": round(self.spent, 3),
            "restarts": progress.index + 1,
            "parameters": progress.parameters,
            **found,
            "judging": round(progress.judging + clock.spent(), 3),
        }


@dataclass
class _Remembering:
    """Asks whether to stop, and remembers a yes."""

    stop: Stop
    was: bool = False

    def __call__(self) -> bool:
        self.was = self.was or self.stop()
        return self.was


_warm: set[str] = set()


def _warm_up(module: Any, config: Any) -> None:
    """Let an agent learn for a chunk, so that its code is loaded."""
    name = f"{module.__name__} {config.env}"
    if name in _warm:
        return
    _warm.add(name)
    if hasattr(module, "learner"):
        with contained_randomness():
            module.learner(config, 0).advance(lambda: None)
