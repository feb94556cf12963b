"""Paths as people's tools write them: one form everywhere, and on a miss the object they meant."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagline.cli.placing import place, relative_paths, warn_of
from tagline.formats.locations import Location
from tagline.formats.reasons import Reason
from tagline.formats.spellings import spellings
from tagline.listing.sources import BadLocation, Source
from tests.unit.ingest_world import World, world

NFC = unicodedata.normalize("NFC", "images/Blüte が.png")
NFD = unicodedata.normalize("NFD", NFC)


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        yield made


@pytest.mark.parametrize(
    "path",
    ["./images/a.png", "images//a.png", "/./images/a.png", "images/./a.png", ".//images/.//a.png",
     "//images/a.png", "././images/a.png"],
)  # fmt: skip
def test_dots_and_doubled_slashes_mean_nothing_anywhere(path: str, tmp_path: Path) -> None:
    assert Source.of_dataset("demo", "data", None, ()).resolve(path).key == "demo/images/a.png"
    assert Source.unchecked().resolve(path) == Location("", "images/a.png")
    list_path = tmp_path / "a.lst"
    list_path.write_text(f"0\t1\t{path}\n1\t0\tb.png\n")
    assert relative_paths(list_path) == ["images/a.png", "b.png"]


@pytest.mark.parametrize("path", [".", "./", "images/.", "images//", "/", "//", "a/../b.png"])
def test_what_names_no_file_is_still_none(path: str) -> None:
    with pytest.raises(BadLocation) as caught:
        Source.unchecked().resolve(path)
    assert caught.value.reason is Reason.BAD_PATH


@pytest.mark.parametrize("key", ["a//b.png", "./a.png", "a/./b.png"])
def test_full_uris_are_keys_as_they_are(key: str) -> None:
    assert Source.unchecked().resolve(f"s3://bucket/{key}").key == key


@pytest.mark.parametrize("path", ["a./b.png", ".a/b.png", "a.../b.png", "...", "a/.hidden.png"])
def test_names_with_dots_stay(path: str) -> None:
    assert Source.unchecked().resolve(path).key == path


def plan_two(demo: World, path: str, *keys: str) -> tuple[list[str], dict[str, str] | None]:
    """Plan a list of one sound row and `path`, with objects at `keys`."""
    demo.image("sound.png", b"sound")
    demo.image("also.png", b"also")
    for number, key in enumerate(keys):
        demo.put(f"demo/{key}", b"picture %d" % number)
    demo.drop(f"0\t1\timages/sound.png\n1\t1\timages/also.png\n2\t1\t{path}\n".encode())
    demo.plan()
    rejects = demo.lines("plan-rejects.jsonl")
    return [row["key"] for row in demo.lines("shards/00000.jsonl")], (
        rejects[0] if rejects else None
    )


@pytest.mark.parametrize(
    ("path", "key"), [(NFC, NFD), (NFD, NFC), (f"./{NFC}", NFD), ("images//a.png", "images//a.png")]
)
def test_the_other_normal_form_is_found(demo: World, path: str, key: str) -> None:
    keys, reject = plan_two(demo, path, key)
    assert f"demo/{key}" in keys
    assert reject is None


def test_a_folder_and_its_files_may_have_other_normal_forms(demo: World) -> None:
    mixed = f"{unicodedata.normalize('NFC', 'Blüten')}/{unicodedata.normalize('NFD', 'größe.png')}"
    for form in ("NFC", "NFD"):
        keys, reject = plan_two(demo, unicodedata.normalize(form, mixed), mixed)
        assert f"demo/{mixed}" in keys
        assert reject is None


def test_what_is_there_as_it_is_written_comes_first(demo: World) -> None:
    keys, reject = plan_two(demo, NFC, NFD, NFC)
    assert f"demo/{NFC}" in keys
    assert f"demo/{NFD}" not in keys
    assert reject is None


def test_one_object_is_one_image_however_it_is_spelt(demo: World) -> None:
    demo.image("sound.png", b"sound")
    demo.put(f"demo/{NFD}", b"picture")
    demo.drop(f"0\t1\t{NFD}\n1\t1\t{NFC}\n2\t1\timages/sound.png\n".encode())
    demo.plan()
    assert [row["reason"] for row in demo.lines("plan-rejects.jsonl")] == ["duplicate_path"]
    demo.drop(f"0\t1\t{NFD}\n1\t0\t{NFC}\n2\t1\timages/sound.png\n".encode(), "b.lst")
    demo.plan()
    assert [row["reason"] for row in demo.lines("plan-rejects.jsonl")] == ["conflicting_labels"]


@pytest.mark.parametrize(
    ("path", "key", "how"),
    [
        ("images\\a b.png", "images/a b.png", "by backslashes"),
        ("images/a%20b.png", "images/a b.png", "by %-encoding"),
        ("images/%E7%8C%AB.png", "images/猫.png", "by %-encoding"),
        ("images/a+b.png", "images/a b.png", "by + for blanks"),
        ("images/a.PNG", "images/a.png", "by the letter case of its ending"),
        ("images/a.jpg", "images/a.JPG", "by the letter case of its ending"),
        (".\\images\\a.png", "images/a.png", "by backslashes"),
        ("images/a%2520b.png", "images/a b.png", "by %-encoding twice"),
        ("images%5Ca%20b.png", "images/a b.png", "by %-encoding and backslashes"),
        ("images\\Blu%CC%88te.png", "images/Blu\u0308te.png", "by %-encoding and backslashes"),
        (
            "images\\Bl%C3%BCte.png",
            "images/Blu\u0308te.png",
            "by %-encoding and backslashes and Unicode normal form",
        ),
    ],
)
def test_a_detail_says_what_exists_instead(demo: World, path: str, key: str, how: str) -> None:
    _, reject = plan_two(demo, path, key)
    assert reject is not None
    assert reject["reason"] == "missing_object"
    assert reject["detail"].startswith("there is no s3://data/demo/")
    assert reject["detail"].endswith(f"the key demo/{key}, which differs {how}, exists")


def test_nothing_else_is_made_up(demo: World) -> None:
    _, reject = plan_two(demo, "images/gone+%41.PNG")
    assert reject is not None
    assert reject["detail"] == "there is no s3://data/demo/images/gone+%41.PNG"
    assert list(spellings("plain.png")) == ["plain.PNG"]


@pytest.mark.parametrize(("path", "name"), [(NFC, NFD), (NFD, NFC)])
def test_drop_finds_the_other_normal_form_too(tmp_path: Path, path: str, name: str) -> None:
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).touch()
    (tmp_path / "images/b.png").touch()
    found = place([path, "images/b.png"], tmp_path)
    assert found.files == {path: tmp_path / name, "images/b.png": tmp_path / "images/b.png"}


def test_drop_says_which_file_is_there_instead(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for name in ("a b.png", "c.png", "d.png"):
        (tmp_path / "images" / name).touch()
    found = place(["images/a%20b.png", "images/c.PNG", "images/d.png"], tmp_path)
    said = warn_of(found.missing, found.instead)
    assert said.startswith("2 images have no file: images/a%20b.png, images/c.PNG")
    assert "images/a b.png, which differs by %-encoding, exists" in said
