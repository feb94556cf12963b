"""`python -m tools.site FOLDER` writes mkdocs.yml and pages, of which mkdocs makes a site."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from tools.site.pages import (
    ROOT,
    decisions,
    decisions_page,
    llms_text,
    on_site,
    place_of,
    sections,
    targets,
    title_of,
)

CONFIG = {
    "site_name": "Tagline",
    "docs_dir": "pages",
    "site_dir": "site",
    "use_directory_urls": False,  # pictures in HTML tags keep their relative places
    "theme": {
        "name": "material",
        "font": False,  # a reader's browser asks nobody else for anything
        "features": ["navigation.sections", "navigation.footer", "content.code.copy"],
        "palette": [
            {"media": "(prefers-color-scheme: light)", "scheme": "default"},
            {"media": "(prefers-color-scheme: dark)", "scheme": "slate"},
        ],
    },
    "markdown_extensions": ["tables", "pymdownx.highlight", "pymdownx.superfences"],
    "validation": {
        "links": {"not_found": "warn", "anchors": "warn", "unrecognized_links": "warn"},
        "nav": {"omitted_files": "warn", "not_found": "warn"},
    },
}


def write(folder: Path) -> None:
    """Write the pages, what they show and link to, llms.txt, and mkdocs' configuration."""
    shutil.rmtree(folder, ignore_errors=True)
    texts = {place_of(page): on_site(page) for page in _pages()}
    texts |= {"decisions/index.md": decisions_page(), "llms.txt": llms_text(site=True)}
    shown = {target for page in _pages() for target in targets(page)} - set(_pages())
    for target in shown:
        if (ROOT / target).is_file():
            _file(folder, place_of(target)).write_bytes((ROOT / target).read_bytes())
    for place, text in texts.items():
        _file(folder, place).write_text(text, encoding="utf-8")
    beside = sorted(place_of(target) for target in shown if target.endswith(".md"))
    config = CONFIG | {"nav": _nav(), "not_in_nav": "\n".join(beside)}
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")


def _pages() -> Iterator[str]:
    for pages in sections().values():
        yield from pages
    yield from decisions()


def _nav() -> list[dict[str, object]]:
    nav: list[dict[str, object]] = [
        {section: [{title_of(page): place_of(page)} for page in pages]}
        for section, pages in sections().items()
    ]
    listed: list[object] = ["decisions/index.md", *map(place_of, decisions())]
    return [*nav, {"Decisions": listed}]


def _file(folder: Path, place: str) -> Path:
    path = folder / "pages" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


if __name__ == "__main__":
    write(Path(sys.argv[1]))
