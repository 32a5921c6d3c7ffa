"""The README names what there is; ``test_guides`` runs its code."""

import re
from pathlib import Path

from neuralprog_envs import REGISTRY

README = Path(__file__).parents[1] / "README.md"


def test_every_environment_is_named():
    text = README.read_text()
    assert [id_ for id_ in REGISTRY if f"`{id_}`" not in text] == []


def test_every_path_and_command_exists():
    root = README.parent
    for path in re.findall(r"(?:scripts|configs)/[\w/]+\.\w+", README.read_text()):
        assert (root / path).is_file(), path
