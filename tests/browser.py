"""A headless Chromium, for tests of pages."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def opened(address: str, profile: Path, *options: str) -> str:
    """Open an address and return what the page became; skips the test where no browser is."""
    asked = os.environ.get("TAGLINE_BROWSER")
    program = asked or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no browser: install chromium, or name one in TAGLINE_BROWSER")
    return subprocess.run(
        [
            program,
            "--headless=new",
            "--no-sandbox",  # tests may run as root
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--no-proxy-server",
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
