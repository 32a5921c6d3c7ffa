"""Runs on Weights & Biases, where its library is installed; nothing here needs it otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from neuralprog_agents.training.config import plain_settings
from neuralprog_agents.training.labels import label
from neuralprog_agents.training.restarts import Board, Show
from neuralprog_agents.training.runs import RunFolder

PROJECT = "neuralprog"


@contextmanager
def tracked(
    run: RunFolder, show: Show, project: str = PROJECT, entity: str | None = None
) -> Iterator[Show]:
    """Send what is shown to Weights & Biases as well, while the context lasts.

    A restart's numbers are under ``restart 0/…``, with the names that TensorBoard has. One that was
    interrupted goes on in the same place when it is resumed.

    Args:
        run: The run; its folder's name is the run's name and identity there.
        show: Called with each state, too.
        project: The project there.
        entity: The user or team there; None takes the default one.

    Raises:
        ModuleNotFoundError: ``wandb`` is not installed.
    """
    import wandb  # type: ignore[import-not-found,unused-ignore]

    with wandb.init(
        project=project,
        entity=entity,
        name=run.folder.name,
        id=run.folder.name,
        resume="allow",
        dir=str(run.folder),
        config={"agent": run.agent, **plain_settings(run.config)},
    ) as there:
        sender = _Sender(there)

        def follow(board: Board) -> None:
            show(board)
            sender.send(board)

        yield follow


class _Sender:
    """Sends each restart's new numbers once."""

    def __init__(self, there: Any) -> None:
        self._there = there
        self._steps: dict[int, float] = {}
        self._ended: set[int] = set()

    def send(self, board: Board) -> None:
        for index, metrics in sorted(board.running.items()):
            step = metrics.get("step")
            if step is not None and step != self._steps.get(index):
                self._send(index, metrics)
                self._steps[index] = step
        for index in sorted(set(board.results) - self._ended):
            result = board.results[index]
            self._there.log({f"restart {index}/succeeded": int(result.success)})
            self._ended.add(index)

    def _send(self, index: int, metrics: dict[str, float]) -> None:
        if index not in self._steps:
            self._there.define_metric(f"restart {index}/*", step_metric=f"restart {index}/step")
        named = {("step" if n == "step" else label(n).tag): v for n, v in metrics.items()}
        self._there.log({f"restart {index}/{tag}": value for tag, value in named.items()})
