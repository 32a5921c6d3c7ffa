"""Headless Chromium, and traces to show in it."""

from __future__ import annotations

import os
import shutil
from types import SimpleNamespace

import pytest

import neuralprog_agents
from neuralprog_agents.viewer.page import page

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PHONE, DESK = (390, 844), (1280, 800)
KEYS = ("ARROW_RIGHT", "ARROW_LEFT", "ARROW_DOWN", "ARROW_UP", "PAGE_DOWN", "HOME", "END", "SPACE")


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """The browser; the tests that need it are skipped where there is none."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if not (browser and driver):
        pytest.skip("no browser here: apt-get install chromium chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = Service(driver, log_output=os.devnull)
    opened = webdriver.Chrome(options=options, service=service)
    yield opened
    opened.quit()


class Page:
    """A trace's page in the browser, and hands to use it."""

    def __init__(self, driver, path, size, fragment):
        from selenium.webdriver.common.by import By
        from selenium.webdriver.common.keys import Keys

        self.driver, self.find, self.keys = driver, By.CSS_SELECTOR, Keys
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        driver.get_log("browser")
        driver.get(path.as_uri() + fragment)

    def press(self, key, times=1):
        """Press a key, named as in selenium's Keys."""
        body = self.driver.find_element(self.find, "body")
        body.send_keys(getattr(self.keys, key) * times)

    def texts(self, selector):
        """The texts of all elements of a selector, shown or not."""
        code = "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)"
        return self.driver.execute_script(code, selector)

    def text(self, selector):
        """The text of the only one."""
        (text,) = self.texts(selector)
        return text

    def values(self, host):
        """What the cells of a host hold now, without what they held before the step."""
        code = (
            "return [...document.querySelectorAll(arguments[0])].map(e => e.lastChild?.data ?? '')"
        )
        return self.run(code, f"{host} .cell b")

    def run(self, code, *arguments):
        """Execute JavaScript."""
        return self.driver.execute_script(code, *arguments)

    @property
    def step(self):
        """Where the page stands."""
        return int(self.run("return document.body.dataset.step"))

    def errors(self):
        """What the console has complained of."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture
def show(chromium, tmp_path):
    """Show a trace in the browser; afterwards the console must be silent."""
    shown = []

    def show(trace, size=DESK, fragment=""):
        path = tmp_path / f"page{len(shown)}.html"
        path.write_text(page(trace), encoding="utf-8")
        shown.append(Page(chromium, path, size, fragment))
        return shown[-1]

    yield show
    assert [error for opened in shown for error in opened.errors()] == []


def play(name, env_id=None, values=None, length=None, seed=0):
    """Let an agent act; return the trace, and what it was made from."""
    run = neuralprog_agents.load(name, env_id).run(values, length=length, seed=seed)
    return SimpleNamespace(trace=run.trace, done=run.application)
