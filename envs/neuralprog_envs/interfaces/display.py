"""The display of a machine, chosen by the machine's type."""

from __future__ import annotations

from typing import Any

from neuralprog_envs.core.display import Display
from neuralprog_envs.program.display import ProgramDisplay
from neuralprog_envs.program.machine import ProgramMachine
from neuralprog_envs.table.display import TableDisplay
from neuralprog_envs.table.machine import TableMachine
from neuralprog_envs.tape.display import TapeDisplay
from neuralprog_envs.tape.machine import TapeMachine

_DISPLAYS: dict[type, Any] = {
    TapeMachine: TapeDisplay,
    ProgramMachine: ProgramDisplay,
    TableMachine: TableDisplay,
}


def display_of(machine: Any) -> Display:
    """Return the display of a machine of one of the three families."""
    display: Display = _DISPLAYS[type(machine)](machine)
    return display
