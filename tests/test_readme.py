"""Every Python block of the README runs as written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


def test_there_are_blocks():
    assert len(BLOCKS) >= 2


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_a_block_runs(block, tmp_path):
    subprocess.run([sys.executable, "-c", block], check=True, cwd=tmp_path)


def test_every_environment_is_named():
    from neuralprog_envs import REGISTRY

    text = README.read_text()
    assert [id_ for id_ in REGISTRY if f"`{id_}`" not in text] == []


def test_every_path_and_command_exists():
    root = README.parent
    for path in re.findall(r"(?:scripts|configs)/[\w/]+\.\w+", README.read_text()):
        assert (root / path).is_file(), path
