"""The site, which `make docs` builds with Sphinx: its sources are the pages of this repository.

The root of the repository is the source folder, so that a link between two pages works alike on the
site and in a clone. The README is the site's home.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from neuralprog_envs import __version__

project = "neuralprog"
author = "The neuralprog authors"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
root_doc = "README"
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/**.md",
    "examples/README.md",
    "results/*.md",
    "agents/neuralprog_agents/agents/*/README.md",
]
exclude_patterns = [".venv*", "build", "dist", "runs"]

myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the signatures that people read are in the docstrings
napoleon_google_docstring = True
napoleon_use_ivar = True

html_theme = "furo"
html_static_path, html_css_files = ["_static"], ["site.css"]
html_title = f"neuralprog {version}"
html_show_sphinx = False
html_copy_source = False

PARTS = ["docs/guides/index", "docs/environments/index", "docs/agents"]
"""Pages whose tables list the pages below them."""

CONTENTS = {
    "": [*PARTS, "examples/README"],
    "Results": [
        "docs/results",
        "results/compare",
        "results/speed",
        "results/ablation",
        "results/library",
        "docs/gradient",
    ],
    "Reference": [f"docs/reference/{name}" for name in ("environments", "agents", "own-tasks")],
    "Project": ["CONTRIBUTING", "CHANGELOG"],
}
"""What stands below the README, under these headings."""

_ROW = re.compile(r"^\| \[.*?\]\(([\w./-]+)\.md\)", re.M)


def add_contents(app: Sphinx, page: str, source: list[str]) -> None:
    """Give the pages of contents a contents on the site, which a clone does not need."""
    if page == root_doc:
        source[0] += "".join(map(toctree, CONTENTS, CONTENTS.values()))
    if page in PARTS:
        source[0] += toctree("", list(dict.fromkeys(_ROW.findall(source[0]))))


def toctree(caption: str, pages: list[str]) -> str:
    """Return a hidden table of contents."""
    heading = [f":caption: {caption}"] if caption else []
    return "\n".join(["\n", "```{toctree}", ":hidden:", *heading, "", *pages, "```\n"])


def link_modules(app: Sphinx, tree: nodes.document) -> None:
    """Let a link to a module's file lead to the module in the reference."""
    for node in list(tree.findall(addnodes.download_reference)):
        _, package, path = node["reftarget"].rpartition("neuralprog_")
        if package and path.endswith(".py"):
            module = f"{package}{path.removesuffix('.py')}".replace("/", ".")
            settings = {"refdomain": "py", "reftype": "mod", "reftarget": module, "refwarn": True}
            node.replace_self(addnodes.pending_xref("", *node.children, **settings))


def setup(app: Sphinx) -> None:
    """Connect the two."""
    app.connect("source-read", add_contents)
    app.connect("doctree-read", link_modules)
