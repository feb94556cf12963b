"""What the written pages promise: links that lead somewhere, defaults that are the defaults."""

import functools
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tagline.formats.outcomes import Outcome
from tagline.formats.reasons import Reason
from tagline.formats.settings import Ranges, Settings, Tuning
from tagline.settings import load_settings
from tests.unit.test_cli_mistakes import ROWS
from tools.docs.settings import defaults_yaml
from tools.docs.tables import key_rows

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
REASONS = (ROOT / "docs/reasons.md").read_text(encoding="utf-8")


def prose(page: Path) -> str:
    return re.sub(
        r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )


@functools.cache
def anchors(page: Path) -> set[str]:
    """Return what GitHub calls the headings of a page."""
    titles = re.findall(r"^#+ (.*)", prose(page), flags=re.MULTILINE)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title) for title in titles)
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in plain}


def dead(page: Path) -> Iterator[str]:
    text = re.sub(r"`[^`]*`", "", prose(page))
    links = re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"", text)
    for link in (one or other for one, other in links):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(dead(page)) == []


def test_the_readme_is_short_and_names_every_page() -> None:
    assert len(README.splitlines()) <= 150
    pages = {page.name for page in ROOT.glob("docs/*.md")} - {"index.md", "containers.md"}
    assert {name for name in pages if f"docs/{name}" not in README} == set()


def test_the_defaults_in_the_page_are_the_defaults() -> None:
    [block] = re.findall(r"## All defaults\n\n```yaml\n(.*?)```", SETTINGS, flags=re.DOTALL)
    assert block == defaults_yaml()
    assert load_settings(block) == Settings()
    assert set(msgspec.yaml.decode(block)) == set(Settings.__struct_fields__)


def test_every_setting_is_in_the_page_once_and_has_a_meaning() -> None:
    told = {key: meaning for key, *_, meaning in key_rows(Settings, "", expand=True)}
    listed = re.findall(r"^\| (`[a-z0-9_.]+`) \|", SETTINGS, flags=re.MULTILINE)
    ranges = [f"`{name}`" for name in Ranges.__struct_fields__]
    sections = {
        f"`{name}`" for name in re.findall(r"^##+ ([a-z0-9_.]+)$", SETTINGS, flags=re.MULTILINE)
    }
    inner = {key for key in told if key.startswith("`tuning.ranges.")}
    assert sorted(listed) == sorted([*(told.keys() - sections - inner), *ranges])
    assert {key for key, meaning in told.items() if not meaning} <= inner
    assert Tuning.__struct_fields__[-1] == "ranges"


@pytest.mark.parametrize("code", [*Reason, *Outcome])
def test_each_code_has_something_to_do(code: str) -> None:
    [row] = re.findall(
        rf"^\| `{code}` \|(.+)\|(.+)\|$", REASONS.split("## How a batch")[0], re.MULTILINE
    )
    assert all(cell.strip() for cell in row)


def said_somewhere() -> str:
    """Return the product's source with its strings in one piece, without quotes of their own."""
    text = "".join(
        file.read_text(encoding="utf-8")
        for folder in ("tagline", "functions", "local")
        for file in sorted((ROOT / folder).rglob("*.py"))
    )
    return re.sub(r"""["']\s*f?["']""", "", text)


def test_messages_that_the_questions_quote_are_the_products() -> None:
    page = (ROOT / "docs/faq.md").read_text(encoding="utf-8")
    made = set(ROWS.values())  # said for real in test_cli_mistakes.py, with names of its own
    quoted = [
        text
        for text in re.findall(r'"([^"\n]+)"', page)
        if not text.endswith("?") and text not in made
    ]
    said = said_somewhere()
    parts = {part for text in quoted for part in re.split(r"…(?:, )?", text) if len(part) > 4}
    assert len(quoted) > 20
    assert {part for part in parts if part.strip() not in said} == set()
