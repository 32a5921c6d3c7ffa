"""The page of environments is what the registry and the docstrings say today."""

import io

import numpy as np
import pytest

from docs import environments
from neuralprog_envs import REGISTRY

OLD = f"out of date: rewrite it with `{environments.COMMAND}`, and look at it"


def test_the_page_of_environments_is_up_to_date():
    assert environments.PAGE.read_text(encoding="utf-8") == environments.page(), OLD


@pytest.mark.parametrize("env_id", sorted(REGISTRY))
def test_a_picture_is_up_to_date(env_id):
    image = pytest.importorskip("PIL.Image")
    content = (environments.PICTURES / f"{env_id}.png").read_bytes()
    with image.open(io.BytesIO(content)) as opened:
        shown = np.asarray(opened.convert("RGB"))
    assert np.array_equal(shown, environments.picture(env_id)), OLD


def test_the_pictures_are_small_and_belong_to_environments():
    files = list(environments.PICTURES.glob("*-v0.png"))
    assert {path.stem for path in files} == set(REGISTRY)
    assert sum(path.stat().st_size for path in files) < 300_000


def test_a_docstring_becomes_markdown():
    text = environments.markdown("Do.\n\n    a  b\n\nInput: x, ``y``.\nSource: ours.\n")
    assert text == "Do.\n\n```text\na  b\n```\n\n**Input.** x, `y`.\n\n**Source.** ours."
