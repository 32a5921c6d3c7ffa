"""Takes the README's picture: the viewer at one step of a run, in headless Chromium.

``python -m docs.screenshot``, from the root of the repository, rewrites
``docs/pictures/viewer.png``; it needs Chromium and its driver on the path.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import neuralprog_agents

TARGET = Path(__file__).parent / "pictures" / "viewer.png"
_AGENT, _INPUT, _STEP = "search-sort", [3, 1, 2, 5, 4], 4
_SIZE = {"width": 1080, "height": 776, "deviceScaleFactor": 1, "mobile": False}


def main() -> None:
    """Write the picture, with a palette of 160 colours."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "run.html")
        neuralprog_agents.load(_AGENT).run(_INPUT).write_page(file)
        shot = _photograph(file.as_uri(), folder)
    Image.open(io.BytesIO(shot)).convert("RGB").quantize(160).save(TARGET, optimize=True)
    print(f"wrote {TARGET}, {TARGET.stat().st_size:,} bytes")


def _photograph(address: str, folder: str) -> bytes:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={folder}/profile",
    ):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", _SIZE)
        driver.get(address)
        slider = "const s = document.getElementById('slider'); s.value = arguments[0]; s.oninput("
        driver.execute_script(slider + "{target: s})", _STEP)
        driver.execute_async_script("setTimeout(arguments[0], 400)")
        return driver.get_screenshot_as_png()
    finally:
        driver.quit()


if __name__ == "__main__":
    main()
