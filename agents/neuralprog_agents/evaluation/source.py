"""A learned program saved as a Python file that stands alone."""

from __future__ import annotations

from pathlib import Path

from neuralprog_agents.agent import Answerer, Policy
from neuralprog_agents.training.files import write_atomically


def check_target(target: str | None) -> None:
    """Raise ValueError if a program can't be saved under a name, before any work is done."""
    if target is not None and not Path(target).absolute().parent.is_dir():
        raise ValueError(f"--save {target}: there is no folder {Path(target).parent}")


def save_program(policy: Policy | Answerer, target: str) -> None:
    """Write a policy's program as Python, and say so.

    Raises:
        ValueError: The policy's program has no such form.
        OSError: It could not be written.
    """
    if not hasattr(policy, "program_source"):
        raise ValueError("--save: what this agent learned is a network, and no Python function")
    write_atomically(Path(target), policy.program_source().encode())
    print(f"saved as {target}")
