"""The emoji that the trash sorter is drawn with: fetched, checked, and there for each item."""

import io
import os
import subprocess
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest

from sorter import fetching
from sorter.fetching import SETS, NoArtwork, Package, fetch
from tests.laptop import REPOSITORY

NPM = """#!/bin/sh
[ -z "$SAYS" ] || {{ echo "$SAYS" >&2; exit 1; }}
while [ "$1" != --pack-destination ]; do shift; done
cp {archive} "$2"/packed.tgz
"""
DRAW = """
import sys
from pathlib import Path
from sorter.artwork import SIDE, Emoji
from sorter.fetching import NoArtwork
from sorter.items import read_items
for name in ("noto", "twemoji"):
    try:
        emoji = Emoji(name, Path(sys.argv[1]))
    except NoArtwork as exc:
        sys.exit(f"no artwork: {exc}")
    for item in read_items():
        picture = emoji.picture(item.code)
        assert picture.shape == (SIDE, SIDE, 4), (name, item)
        assert 0.05 < picture[..., 3].mean() < 1, (name, item)
        assert (picture[..., :3] <= picture[..., 3:] + 1e-6).all(), (name, item)
"""


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Stand in for npm: it packs one small set; returns the archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name in ("icons.json", "chars.json", "../outside"):
            member = tarfile.TarInfo(f"package/{name}")
            member.size = 2
            tar.addfile(member, io.BytesIO(b"{}"))
    archive = tmp_path / "archive.tgz"
    archive.write_bytes(stream.getvalue())
    command = tmp_path / "bin/npm"
    command.parent.mkdir()
    command.write_text(NPM.format(archive=archive))
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(command.parent), prepend=":")
    return stream.getvalue()


def known_as(monkeypatch: pytest.MonkeyPatch, digest: str) -> None:
    package = Package("@some/set", "1.0.0", digest, "MIT", "Some")
    monkeypatch.setattr(fetching, "SETS", {"some": package})


def test_what_the_example_needs_of_a_set_is_kept_and_nothing_else(
    tmp_path: Path, npm: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_as(monkeypatch, sha256(npm).hexdigest())
    folder = fetch("some", tmp_path / "cache")
    assert sorted(path.name for path in folder.iterdir()) == ["chars.json", "icons.json"]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [folder.name]
    monkeypatch.setenv("SAYS", "not asked again")
    assert fetch("some", tmp_path / "cache") == folder


def test_another_archive_is_refused_and_not_kept(
    tmp_path: Path, npm: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_as(monkeypatch, "0" * 64)
    with pytest.raises(NoArtwork, match=f"SHA-256 is {sha256(npm).hexdigest()}, not 000"):
        fetch("some", tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.usefixtures("npm")
def test_what_npm_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known_as(monkeypatch, "0" * 64)
    monkeypatch.setenv("SAYS", "npm ERR! code ENOTFOUND")
    with pytest.raises(NoArtwork, match=r"@some/set@1\.0\.0: npm ERR! code ENOTFOUND"):
        fetch("some", tmp_path / "cache")


def test_no_npm_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoArtwork, match="npm is not installed"):
        fetch("noto", tmp_path / "cache")


def test_the_sets_may_be_drawn_with_and_none_is_in_the_repository() -> None:
    assert {each.licence for each in SETS.values()} == {"Apache-2.0", "CC-BY-4.0", "MIT"}
    example = REPOSITORY / "examples/trash-sorter"
    kinds = {path.suffix for path in example.rglob("*") if path.is_file()}
    assert not kinds & {".avi", ".gif", ".jpg", ".json", ".png", ".svg", ".tgz", ".ttf", ".webp"}


def test_each_item_has_its_emoji_in_both_sets(tmp_path: Path) -> None:
    python = REPOSITORY / ".venvs/starter/bin/python"
    if not python.is_file():
        pytest.skip("no environment to render with: make .venvs/starter.stamp")
    done = subprocess.run(
        [python, "-c", DRAW, str(REPOSITORY / "build/emoji")],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "examples/trash-sorter")},
        capture_output=True,
        text=True,
        check=False,
    )
    if "no artwork" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
