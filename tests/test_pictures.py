"""The pictures in ``docs/pictures`` show the frames of today, whatever the version of the font."""

import numpy as np
import pytest

from docs import frames
from neuralprog_envs import REGISTRY
from neuralprog_envs.interfaces.frame import THEMES, Style
from neuralprog_envs.registry import FAMILIES

image = pytest.importorskip("PIL.Image")

OLD = "out of date: repaint it with `python -m docs.frames`, and look at it"
SHEETS = [f"frames-{family}-{theme}.png" for family in FAMILIES for theme in THEMES]
MOVING = ("sort.gif", "sort-dark.gif")


@pytest.mark.parametrize("env_id", sorted(REGISTRY))
def test_a_picture_is_up_to_date(env_id):
    """Letters may differ in their edges; a changed number or colour is more than that."""
    painted = frames.picture(env_id, Style()).astype(int)
    with image.open(frames.PICTURES / f"{env_id}.png") as opened:
        kept = np.asarray(opened.convert("RGB")).astype(int)
    assert kept.shape == painted.shape, OLD
    high, wide = (side // 8 * 8 for side in painted.shape[:2])
    difference = np.abs(kept - painted).max(axis=2)[:high, :wide]
    blocks = difference.reshape(high // 8, 8, wide // 8, 8).mean(axis=(1, 3))
    assert np.percentile(blocks, 99) < 30, OLD


def test_the_pictures_are_small_and_belong_to_environments():
    files = list(frames.PICTURES.glob("*-v0.png"))
    assert {path.stem for path in files} == set(REGISTRY)
    sheets = [frames.PICTURES / name for name in SHEETS]
    assert sum(path.stat().st_size for path in [*files, *sheets]) < 36_000 * len(REGISTRY)


@pytest.mark.parametrize("name", MOVING)
def test_the_learned_sort_moves_and_is_small(name):
    path = frames.PICTURES / name
    assert path.stat().st_size < 400_000
    with image.open(path) as opened:
        assert opened.width <= 900
        assert opened.n_frames > 20
