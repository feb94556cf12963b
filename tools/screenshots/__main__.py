"""`python -m tools.screenshots PAGE IMAGE…`: docs/page-*.webp, of a stack that has a champion.

The files of the page are this checkout's, whatever the stack was deployed with. Chromium is the
system's: see tests/browser.py.
"""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser import browsing

ROOT = Path(__file__).parents[2]
FILES = ROOT / "functions/datasets/page"
DOCS = ROOT / "docs"
SIZE = {"width": 1180, "height": 860}
QUALITY = 75


def main(arguments: list[str]) -> int:
    """Take the pictures."""
    if len(arguments) < 2:  # noqa: PLR2004 - a page and an image
        print(__doc__, file=sys.stderr)
        return 2
    address, *images = arguments
    with browsing() as browser:
        for scheme in ("light", "dark"):
            page = _opened(browser, address, scheme)
            _try(page, images)
            keep(page, f"page-try-{scheme}")
            _runs(page)
            keep(page, f"page-run-{scheme}")
            page.context.close()
    return 0


def _opened(browser: Browser, address: str, scheme: str) -> Page:
    context = browser.new_context(
        viewport=SIZE,  # type: ignore[arg-type]
        color_scheme=scheme,  # type: ignore[arg-type]
        device_scale_factor=2,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    page = context.new_page()
    page.route("**/page/*", _own)
    page.goto(address)
    return page


def _own(route: Route) -> None:
    """Answer a file of the page from this checkout."""
    file = FILES / route.request.url.rsplit("/", 1)[1]
    kinds = {".css": "text/css", ".js": "text/javascript"}
    route.fulfill(path=file, content_type=f"{kinds[file.suffix]}; charset=utf-8")


def _try(page: Page, images: list[str]) -> None:
    page.set_input_files("input[type=file]", images)
    expect(page.locator(".strip .tagged")).to_have_count(len(images), timeout=60_000)
    page.locator(".strip button").first.click()
    page.get_by_role("checkbox", name="All ").check()
    page.locator(".tags .name").first.click()
    expect(page.locator("img.heat")).to_be_visible(timeout=60_000)
    page.locator(".tags .act").first.click()
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(0, 0)


def _runs(page: Page) -> None:
    page.get_by_role("link", name="Runs").click()
    page.locator("tbody a.run").first.click()
    training = page.get_by_role("heading", name="Training")
    expect(training).to_be_visible(timeout=60_000)
    training.evaluate("title => scrollTo(0, scrollY + title.getBoundingClientRect().top - 40)")


def keep(page: Page, name: str) -> None:
    """Keep what a page shows as docs/<name>.webp."""
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        shot.convert("RGB").save(DOCS / f"{name}.webp", quality=QUALITY, method=6)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
