"""Metrics of one training run, as CSV and for TensorBoard; a resumed run writes no row twice."""

from __future__ import annotations

import csv
import io
import os
import platform
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuralprog_agents.training.checkpoint import CheckpointError
from neuralprog_agents.training.files import naming, read_text, write_atomically
from neuralprog_agents.training.labels import label

_Row = dict[str, str]


class MetricsLog:
    """Appends rows to ``metrics.csv``, in a folder that exists, and events beside it.

    Rows that are already there are kept. A run that was killed reports again what came after its
    last checkpoint: as soon as a step comes that is not beyond the last one, the rows from that
    step on are dropped first.
    """

    def __init__(self, folder: Path, *, tensorboard: bool = True) -> None:
        self.path = folder / "metrics.csv"
        rows = read_rows(self.path)
        self._names = list(rows[0]) if rows else []
        self._fresh = True
        try:
            self._last: float = float(rows[-1]["step"]) if rows else -1.0
            self._before = float(rows[-1]["seconds"]) if rows else 0.0
        except (KeyError, ValueError):
            raise CheckpointError(f"{self.path}: no table of metrics; delete it") from None
        self._started = time.monotonic()
        with naming(folder):
            self._events = _Events(folder) if tensorboard else None

    def seconds(self) -> float:
        """Return the time spent on this run, what came before a kill included."""
        return self._before + time.monotonic() - self._started

    def write(self, metrics: Mapping[str, float]) -> None:
        """Add one row.

        Raises:
            KeyError: There is no "step" among the metrics.
        """
        step = int(metrics["step"])
        row = {"step": str(step), **_texts(metrics), "seconds": f"{self.seconds():.3f}"}
        resumed = self._last >= 0 and (self._fresh or step <= self._last)
        if resumed or not set(row) <= set(self._names):
            self._rewrite(step, row)
        with naming(self.path), open(self.path, "a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, self._names).writerow(row)
        if self._events:
            with naming(self.path.parent):
                self._events.write(step, metrics, resumed)
        self._last, self._fresh = step, False

    def _rewrite(self, step: int, row: _Row) -> None:
        """Keep the rows before ``step``, under a heading that has room for ``row``."""
        rows = [old for old in read_rows(self.path) if float(old["step"]) < step]
        self._names += [name for name in row if name not in self._names]
        write_rows(self.path, self._names, rows)

    def close(self) -> None:
        """Write out what is still in memory."""
        if self._events:
            with naming(self.path.parent):
                self._events.close()


def _texts(metrics: Mapping[str, float]) -> _Row:
    return {name: f"{value:.9g}" for name, value in metrics.items() if name != "step"}


def read_rows(path: Path) -> list[_Row]:
    """Return the rows of a CSV file; a last line that was cut short by a kill is left out."""
    if not path.exists():
        return []
    text = read_text(path)
    whole = text[: text.rfind("\n") + 1]
    return list(csv.DictReader(io.StringIO(whole), restval=""))


def write_rows(path: Path, names: list[str], rows: list[_Row]) -> None:
    """Write a CSV file with its heading, atomically."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode())


class _Events:
    """TensorBoard's event files, without TensorFlow or torch.

    They are written record by record: TensorBoard's own writer has a thread, whose errors nobody
    can catch.
    """

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from tensorboard.compat.proto.event_pb2 import Event, SessionLog  # type: ignore[import-untyped]
            from tensorboard.compat.proto.summary_pb2 import (  # type: ignore[import-untyped]
                Summary,
                SummaryMetadata,
            )
            from tensorboard.summary.writer.record_writer import RecordWriter  # type: ignore[import-untyped]

        self._event, self._session = Event, SessionLog
        self._summary, self._metadata = Summary, SummaryMetadata
        name = f"events.out.tfevents.{int(time.time())}.{platform.node()}.{os.getpid()}"
        self._writer: Any = RecordWriter(open(folder / name, "ab"))  # noqa: SIM115
        self._add(file_version="brain.Event:2")

    def _add(self, **content: Any) -> None:
        event = self._event(wall_time=time.time(), **content)
        self._writer.write(event.SerializeToString())
        self._writer.flush()

    def write(self, step: int, metrics: Mapping[str, float], resumed: bool) -> None:
        if resumed:  # tells TensorBoard to forget what it has from this step on
            self._add(step=step, session_log=self._session(status=self._session.START))
        values = [self._value(*pair) for pair in metrics.items() if pair[0] != "step"]
        self._add(step=step, summary=self._summary(value=values))

    def _value(self, name: str, value: float) -> Any:
        """Return one number under the name that charts give it, with its description."""
        tag, description = label(name)
        scalars = self._metadata.PluginData(plugin_name="scalars")
        metadata = self._metadata(plugin_data=scalars, summary_description=description)
        return self._summary.Value(tag=tag, simple_value=float(value), metadata=metadata)

    def close(self) -> None:
        self._writer.close()
