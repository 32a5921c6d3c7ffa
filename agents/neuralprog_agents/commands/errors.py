"""The difference between bad input, which gets one line, and a bug, which keeps its traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

SUCCESS, FAILURE, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses: done; not done; could not even begin; Ctrl-C or SIGTERM."""


class UsageError(Exception):
    """Bad input; the message is one line for the user."""


@contextmanager
def input_errors() -> Iterator[None]:
    """Turn the errors of reading and checking input into ``UsageError``."""
    from neuralprog_agents.training.files import BusyError

    try:
        yield
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise UsageError(f"{where}{error.strerror or error}") from error
    except (ValueError, BusyError) as error:
        raise UsageError(" ".join(str(error).split())) from error
