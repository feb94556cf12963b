"""`python -m tools.screenshots.device PAGE`: docs/device-*.webp, of a device that runs a model.

Its streams show whatever the device's camera does: `make demo-edge KEEP=1` shows Noto Emoji, which
may be shown.
"""

import sys

from playwright.sync_api import Browser, expect

from tests.browser import browsing
from tools.screenshots.__main__ import keep

SIZE = {"width": 1180, "height": 860}
_ROWS = 5  # of results, before a picture is taken


def main(arguments: list[str]) -> int:
    """Take the pictures."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    with browsing() as browser:
        for scheme in ("light", "dark"):
            _taken(browser, arguments[0], scheme)
    return 0


def _taken(browser: Browser, address: str, scheme: str) -> None:
    context = browser.new_context(
        viewport=SIZE,  # type: ignore[arg-type]
        color_scheme=scheme,  # type: ignore[arg-type]
        device_scale_factor=2,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    page = context.new_page()
    page.goto(address, wait_until="commit")  # the streams never end
    rows = page.locator("#results tr")
    expect(rows.nth(_ROWS - 1)).to_be_visible(timeout=60_000)
    expect(rows.first).not_to_contain_text("unsure", timeout=60_000)
    keep(page, f"device-{scheme}")
    context.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
