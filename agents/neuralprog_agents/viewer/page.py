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
from importlib.resources import files
from pathlib import Path
from typing import Any

from neuralprog_envs.interfaces.recording import FORMAT

FAMILIES = ("tape", "program", "table")
_NEEDED = frozenset({"family", "scene", "start", "actions", "texts", "steps"})
_LARGEST_FILE = 500_000_000

# What would end the script element early, or is no legal text in a script.
_ESCAPES = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def page(trace: Mapping[str, Any]) -> str:
    """Return the page of a trace of ``trace.schema.json``."""
    style = _text("page.css")
    script = "\n".join(_text(name) for name in ("page.js", f"{trace['family']}.js", "start.js"))
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
    if path.stat().st_size > _LARGEST_FILE:
        raise ValueError(f"{path}: too large: at most {_LARGEST_FILE // 10**6} MB")
    try:
        trace = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except ValueError as error:
        raise ValueError(f"{path}: not a trace in JSON ({error})") from None
    if not isinstance(trace, dict) or trace.get("format") != FORMAT:
        raise ValueError(f"{path}: not a trace, which has format {FORMAT!r}")
    if not trace.keys() >= _NEEDED or trace["family"] not in FAMILIES:
        raise ValueError(f"{path}: a trace has {', '.join(sorted(_NEEDED))}")
    return trace


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _text(name: str) -> str:
    return files("neuralprog_agents.viewer").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
