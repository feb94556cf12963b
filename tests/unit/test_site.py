"""The site's list of pages against the pages, and the links that the copy has."""

import re
from pathlib import Path

import pytest
import yaml

from tests.unit.test_pages import prose
from tools.site import __main__ as site
from tools.site.pages import ROOT, llms_text, on_site, place_of, sections

LISTED = [page for pages in sections().values() for page in pages]


def test_every_page_is_listed_once() -> None:
    here = [str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]]
    assert sorted(LISTED) == sorted(here)


def test_each_page_has_a_line_in_llms_txt() -> None:
    text = llms_text()
    for page in LISTED:
        assert re.search(rf"^- \[[^]]+\]\({page}\): .+$", text, re.MULTILINE)
        assert (ROOT / page).is_file()


def test_the_copy_has_what_its_pages_link_to(tmp_path: Path) -> None:
    site.write(tmp_path / "made")
    pages = tmp_path / "made/pages"
    for page in pages.rglob("*.md"):
        if "containers" in page.parts:  # a notice, copied as it is
            continue
        text = re.sub(r"`[^`]*`", "", prose(page))
        for place in re.findall(r"""\]\(([^)\s#]+)|(?:src|srcset)="([^"]+)""", text):
            link = "".join(place)
            assert ":" in link or (page.parent / link).is_file(), (page, link)
    config = yaml.safe_load((tmp_path / "made/mkdocs.yml").read_text())
    assert next(iter(config["nav"][0].values()))[0] == {"Tagline": "index.md"}
    for line in (pages / "llms.txt").read_text().splitlines():
        for place in re.findall(r"\]\(([^)]+)\.html\)", line):
            assert (pages / f"{place}.md").is_file()


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("README.md", "](decisions/index.md)"),
        ("README.md", 'srcset="page-try-dark.webp"'),
        ("docs/operations.md", "](index.md#on-aws)"),
        ("docs/decisions/030-the-gate-asks-for-proof.md", "](../benchmarks.md#the-gate)"),
    ],
)
def test_links_are_moved_with_the_pages(page: str, link: str) -> None:
    assert link in on_site(page)


def test_places() -> None:
    assert place_of("README.md") == "index.md"
    assert place_of("docs/api.md") == "api.md"
    assert place_of("docs/decisions/") == "decisions/index.md"
    assert place_of("LICENSE") == "LICENSE"
