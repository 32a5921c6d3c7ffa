"""A cell's measurement: its record, in the types of JSON."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from neuralprog_agents.agent import Answerer, Policy
from neuralprog_agents.benchmark.comparison import scores
from neuralprog_agents.benchmark.comparison.cells import Cell, ConfiguredCell
from neuralprog_agents.benchmark.comparison.curve import Curve, StoppedError
from neuralprog_agents.benchmark.comparison.records import FAILED, MEASURED, REFUSED, Record
from neuralprog_agents.benchmark.machine import commit, machine
from neuralprog_agents.evaluation.policy_file import is_policy_file, policy_file
from neuralprog_agents.evaluation.reference import reference
from neuralprog_agents.training.clock import CpuClock


def measure(
    configured: ConfiguredCell, folder: Path, stop: Callable[[], bool] = lambda: False
) -> Record | None:
    """Train, judge and score; return what came of it in the types of JSON, errors included.

    Args:
        configured: The cell.
        folder: Of work folders: its training goes on from what is there, and leaves it there.
        stop: Asked several times a second; true means leave, and None is returned.
    """
    if configured.refused:
        return refusal(configured)
    try:
        found = _measured(configured, folder / configured.key, stop)
        return {**_head(configured), "status": MEASURED, **found}
    except StoppedError:
        return None
    except Exception as error:
        return failed(configured, f"{type(error).__name__}: {' '.join(str(error).split())}")


def refusal(configured: ConfiguredCell) -> Record:
    """Return the record of a cell that its entrant cannot face."""
    return {**_head(configured), "status": REFUSED, "reason": configured.refused}


def failed(configured: ConfiguredCell, reason: str) -> Record:
    """Return the record of a cell whose measurement broke; it is measured again next time."""
    return {**_head(configured), "status": FAILED, "reason": reason}


def _head(configured: ConfiguredCell) -> Record:
    own = {"budget": configured.seconds, "supervision": configured.supervision}
    where = {"machine": machine()["machine"], "commit": commit()}
    return {**asdict(configured.cell), "key": configured.key, **own, **where}


def _measured(configured: ConfiguredCell, folder: Path, stop: Callable[[], bool]) -> Record:
    cell = configured.cell
    if cell.who.agent:
        curve = Curve(configured, folder)
        curve.train(stop)
        record = curve.record()
        if curve.solved is not None:
            shutil.rmtree(folder)
        return record
    clock, policy = CpuClock(), _untrained(cell)
    found = scores.success(policy, cell.env, cell.longest, "test")
    return {
        "curve": [{"seconds": 0.0, "success": found}],
        "solved": 0.0 if found >= scores.SOLVED else None,
        **scores.scores(policy, cell.env, cell.longest),
        "judging": round(clock.spent(), 3),
    }


def _untrained(cell: Cell) -> Policy | Answerer:
    if is_policy_file(cell.entrant):
        return policy_file(cell.entrant)
    return reference(cell.entrant, cell.env, cell.seed)
