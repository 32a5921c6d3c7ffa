"""Takes pictures of the viewer's and the site's pages in headless Chromium.

``python -m docs.screenshot``, from the root of the repository, rewrites in ``docs/pictures``
``viewer.png``, one step of a run, and contact sheets, light and dark, on a desk and on a phone:
``viewer-THEME.png``, a run of each family, and ``site-THEME.png``, the first page, which is the
README, and pages of environments. It needs Chromium and its driver on the path, and the site:
``make docs`` first.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import neuralprog_agents

PICTURES = Path(__file__).parent / "pictures"
SITE = Path(__file__).parents[1] / "build" / "docs"
_PAGES = (
    "index.html",
    "docs/environments/index.html",
    *(f"docs/environments/{name}-v0.html" for name in ("NRAMSort", "NPIHanoi", "NPTableQA")),
)
_RUNS = (
    ("nram-sort", {"values": [3, 1, 2, 5, 4]}, 4),
    ("npi-bubblesort", {"length": 3}, 13),
    ("np-wikitables", {"length": 8}, 3),
)
"""Agent, what it is run on, and the step that is shown."""

_DESK, _PHONE = (1280, 800), (390, 844)
_SHEET_HEIGHT, _MARGIN, _COLOURS = 640, 12, 64


def main() -> None:
    """Write the pictures, the sheets with a palette."""
    with tempfile.TemporaryDirectory() as folder, _browser(folder) as driver:
        runs = [_page(Path(folder), *run) for run in _RUNS]
        site = [_built(SITE / page).as_uri() for page in _PAGES]
        _write("viewer.png", _shot(driver, runs[0], _DESK, "light"))
        for scheme in ("light", "dark"):
            _write(f"viewer-{scheme}.png", _sheet(driver, runs, scheme))
            _write(f"site-{scheme}.png", _sheet(driver, site, scheme))


def _built(page: Path) -> Path:
    if not page.is_file():
        sys.exit(f"there is no {page}: run `make docs` first")
    return page


def _page(folder: Path, agent: str, posed: dict[str, Any], step: int) -> str:
    file = folder / f"{agent}.html"
    neuralprog_agents.load(agent).run(**posed).write_page(file)
    return f"{file.as_uri()}#step={step}"


@contextmanager
def _browser(folder: str) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    profile = f"--user-data-dir={folder}/profile"
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", profile):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def _shot(driver: Any, address: str, size: tuple[int, int], scheme: str) -> Image.Image:
    """Return what a screen of a size shows of a page that has come to rest."""
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    colours = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", colours)
    driver.get("about:blank")
    driver.get(address)
    driver.execute_async_script("setTimeout(arguments[0], 400)")
    return Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")


def _sheet(driver: Any, pages: list[str], scheme: str) -> Image.Image:
    """Return pages one below another, each on a desk and, beside it, on a phone."""
    rows = [[_shot(driver, page, size, scheme) for size in (_DESK, _PHONE)] for page in pages]
    return _reduced(_rows(rows))


def _rows(rows: list[list[Image.Image]]) -> Image.Image:
    """Return pictures side by side, a row below another, all equally high."""
    scaled = [[_as_high(picture) for picture in row] for row in rows]
    width = max(sum(picture.width + _MARGIN for picture in row) for row in scaled) - _MARGIN
    height = len(rows) * (_SHEET_HEIGHT + _MARGIN) - _MARGIN
    sheet = Image.new("RGB", (width, height), "#808080")
    for number, row in enumerate(scaled):
        left = 0
        for picture in row:
            sheet.paste(picture, (left, number * (_SHEET_HEIGHT + _MARGIN)))
            left += picture.width + _MARGIN
    return sheet


def _as_high(picture: Image.Image) -> Image.Image:
    width = round(picture.width * _SHEET_HEIGHT / picture.height)
    return picture.resize((width, _SHEET_HEIGHT), Image.Resampling.LANCZOS)


def _reduced(picture: Image.Image) -> Image.Image:
    """Return a picture in 256 colours: its most frequent ones, and others far from each other."""
    counts = Counter({colour: n for n, colour in picture.getcolors(picture.width * picture.height)})
    frequent = [part for colour, _ in counts.most_common(_COLOURS) for part in colour]
    spread = picture.quantize(256 - _COLOURS, Image.Quantize.MAXCOVERAGE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*frequent, *spread])
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


def _write(name: str, picture: Image.Image) -> None:
    path = PICTURES / name
    picture.save(path, optimize=True)
    print(f"wrote {path}, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
