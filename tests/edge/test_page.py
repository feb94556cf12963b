"""The device's page in a real browser: both streams, what is said, on a phone and on a desk."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import browsing, violations
from tests.edge.device_world import (
    BLUE,
    GREEN,
    RED,
    Device,
    Signer,
    device_json,
    film,
    install,
    running,
    version,
)

pytestmark = pytest.mark.browser
WIDTHS = (390, 1280)


def test_the_page_shows_both_streams_and_fits(tmp_path: Path) -> None:
    signer = Signer()
    config = device_json(tmp_path / "device", signer, "127.0.0.1:9")  # nobody answers there
    install(config, signer, 1)
    source = film(tmp_path / "film.avi", [RED, GREEN, BLUE], frames=10)
    options = ("--loop", "--fps-limit", "20")
    with browsing() as browser, running(config, source, *options) as device:
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                _look(browser, device, width, scheme)


def _look(browser: Browser, device: Device, width: int, scheme: str) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page, faults = context.new_page(), list[str]()
    page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"http://127.0.0.1:{device.port}/", wait_until="domcontentloaded")
    expect(page.get_by_role("status")).to_have_text("The camera is seen, and a model answers.")
    expect(page.get_by_role("heading", level=1)).to_have_text("cam-1: colours")
    expect(page.locator("#facts")).to_contain_text(version(1))
    expect(page.locator("#facts")).to_contain_text("offline")
    expect(page.locator("#results")).to_contain_text("green")
    for picture in page.get_by_role("img").all():
        assert picture.evaluate("image => image.naturalWidth") == 640
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if folder := os.environ.get("EDGE_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/device-{width}-{scheme}.png", full_page=True)
    assert violations(page) == []
    assert faults == []
    context.close()
