"""A headless Chromium, for tests of pages."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


AXE = Path(__file__).parents[1] / "node_modules/axe-core/axe.min.js"
PLAIN = (
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
)
# a machine that has three suites to do is slow; and the page looks again after half a minute
expect.set_options(timeout=45_000)
CAMERA = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


def program() -> str:
    """Return the browser; skips the test where none is."""
    asked = os.environ.get("TAGLINE_BROWSER")
    found = asked or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no browser: install chromium, or name one in TAGLINE_BROWSER")
    return found


@contextmanager
def browsing() -> Iterator[Browser]:
    """Start a browser that playwright drives; its camera shows a drawing."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=[*PLAIN, *CAMERA])
        yield browser
        browser.close()


def violations(page: Page, *rules: str) -> list[str]:
    """Return what axe finds wrong with a page as it is, by some rules or all.

    Skips the test where axe is not.
    """
    if not AXE.is_file():
        pytest.skip("no axe-core: `make lint` installs it")
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    asked = {"runOnly": list(rules)} if rules else {}
    found = page.evaluate("async (how) => (await axe.run(document, how)).violations", asked)
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def opened(address: str, profile: Path, *options: str) -> str:
    """Open an address and return what the page became; skips the test where no browser is."""
    return subprocess.run(
        [
            program(),
            "--headless=new",
            *PLAIN,
            f"--user-data-dir={profile}",
            *options,
            "--virtual-time-budget=20000",
            "--dump-dom",
            address,
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=180,
    ).stdout
