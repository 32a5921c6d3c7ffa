"""One self-contained page for one trace: no network, no server, nothing but the file.

The template is ``page.html``; styles and scripts stand beside it and are put into it, only those of
the trace's family. A content security policy admits these very texts by their hashes and nothing
else, so even a trace from elsewhere can't bring a script with it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from neuralprog_agents.training.files import read_json
from neuralprog_agents.training.schema import structured
from neuralprog_envs.interfaces.trace import FORMAT

_LARGEST_FILE = 500_000_000


@dataclass(frozen=True)
class Trace:
    """What the page needs of a trace; ``trace.schema.json`` has it all."""

    family: Literal["tape", "program", "table"]
    scene: dict[str, Any]
    start: dict[str, tuple[int, ...]]
    actions: tuple[dict[str, Any], ...]
    texts: tuple[str, ...]
    steps: dict[str, Any]


_SCRIPTS = {"tape": ("listing.js", "wiring.js"), "program": ("listing.js",), "table": ()}
"""What a family's script uses besides ``page.js``."""

# What would end the script element early, or is no legal text in a script.
_ESCAPES = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def page(trace: Mapping[str, Any]) -> str:
    """Return the page of a trace of ``trace.schema.json``."""
    style = _text("page.css")
    scripts = ("page.js", *_SCRIPTS[trace["family"]], f"{trace['family']}.js", "start.js")
    script = "\n".join(map(_text, scripts))
    parts = {
        "POLICY": f"default-src 'none'; img-src data:; style-src {_hash(style)}; "
        f"script-src {_hash(script)}",
        "STYLE": style,
        "TRACE": json.dumps(trace, separators=(",", ":"), allow_nan=False).translate(_ESCAPES),
        "SCRIPT": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _text("page.html"))


def read_trace(path: Path) -> dict[str, Any]:
    """Return the trace in a file.

    Raises:
        OSError: The file can't be read.
        ValueError: It is no trace, or one of another version.
    """
    trace = read_json(path, _LARGEST_FILE)
    if not isinstance(trace, dict) or trace.get("format") != FORMAT:
        raise ValueError(f"{path}: not a trace of format {FORMAT!r}: write it anew with run --json")
    try:
        structured(Trace, trace)
    except ValueError as error:
        raise ValueError(f"{path}: not a trace: {error}") from None
    return trace


def _text(name: str) -> str:
    return files("neuralprog_agents.viewer").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
