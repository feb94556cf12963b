"""`make docs` writes the generated files; `make docs-check` says which of them are stale."""

import sys
from pathlib import Path

from tools.docs.costs import costs_page
from tools.docs.formats import formats_page
from tools.docs.openapi import openapi_text
from tools.docs.reasons import reasons_page
from tools.docs.scale import scale_page
from tools.docs.settings import settings_page
from tools.site.pages import llms_text

ROOT = Path(__file__).parents[2]
MADE = {
    "functions/datasets/openapi.json": openapi_text,
    "docs/formats.md": formats_page,
    "docs/settings.md": settings_page,
    "docs/reasons.md": reasons_page,
    "docs/costs.md": costs_page,
    "docs/scale.md": scale_page,
    "llms.txt": llms_text,
}


def stale() -> list[str]:
    """Return the generated files that are not what the types say."""
    return [name for name, make in MADE.items() if _read(ROOT / name) != make()]


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main(arguments: list[str]) -> str | None:
    """Write the files, or with --check return what is wrong with them."""
    if arguments == ["--check"]:
        old = stale()
        return f"not what the types say, run `make docs`: {', '.join(old)}" if old else None
    for name, make in MADE.items():
        (ROOT / name).write_text(make(), encoding="utf-8")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
