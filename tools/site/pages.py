"""The pages by section, where each lies on the site, and what links become there."""

import functools
import os.path
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
DECISIONS = "docs/decisions/"
_HOME = "README.md"
_LINKS = re.compile(r"""(?P<before>\]\(|(?:src|srcset|href)=")(?P<place>[^)\s"#]+)""")
_ELSEWHERE = re.compile(r"[a-z]+:")


@functools.cache
def sections() -> dict[str, dict[str, str]]:
    """Return the sections: a line about each page, by its path in the repository."""
    found: dict[str, dict[str, str]] = yaml.safe_load(
        (Path(__file__).parent / "nav.yaml").read_text(encoding="utf-8")
    )
    return found


def decisions() -> list[str]:
    """Return the decisions' paths in the repository, in order."""
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / DECISIONS).glob("*.md"))


def text_of(page: str) -> str:
    """Return a page as it is written."""
    return (ROOT / page).read_text(encoding="utf-8")


def title_of(page: str) -> str:
    """Return a page's first heading."""
    return text_of(page).partition("\n")[0].removeprefix("# ")


def place_of(path: str) -> str:
    """Return where a file of the repository lies on the site."""
    if path == _HOME:
        return "index.md"
    if path.rstrip("/") == DECISIONS.rstrip("/"):
        return "decisions/index.md"
    return path.removeprefix("docs/")


def targets(page: str) -> Iterator[str]:
    """Yield the files of the repository that a page links to or shows."""
    for link in _LINKS.finditer(text_of(page)):
        if not _ELSEWHERE.match(link["place"]):
            yield _resolved(page, link["place"])


def on_site(page: str) -> str:
    """Return a page's text with links as they are on the site."""
    folder = posixpath.dirname(place_of(page)) or "."

    def moved(link: re.Match[str]) -> str:
        if _ELSEWHERE.match(link["place"]):
            return link[0]
        place = place_of(_resolved(page, link["place"]))
        return link["before"] + posixpath.relpath(place, folder)

    return _LINKS.sub(moved, text_of(page))


def decisions_page() -> str:
    """Return the list of the decisions."""
    rows = (f"- [{title_of(path)}]({posixpath.basename(path)})" for path in decisions())
    return "\n".join(
        ["# Decisions", "", "Ten lines each: what was decided, and why.", "", *rows, ""]
    )


def llms_text(*, site: bool = False) -> str:
    """Return llms.txt: the pages with a line each, by their places here or on the site."""
    lines = ["# Tagline", "", f"> {sections()['Using it'][_HOME]}", ""]
    for section, pages in sections().items():
        lines += [f"## {section}", ""]
        for page, about in pages.items():
            place = place_of(page).removesuffix(".md") + ".html" if site else page
            lines.append(f"- [{title_of(page)}]({place}): {about}")
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _resolved(page: str, place: str) -> str:
    return os.path.normpath(posixpath.join(posixpath.dirname(page), place))
