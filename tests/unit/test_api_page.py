"""The page and its files: what it may do, what it weighs, and that it leads nowhere else."""

import base64
import hashlib
import re
from collections.abc import Iterator

import pytest

from tests.unit.api_world import ROOT, World, api_world, event, get, problem

PAGE = ROOT / "functions/datasets/page"
FILES = sorted(file.name for file in PAGE.iterdir())
MOST_BYTES = 200_000


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        yield made


def test_the_page_runs_only_what_its_policy_names(world: World) -> None:
    reply = get(event("page"))
    policy = reply.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "style-src 'self';" in policy
    assert "connect-src 'self' https://data.s3.amazonaws.com;" in policy  # where lists are sent
    inline = re.findall(r"<script>(.*?)</script>", reply.text, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in inline]
    assert "; script-src 'self' {}; ".format(" ".join(f"'sha256-{h}'" for h in hashes)) in policy


@pytest.mark.parametrize("file", [name for name in FILES if name != "index.html"])
def test_each_file_is_served_with_its_type_and_an_etag(world: World, file: str) -> None:
    reply = get(event("page_file", file=file))
    assert reply.status == 200
    assert reply.text == (PAGE / file).read_text(encoding="utf-8")
    kind = {"css": "text/css", "js": "text/javascript"}[file.rsplit(".", 1)[1]]
    assert reply.headers["Content-Type"] == f"{kind}; charset=utf-8"
    known = {"if-none-match": reply.headers["ETag"]}
    assert get(event("page_file", file=file, headers=known)).status == 304


@pytest.mark.parametrize(
    "file",
    ["index.html", "nope.js", "", ".", "..", "../app.py", "app.py", "..%2fapp.py", "x" * 300],
)
def test_nothing_else_is_served(world: World, file: str) -> None:
    assert problem(get(event("page_file", file=file))) == (404, "unknown_file")


def test_the_page_asks_nobody_else_and_holds_no_inline_handlers() -> None:
    # the API may lie under a path: no address begins with a slash
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"\s(on\w+|style)=", html)
    assert not re.search(r"(src|href)=\"/", html)
    for file in FILES:
        text = (PAGE / file).read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text, file
        assert "https://" not in text, file


def test_no_text_becomes_markup_or_code() -> None:
    for file in FILES:
        text = (PAGE / file).read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text
        )


def test_the_page_is_small() -> None:
    assert sum((PAGE / file).stat().st_size for file in FILES) < MOST_BYTES
