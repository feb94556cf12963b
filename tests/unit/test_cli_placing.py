"""Which local file is which row's image."""

from pathlib import Path

import pytest

from tagline.cli.errors import Refused
from tagline.cli.placing import place, relative_paths, warn_of


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_paths_come_from_the_list_without_leading_slash_or_full_uris(tmp_path: Path) -> None:
    path = tmp_path / "a.lst"
    path.write_text(
        "0\t1\timages/a.png\n1\t0\t/images/b.png\n2\t1\ts3://other/c.png\n"
        "3\t0\t../secret.png\n4\t0\timages/d.png\n"
    )
    assert relative_paths(path) == ["images/a.png", "images/b.png", "images/d.png"]


@pytest.mark.parametrize("inside", ["", "images"])
def test_the_folder_above_and_the_images_folder_itself_both_work(
    tmp_path: Path, inside: str
) -> None:
    touch(tmp_path, "images/a.png", "images/sub/b.png")
    found = place(["images/a.png", "images/sub/b.png"], tmp_path / inside)
    assert found.files == {
        "images/a.png": tmp_path / "images/a.png",
        "images/sub/b.png": tmp_path / "images/sub/b.png",
    }
    assert found.missing == []


def test_folders_that_differ_are_never_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "one/a.png", "two/a.png", "a.png")
    found = place(["one/a.png", "two/a.png"], tmp_path)
    assert found.files["one/a.png"] == tmp_path / "one/a.png"
    assert found.files["two/a.png"] == tmp_path / "two/a.png"


def test_missing_files_are_told(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    found = place(["a.png", "b.png"], tmp_path)
    assert found.missing == ["b.png"]
    assert warn_of(found.missing) == "1 images have no file: b.png"


def test_a_folder_with_none_of_the_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"there should be a file .*images/a.png"):
        place(["images/a.png"], touch(tmp_path, "other.png"))


def test_a_list_of_full_uris_needs_no_images(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="leave --images out"):
        place([], tmp_path)


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    root = touch(tmp_path / "root", "images/a.png", "images/b.png")
    touch(tmp_path, "secret.png", "outside/c.png")
    (root / "images/link.png").symlink_to(tmp_path / "secret.png")
    (root / "images/up.png").symlink_to("../../secret.png")
    (root / "images/folder").symlink_to(tmp_path / "outside")
    (root / "images/inner.png").symlink_to("a.png")
    names = ("a", "link", "up", "folder/c", "inner")
    found = place([f"images/{name}.png" for name in names], root)
    assert set(found.files) == {"images/a.png", "images/inner.png"}
    assert found.missing == ["images/link.png", "images/up.png", "images/folder/c.png"]


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    touch(tmp_path / "real", "a.png")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert set(place(["a.png"], tmp_path / "link").files) == {"a.png"}
