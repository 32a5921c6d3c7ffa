"""Ctrl-C and SIGTERM: the first one asks for an orderly end, the second one ends at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_KINDS = (signal.SIGINT, signal.SIGTERM)


class InterruptError(KeyboardInterrupt):
    """Ctrl-C or SIGTERM; the message, if any, says what there is and how to go on."""


@contextmanager
def interruptible(notice: str) -> Iterator[threading.Event]:
    """Give a flag that the first signal sets; the second one raises ``InterruptError``.

    With the first signal, ``notice`` is written to stderr: what is still waited for.
    """
    flag = threading.Event()

    def note(_number: int, _frame: Any) -> None:
        if flag.is_set():
            raise InterruptError
        flag.set()
        os.write(2, f"interrupted: {notice}; again to end at once\n".encode())  # print may not nest

    with _handled(note):
        yield flag


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does."""

    def end(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    with _handled(end, (signal.SIGTERM,)):
        yield


@contextmanager
def _handled(handler: Any, kinds: tuple[signal.Signals, ...] = _KINDS) -> Iterator[None]:
    """Set a handler while the context lasts; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {kind: signal.signal(kind, handler) for kind in kinds}
    try:
        yield
    finally:
        for kind, old in before.items():
            signal.signal(kind, old)
