"""Every code block of README, guides and two more pages runs as written, in an empty folder.

A block of Python is a script; of sh, commands. One whose first line is a comment with a file's name
(``# double.py``) is saved under it instead. A block of text after another is what that must have
printed, "…" standing for anything. ``configs``, ``examples`` and ``scripts`` are at hand, as in a
clone. A comment before a block may say

    <!-- test: append --budget 5; any status -->

for what would take long: the options are added to each of its ``neuralprog`` commands, and with
"any status" the block may fail, as training does that has no time to succeed. "needs ray" skips a
block where that module is missing, "dry" only has ``make`` say what it would do, and "installs
my_agent" is as if pip had installed that folder.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "examples" / "README.md",
    ROOT / "docs" / "agents.md",
    *GUIDES,
]
SLOW = ROOT / "docs" / "guides" / "agents.md"
_BLOCK = re.compile(
    r"(?:<!-- test: (?P<mark>.*?) -->\n)?^```(?P<kind>\w*)\n(?P<code>.*?)^```", re.M | re.S
)
_FILE = re.compile(r"# ([\w/]+\.\w+)\n")
_COMMAND = re.compile(r"^((?:neuralprog|python scripts/\w+\.py) [^#\n>]*)", re.M)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@dataclass
class Block:
    """A code block: its language, its text, and what a comment before it tells the tests."""

    kind: str
    code: str
    mark: str

    @property
    def command(self) -> list[str]:
        if self.kind == "python":
            return [sys.executable, "-W", "error::DeprecationWarning", "-c", self.code]
        added = re.search(r"append ([^;]*)", self.mark)
        code = _COMMAND.sub(rf"\1 {added[1]} ", self.code) if added else self.code
        return ["bash", "-euo", "pipefail", "-c", code]


def blocks(document: Path) -> list[Block]:
    text = document.read_text(encoding="utf-8")
    return [Block(b["kind"], b["code"], b["mark"] or "") for b in _BLOCK.finditer(text)]


@pytest.mark.parametrize(
    "document",
    [pytest.param(path, marks=pytest.mark.slow if path == SLOW else ()) for path in DOCUMENTS],
    ids=name_of,
)
def test_every_block_runs(document, tmp_path):
    for name in ("configs", "examples", "scripts", "Makefile", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    printed = None
    for block in blocks(document):
        if block.kind == "text":
            assert printed is None or re.search(pattern(block.code), squeezed(printed), re.S)
            printed = None
        elif named := _FILE.match(block.code):
            (tmp_path / named[1]).parent.mkdir(exist_ok=True)
            (tmp_path / named[1]).write_text(block.code, encoding="utf-8")
        elif package := re.search(r"installs (\w+)", block.mark):
            install(tmp_path / package[1], tmp_path / "installed")
        elif block.kind in ("python", "sh"):
            printed = run(block, tmp_path)


def install(package: Path, target: Path) -> None:
    """Lay a package's modules and entry points where pip would; a build would need a network."""
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    about = target / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    shutil.copytree(package, target)
    about.mkdir()
    (about / "METADATA").write_text("Name: {name}\nVersion: {version}\n".format(**project))
    points = ConfigParser()
    points.read_dict(project["entry-points"])
    with (about / "entry_points.txt").open("w") as file:
        points.write(file)


def run(block: Block, folder: Path) -> str | None:
    """Run a block; return what it printed, None if it was not to be run here."""
    needs = re.search(r"needs ([\w, ]+)", block.mark)
    if needs and not all(map(importlib.util.find_spec, needs[1].split(", "))):
        return None
    scripts = Path(sys.executable).parent
    settings = {"PATH": f"{scripts}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    settings["MINARI_DATASETS_PATH"] = str(folder / "minari")
    settings["PYTHONPATH"] = f"{folder / 'installed'}:{os.environ.get('PYTHONPATH', '')}"
    if "dry" in block.mark:
        settings["MAKEFLAGS"] = "-n"
    done = subprocess.run(
        block.command,
        cwd=folder,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
    )
    allowed = (0, 1) if "any status" in block.mark else (0,)
    assert done.returncode in allowed, f"{block.code}\n{done.stdout}\n{done.stderr}"
    return None if "dry" in block.mark else done.stdout


def pattern(text: str) -> str:
    """Return what matches a text in which "…" stands for anything."""
    return re.escape(squeezed(text)).replace("…", ".*?")


def squeezed(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_block_has_a_language_and_every_link_leads_somewhere(document):
    assert {block.kind for block in blocks(document)} <= {"python", "sh", "yaml", "toml", "text"}
    for target in re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8")):
        assert "://" in target or (document.parent / target).exists(), target
