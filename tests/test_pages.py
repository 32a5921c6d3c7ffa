"""The pages name what there is: links, files and names in them, commands and their settings.

``test_guides`` runs the code of the README and the guides.
"""

from __future__ import annotations

import re
import shlex
from argparse import Namespace
from dataclasses import fields
from pathlib import Path

import pytest

from neuralprog_agents import registry
from neuralprog_agents.cli import _parser
from neuralprog_agents.evaluation.agents import pretrained
from neuralprog_agents.training.config import read_agent
from neuralprog_envs import REGISTRY

ROOT = Path(__file__).parents[1]
PACKAGES = [ROOT / "envs" / "neuralprog_envs", ROOT / "agents" / "neuralprog_agents"]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "examples/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted(PACKAGES[1].glob("**/README.md")),
]
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[\w-]*)?\)")
_FILE = re.compile(
    r"`(?P<file>[\w./-]+\.(?:py|md|yaml|json|jsonl|html|js))(?:: (?P<names>[^`]+))?`(?!\])"
)
_PATH = re.compile(r"\b(?:scripts|configs|results|tests)/[\w/-]+\.\w+")
_COMMAND = re.compile(
    r"(?:neuralprog |python scripts/|(?=sweep --config|train --config|tune --config))(.* --[^>]*)"
)
_READERS = "my_task|double|successor|mine"
"""What readers of the pages write themselves."""
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def located(page: Path, name: str) -> Path | None:
    """Return the file that a page names, relative to itself, the root or a package."""
    roots = [page.parent, ROOT, *PACKAGES, *(package.parent for package in PACKAGES)]
    roots.append(ROOT / "configs" / page.parent.name)
    pattern = name.replace("TASK", "*")
    return next((path for root in roots for path in root.glob(pattern)), None)


@pages
def test_links_lead_to_files(page):
    links = [link for link in _LINK.findall(text_of(page)) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pages
def test_files_and_the_names_in_them_exist(page):
    text, missing = text_of(page), []
    for found in _FILE.finditer(text):
        file = located(page, found["file"])
        code = file.read_text(encoding="utf-8") if file else ""
        names = re.findall(r"\w+", found["names"] or "")
        if file is None or [name for name in names if not re.search(rf"\b{name}\b", code)]:
            missing.append(found[0])
    missing += [path for path in _PATH.findall(text) if located(page, path) is None]
    assert [name for name in missing if not re.search(_READERS, name)] == []


def commands(page: Path) -> list[list[str]]:
    """Return the words of each command on a page: lines of code, and spans within a sentence."""
    text = re.sub(r"\\\n", " ", text_of(page))
    spans = [span.replace("\n", " ") for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", text)]
    found = [_COMMAND.match(line.strip()) for line in [*text.splitlines(), *spans]]
    given = [
        re.sub(r"\b[NSK]\b|…", "1", re.sub(r"^(\w+)\.py ", r"\1 ", match[1]))
        for match in found
        if match
    ]
    return [shlex.split(line, comments=True) for line in given]


def settings(args: Namespace) -> set[str]:
    """Return what train and sweep take besides their own options."""
    named = (getattr(args, "config", None) or "none").replace("TASK", "*")
    pattern = named if named.endswith(".yaml") else f"configs/{named}.yaml"
    configs = sorted(ROOT.glob(pattern))[:1]
    agents = [registry.find(read_agent(path)) for path in configs]
    return {setting.name for agent in agents for setting in fields(agent.Config)}


@pages
def test_commands_have_the_options_settings_and_agents_that_they_are_given(page):
    outputs: set[str | None] = set()
    for words in commands(page):
        args, rest = _parser().parse_known_args(words)
        given = {word[2:].partition("=")[0] for word in rest if word.startswith("--")}
        assert not given or given <= settings(args), words
        outputs.add(getattr(args, "output", None))
        named = getattr(args, "agent", None) or "expert"
        for agent in ",".join([named] if isinstance(named, str) else named).split(","):
            known = {*pretrained(), *outputs, "random", "expert", "chance.py"}
            assert agent in known or agent.startswith("runs/") or "TASK" in agent, words


def test_the_ids_that_the_pages_name_exist():
    ids = {
        id_ for page in PAGES for id_ in re.findall(r"\bN(?:RAM|PI?)[A-Z]\w+-v\d", text_of(page))
    }
    assert len(ids) > 20
    assert ids <= set(REGISTRY)


def test_no_two_guides_write_to_the_same_folder():
    """Their commands are typed in one clone, one guide after another."""
    written = [
        (words[words.index("--output") + 1], page.stem)
        for page in PAGES
        if page.parent.name == "guides"
        for words in commands(page)
        if "--output" in words
    ]
    assert len(written) > 10
    folders = [folder for folder, _ in sorted(set(written))]
    assert [folder for folder in set(folders) if folders.count(folder) > 1] == []
