"""What hints name: a command that works as it is typed, and what pip can install."""

from __future__ import annotations

import json
import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path


def program() -> str:
    """Return how ``neuralprog`` can be called here, whether its environment is active or not."""
    script = Path(sys.executable).with_name("neuralprog")
    found = shutil.which("neuralprog")
    if found and Path(found).parent == script.parent:
        return "neuralprog"
    if script.exists():
        inside = script.is_relative_to(Path.cwd())
        return os.path.relpath(script) if inside else str(script)
    return f"{sys.executable} -m neuralprog_agents.cli"


def installation(extra: str) -> str:
    """Return the words for pip that bring an extra of this package from where it was installed."""
    from urllib.parse import urlparse
    from urllib.request import url2pathname

    try:
        origin = distribution("neuralprog").read_text("direct_url.json")
    except PackageNotFoundError:
        origin = None
    if origin is None:
        return f"'neuralprog[{extra}]'"
    source = json.loads(origin)
    if source.get("dir_info", {}).get("editable"):
        return f"-e '{url2pathname(urlparse(source['url']).path)}[{extra}]'"
    return f"'neuralprog[{extra}] @ {source['url']}'"
