"""Files that are whole or absent, and a lock that dies with its owner."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file: whatever happens, ``path`` holds the old content or the new, entire.

    Raises:
        OSError: It could not be written; the old file is as it was, and nothing else is left.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where the system can."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Any) -> None:
    """Write a value as readable JSON, atomically; numbers of NumPy become plain ones."""
    text = json.dumps(value, indent=2, default=plain, ensure_ascii=False)
    write_atomically(path, f"{text}\n".encode())


def read_json(path: Path) -> Any:
    """Return a JSON file's value.

    Raises:
        ValueError: The file is missing or is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise ValueError(f"{path}: not valid JSON ({error})") from None


def plain(value: Any) -> Any:
    """Return a value of NumPy, or a path, in JSON's types."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


class BusyError(RuntimeError):
    """Another process holds the lock."""


@contextmanager
def locked(path: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold a file's lock; the system frees it when the owner ends, however it ends.

    Args:
        path: The lock's file; it stays, empty, and means nothing by itself.
        patience: Seconds to wait for another owner.

    Raises:
        BusyError: Another process still holds it.
    """
    with open(path, "ab") as file:
        deadline = time.monotonic() + patience
        while not _seize(file):
            if time.monotonic() >= deadline:
                raise BusyError(f"{path.parent}: another process is at work in this folder")
            time.sleep(0.05)
        yield


def _seize(file: IO[bytes]) -> bool:
    try:
        _lock_function()(file.fileno())
    except OSError:
        return False
    return True


def _lock_function() -> Callable[[int], None]:
    if sys.platform == "win32":
        import msvcrt

        return lambda descriptor: msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    import fcntl

    return lambda descriptor: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
