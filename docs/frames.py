"""Paints the pictures of the environments: frames of runs, contact sheets, a learned sort.

``python -m docs.frames``, from the root of the repository, rewrites in ``docs/pictures``:

* ``ID.png`` for every environment: a frame within its expert's run;
* ``frames-FAMILY-THEME.png``: the same of a whole family on one sheet, light and dark;
* ``sort.gif`` and ``sort-dark.gif``: the pretrained agent nram-sort at work.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neuralprog_agents
from neuralprog_envs import REGISTRY
from neuralprog_envs.core.canvas import png_of_few_colours
from neuralprog_envs.core.instances import draw
from neuralprog_envs.core.task import Task
from neuralprog_envs.interfaces.display import display_of
from neuralprog_envs.interfaces.frame import THEMES, Frame, Style, frames_of
from neuralprog_envs.interfaces.replay import demonstration
from neuralprog_envs.registry import FAMILIES, make_task

PICTURES = Path(__file__).parent / "pictures"

_LENGTH = {"tape": 4, "program": 5, "table": 8}
_SEED, _OTHER_SEED = 16, 6
_OTHERS = ["Count", "WalkBST", "Merge", "TopologicalSort", "TableQA-", "WikiTable"]
"""Parts of the ids that show little of their task with the first seed."""

_FUNCTION_LENGTH, _FUNCTION_SEEDS = 9, 99
"""Functions of numbers are shown by the seed, of so many, with the largest answer that differs from
a and b, both at least 2."""

_DIGITS = {"NRAMDigitSum-v0": [2, 2], "NRAMCarry-v0": [2, 2]}
"""Inputs of functions of digits; most numbers are none."""

_SHEET_COLUMNS, _SHEET_WIDTH = 2, 640
_AGENT, _INPUT, _GIF_WIDTH = "nram-sort", [4, 2, 5, 1, 3], 784


def frame(env_id: str) -> Frame:
    """Return the middle one of the frames of an expert's run in which something is written.

    A function of numbers writes its answer over a: the middle one of all frames still shows a.
    """
    task, instances = _posed(env_id)
    run = list(frames_of(env_id, task, instances, demonstration(task, instances)))[1:-1]
    written = [] if _is_function(env_id) else [one for one in run if _writes(one)]
    shown = written or run
    return shown[len(shown) // 2]


def _is_function(env_id: str) -> bool:
    return "function" in REGISTRY[env_id].tags


def _posed(env_id: str) -> tuple[Task, Any]:
    """Return the task of a picture and its instance."""
    if _is_function(env_id):
        length, seeds = _FUNCTION_LENGTH, list(range(_FUNCTION_SEEDS))
    else:
        length = max(_LENGTH[REGISTRY[env_id].family], make_task(env_id).lengths[0])
        seeds = [_OTHER_SEED if any(name in env_id for name in _OTHERS) else _SEED]
    task = make_task(env_id, length=length)
    if env_id in _DIGITS:
        return task, task.pose_input(_DIGITS[env_id])
    drawn = [draw(task, seed, [0], (length, length), "all") for seed in seeds]
    return task, drawn[0] if len(drawn) == 1 else max(filter(_tells, drawn), key=_answer)


def _tells(instances: Any) -> bool:
    """Return whether a, b and the answer differ, and a and b are at least 2."""
    a, b = instances.tape[0, :2].tolist()
    return min(a, b) >= 2 and len({a, b, _answer(instances)}) == 3


def _answer(instances: Any) -> int:
    return int(instances.answer[0, 0])


def _writes(shown: Frame) -> bool:
    """Return whether the last step changed the tape, the pad or the selected rows."""
    display, moment = display_of(shown.task.machine), shown.moment
    before, after = display.layers(moment.before), display.layers(moment.state)
    first = next(iter(after))
    return bool((before[first] != after[first]).any())


def picture(env_id: str, style: Style) -> NDArray[np.uint8]:
    """Return ``frame`` as pixels, shape (height, width, 3)."""
    return style.pixels(frame(env_id).drawing())


def sheet(family: str, theme: str) -> NDArray[np.uint8]:
    """Return the frames of a family, in the order of the registry, row by row."""
    ids = [row.id for row in REGISTRY.values() if row.family == family]
    style = Style(_SHEET_WIDTH, theme)
    return np.concatenate(list(_rows([picture(env_id, style) for env_id in ids])))


def _rows(pictures: list[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    for first in range(0, len(pictures), _SHEET_COLUMNS):
        row = pictures[first : first + _SHEET_COLUMNS]
        height = max(len(one) for one in row)
        row += [row[0][:1, :1].repeat(_SHEET_WIDTH, axis=1)] * (_SHEET_COLUMNS - len(row))
        yield np.concatenate([_lengthened(one, height) for one in row], axis=1)


def _lengthened(one: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    return np.concatenate([one, one[-1:].repeat(height - len(one), axis=0)])


def main() -> None:
    """Rewrite the pictures, and remove those of environments that there are no more."""
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*-v0.png"):
        old.unlink()
    for env_id in REGISTRY:
        _write(f"{env_id}.png", png_of_few_colours(picture(env_id, Style())))
    for theme in THEMES:
        for family in FAMILIES:
            _write(f"frames-{family}-{theme}.png", png_of_few_colours(sheet(family, theme)))
        run = neuralprog_agents.load(_AGENT).run(_INPUT)
        name = "sort.gif" if theme == THEMES[0] else f"sort-{theme}.gif"
        run.write_gif(PICTURES / name, _GIF_WIDTH, theme)


def _write(name: str, content: bytes) -> None:
    (PICTURES / name).write_bytes(content)


if __name__ == "__main__":
    main()
