"""Files that are whole or absent, readers that hostile files can't harm, and a lock.

The readers take regular files up to a size, and nothing that is nested deeply or whose numbers are
not finite; they make texts, numbers, lists and mappings of them, and execute nothing.
"""

from __future__ import annotations

import errno
import json
import math
import multiprocessing
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np

_MOST_BYTES, _MOST_YAML = 2**26, 2**16
_DEPTH = 32
_BUSY = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}
"""What locking fails with where another process has the lock."""


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file: whatever happens, ``path`` holds the old content or the new, entire.

    Where ``path`` is a link, the file that it leads to is replaced.

    Raises:
        OSError: It could not be written, or is a device, a pipe or a folder; what was there is as
            it was, and nothing else is left.
    """
    with naming(path):
        _write(Path(os.path.realpath(path)), content)


def _write(path: Path, content: bytes) -> None:
    if os.path.lexists(path) and not path.is_file():
        raise _irregular(path)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.unlink(missing_ok=True)
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let the OSErrors inside name a file; those of a full disk name none by themselves."""
    try:
        yield
    except OSError as error:
        error.filename = os.fspath(path)
        raise


def _irregular(path: Path) -> OSError:
    return OSError(errno.EINVAL, "is a folder, a device or a pipe, and no file", str(path))


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


def read_bytes(path: Path, most: int = _MOST_BYTES) -> bytes:
    """Return a regular file's content.

    Raises:
        ValueError: The file is missing, something else than a file, or larger than ``most``.
    """
    try:
        with open(path, "rb", opener=_opened) as file:
            content = file.read(most + 1)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None
    if len(content) > most:
        raise ValueError(f"{path}: too large: at most {most:,} bytes")
    return content


def _opened(path: str, flags: int) -> int:
    """Open a file, and nothing else; a pipe that nobody writes to does not make this wait."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _irregular(Path(path))
    return descriptor


def read_text(path: Path, most: int = _MOST_BYTES) -> str:
    """Return a regular file's text; see ``read_bytes``.

    Raises:
        ValueError: See there; or it is not in UTF-8.
    """
    try:
        return read_bytes(path, most).decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not in UTF-8 ({error.reason})") from None


def read_json(path: Path, most: int = _MOST_BYTES) -> Any:
    """Return a JSON file's value.

    Raises:
        ValueError: The file can't be read (see ``read_bytes``), or is no JSON.
    """
    return parse_json(read_text(path, most), str(path))


def parse_json(text: str, where: str, bits: int = 63) -> Any:
    """Return a JSON text's value; ``where`` is what a message calls the text.

    Raises:
        ValueError: It is no JSON, nested deeply, or a number is not finite or has more bits.
    """
    try:
        return _checked(json.loads(text), bits)
    except RecursionError:
        raise ValueError(f"{where}: nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{where}: not valid JSON ({error})") from None


def read_yaml(path: Path) -> Any:
    """Return a YAML file's value; anchors, aliases and tags of other types are refused.

    Raises:
        ValueError: The file can't be read (see ``read_bytes``), or is no such YAML.
    """
    return parse_yaml(read_text(path, _MOST_YAML), str(path))


def parse_yaml(text: str, where: str) -> Any:
    """Return a YAML text's value; see ``read_yaml`` and ``parse_json``."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # 8 times faster where it is installed
    try:
        _check_events(yaml.parse(text, loader))
        return _checked(yaml.load(text, loader), 63)
    except (yaml.YAMLError, ValueError) as error:
        raise ValueError(f"{where}: not valid YAML: {' '.join(str(error).split())}") from None


def _check_events(events: Iterator[Any]) -> None:
    """Refuse what would grow without bounds when it is put together."""
    depth = 0
    for event in events:
        kind = type(event).__name__
        if kind == "AliasEvent":
            raise ValueError(f"*{event.anchor}: write it out, aliases are not read")
        depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
        if depth > _DEPTH + 2:  # within the stream and the document
            raise ValueError(f"nested more than {_DEPTH} deep")


def _checked(value: Any, bits: int) -> Any:
    """Return a value of mappings by text, lists, texts, finite numbers, bools and None."""
    waiting = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        if depth > _DEPTH:
            raise ValueError(f"nested more than {_DEPTH} deep")
        if isinstance(item, dict):
            if not all(isinstance(key, str) for key in item):
                raise ValueError("a key is no text")
            item = list(item.values())
        if isinstance(item, list):
            waiting.extend((inner, depth + 1) for inner in item)
        else:
            _check_leaf(item, bits)
    return value


def _check_leaf(item: Any, bits: int) -> None:
    if not isinstance(item, (str, int, float, type(None))):
        raise ValueError(f"{item!r}: neither a text nor a number (put it into quotes)")
    if isinstance(item, int) and item.bit_length() > bits:
        raise ValueError("a whole number is too large")
    if isinstance(item, float) and not math.isfinite(item):
        raise ValueError(f"{item} is no number")


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

    The file stays, empty, and means nothing by itself. ``patience`` is how many seconds to wait.

    Raises:
        BusyError: Another process still holds it.
    """
    with open(path, "ab", opener=_opened) as file:
        deadline = time.monotonic() + patience
        while not _seize(file):
            if time.monotonic() >= deadline:
                raise BusyError(f"{path.parent}: another process is at work in this folder")
            time.sleep(0.05)
        yield


def _seize(file: IO[bytes]) -> bool:
    """Return whether the lock is ours, or nobody's: not every file system has locks."""
    try:
        _lock_function()(file.fileno())
    except OSError as error:
        if error.errno in _BUSY:
            return False
        if multiprocessing.parent_process() is None:
            _warn_of_no_locks()
    return True


@cache
def _warn_of_no_locks() -> None:
    print(
        "this file system has no locks: let no other process work in the same folder",
        file=sys.stderr,
    )


def _lock_function() -> Callable[[int], None]:
    if sys.platform == "win32":
        import msvcrt

        return lambda descriptor: msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    import fcntl

    return lambda descriptor: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def whole_lines(path: Path) -> list[str]:
    """Return a file's lines without a last one that a kill cut short; none if it is missing."""
    return read_text(path).split("\n")[:-1] if path.exists() else []


def append_json(path: Path, value: Any) -> None:
    """Add a line of JSON to a file, in the place of a last line that a kill cut short."""
    with open(path, "a+b") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
        file.write(json.dumps(value).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
