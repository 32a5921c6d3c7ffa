"""The difference between bad input, which gets one line, and a bug, which keeps its traceback."""

from __future__ import annotations

import errno
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

SUCCESS, FAILURE, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses: done; not done; could not even begin; Ctrl-C or SIGTERM."""


class UsageError(Exception):
    """Bad input; the message is one line for the user."""

    status = BAD_INPUT


class StoppedError(UsageError):
    """What was begun could not be finished, for a reason outside of this program."""

    status = FAILURE


_NO_ROOM = "make room there"
_ADVICE = {errno.ENOSPC: _NO_ROOM, errno.EDQUOT: _NO_ROOM, errno.EROFS: "name another place"}


def one_line(error: Exception) -> str:
    """Return an error in one line: the file, what was wrong with it, and what to do."""
    if not isinstance(error, OSError):
        return " ".join(str(error).split())
    where = f"{error.filename}: " if error.filename else ""
    advice = f": {_ADVICE[error.errno]}" if error.errno in _ADVICE else ""
    return f"{where}{error.strerror or error}{advice}"


@contextmanager
def input_errors() -> Iterator[None]:
    """Turn the errors of reading and checking input into ``UsageError``."""
    from neuralprog_agents.training.files import BusyError

    try:
        yield
    except OSError as error:
        raise UsageError(one_line(error)) from error
    except (ValueError, BusyError) as error:
        raise UsageError(one_line(error)) from error


@contextmanager
def reading_errors() -> Iterator[None]:
    """Turn what an agent's network cannot read into ``UsageError``; it is found as it reads."""
    from neuralprog_agents.agent import UnreadableError

    try:
        yield
    except UnreadableError as error:
        raise UsageError(one_line(error)) from error


def check_targets(*targets: str | None) -> None:
    """Raise ValueError where a file that is asked for can't be written, before any work."""
    for target in filter(None, targets):
        if not Path(target).absolute().parent.is_dir():
            raise ValueError(f"{target}: there is no folder {Path(target).parent}")
        if Path(target).is_dir():
            raise ValueError(f"{target}: is a folder, and should be a file")


def refuse_flags(args: Namespace, names: Iterable[str], why: str) -> None:
    """Raise ``UsageError`` if one of these flags is given, which would change nothing."""
    for name in names:
        if getattr(args, name) != args.parser.get_default(name):
            raise UsageError(f"{dashed(name)}: {why}")


def dashed(name: str) -> str:
    """Return a flag as it is typed."""
    return f"--{name.replace('_', '-')}"
