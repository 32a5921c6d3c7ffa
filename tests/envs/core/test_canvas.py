"""What is painted: sizes, places and colours, with room for another version of the font."""

import io

import numpy as np
import pytest

from neuralprog_envs.core.drawing import Box, Drawing, Image, Line, Placed, Ring, Text
from neuralprog_envs.core.parts import mark

pytest.importorskip("PIL")
from PIL import Image as Pillow
from PIL.ImageColor import getrgb

from neuralprog_envs.core.canvas import THEMES, data_url, gif, paint, png, png_of_few_colours


def colour(name, theme="light"):
    return np.array(getrgb(THEMES[theme][name]))


def near(pixels, name, theme="light", tolerance=12):
    """Return which pixels have a colour, about."""
    return np.abs(pixels.astype(int) - colour(name, theme)).max(axis=-1) <= tolerance


def touched(*shapes, width=200, height=60, **settings):
    """Return which pixels of a page shapes change."""
    return ~near(paint(Drawing(width, height, shapes), **settings), "page", tolerance=2)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("scale", [1, 2.5])
def test_shapes_have_their_places_and_colours_at_any_size(theme, scale):
    shapes = (
        Box(10, 10, 40, 40, "good-tint", "good", 2),
        Ring(80, 30, 15, "read"),
        Line(((110, 30), (150, 30)), "bad", 6),
        Image(160, 10, 20, np.full((4, 4, 3), (10, 200, 30), np.uint8)),
    )
    size = (round(200 * scale), round(60 * scale))
    pixels = paint(Drawing(200, 60, shapes), size, theme)
    assert pixels.shape == (size[1], size[0], 3)
    places = {(30, 30): "good-tint", (11, 30): "good", (80, 30): "read", (130, 30): "bad"}
    for (x, y), name in {**places, (5, 5): "page", (66, 16): "page"}.items():
        assert near(pixels[int(y * scale), int(x * scale)], name, theme), name
    assert np.abs(pixels[int(20 * scale), int(170 * scale)].astype(int) - (10, 200, 30)).max() < 12


def test_a_drawing_of_another_shape_than_the_picture_stands_in_the_middle():
    pixels = paint(Drawing(100, 50, (Box(0, 0, 100, 50, "ink", radius=0),)), (100, 100))
    black = near(pixels, "ink")
    assert black[26:74].all()
    assert not black[:24].any()
    assert not black[76:].any()


def test_a_placed_drawing_is_moved():
    inner = Drawing(20, 20, (Box(0, 0, 20, 20, "ink", radius=0),))
    rows, columns = np.nonzero(touched(Placed(30, 10, inner)))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 29, 30, 49)


def test_edges_are_smooth():
    pixels = paint(Drawing(100, 100, (Ring(50, 50, 40, "ink"),)))
    between = ~near(pixels, "ink") & ~near(pixels, "page")
    assert 100 < between.sum() < 1500


@pytest.mark.parametrize("align", ["left", "middle", "right"])
def test_a_text_stands_where_it_is_aligned(align):
    rows, columns = np.nonzero(touched(Text(100, 30, "H0H", 20, align=align)))
    assert abs((rows.min() + rows.max()) / 2 - 30) < 3
    left, right = columns.min(), columns.max()
    at = {"left": left, "middle": (left + right) / 2, "right": right}[align]
    assert abs(at - 100) < 4
    assert 12 < rows.max() - rows.min() < 20


@pytest.mark.parametrize("lines", [1, 2])
@pytest.mark.parametrize("text", ["many words that need much more room than there is", "x" * 300])
def test_a_text_without_room_is_cut_and_says_so(text, lines):
    def columns(words):
        return np.nonzero(touched(Text(10, 20, words, 16, width=120, lines=lines)))[1]

    assert columns(text).max() <= 10 + 120
    assert columns(text).max() > 10 + 60
    whole = touched(Text(10, 20, text[:6], 16, width=120, lines=lines))
    assert (whole != touched(Text(10, 20, text, 16, width=120, lines=lines))).any()


def test_what_is_cut_ends_with_dots():
    from neuralprog_envs.core.canvas import _fitted

    (line,), size = _fitted("many words that need more room", 16, 100, 1, 0.8)
    assert line.startswith("many words")
    assert line.endswith("…")
    assert size == 13
    assert _fitted("few", 16, 100, 1, 0.8) == (["few"], 16)
    broken, _ = _fitted("one two three four five six", 16, 100, 9, 1)
    assert " ".join(broken) == "one two three four five six"
    assert len(broken) > 1


@pytest.mark.parametrize(("text", "plain"), [("Élan – naïve", "Elan - naive"), ("a\nb", "a b")])
def test_letters_that_the_font_lacks_become_plain_ones(text, plain):
    assert (touched(Text(5, 20, text)) == touched(Text(5, 20, plain))).all()


def test_marks_differ_by_more_than_their_colours():
    forms = [touched(*mark(kind, 30, 30, 20)) for kind in ("good", "bad", "open")]
    for i, one in enumerate(forms):
        assert one.any()
        for other in forms[:i]:
            assert (one != other).sum() > 0.5 * min(one.sum(), other.sum())


def test_an_arrow_has_a_head():
    plain, arrow = (touched(Line(((20, 30), (120, 30)), "ink", 2, arrow=a)) for a in (False, True))
    assert (arrow & ~plain)[:, 110:121].any()
    assert not arrow[:, 122:].any()


@pytest.mark.parametrize("theme", THEMES)
def test_texts_have_the_contrast_that_people_need(theme):
    pairs = """ink card, ink cell, ink tint, ink read-tint, ink write-tint, ink good-tint,
    soft card, soft page, accent card, accent tint, good card, good good-tint, bad card,
    bad bad-tint, read card, black white, black grey, card ink"""
    for text, ground in (pair.split() for pair in pairs.replace("\n", " ").split(",")):
        bright, dark = sorted((luminance(colour(n, theme)) for n in (text, ground)), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def luminance(channels):
    """Relative luminance, as WCAG 2 defines it."""
    parts = channels / 255
    parts = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return parts @ (0.2126, 0.7152, 0.0722)


def test_files_hold_the_pixels():
    pixels = paint(Drawing(60, 40, (Box(5, 5, 30, 30, "bad"), Text(10, 20, "7"))))
    for content in (png(pixels), png_of_few_colours(pixels)):
        with Pillow.open(io.BytesIO(content)) as opened:
            read = np.asarray(opened.convert("RGB"))
        assert np.abs(read.astype(int) - pixels).max() < (1 if content == png(pixels) else 40)
    assert data_url(pixels).startswith("data:image/png;base64,")


def test_a_gif_has_its_frames_and_their_times():
    drawings = [Drawing(60, 40, (Box(5, 5, width, 30, "bad"),)) for width in (10, 30, 50)]
    frames = [paint(drawing) for drawing in drawings]
    content = gif(frames, np.concatenate(frames).reshape(-1, 3), [100, 100, 700])
    with Pillow.open(io.BytesIO(content)) as opened:
        assert (opened.n_frames, opened.size) == (3, (60, 40))
        times = []
        for number, frame in enumerate(frames):
            opened.seek(number)
            times.append(opened.info["duration"])
            assert np.abs(np.asarray(opened.convert("RGB")).astype(int) - frame).max() < 40
        assert times == [100, 100, 700]
