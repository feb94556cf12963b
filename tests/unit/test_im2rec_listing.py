"""im2rec --list: which files, in which order, cut into which lists."""

import os
from pathlib import Path

import pytest

from tests.unit.im2rec_files import im2rec, lines


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    for name in ("b.jpg", "a.PNG", "c.txt", "sub/d.jpeg", "sub/below/e.jpg", "zoo/f.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_the_root_alone_has_label_0(root: Path) -> None:
    assert im2rec(root.parent / "set", root, "--list", "--no-shuffle").code == 0
    assert list(lines(root.parent / "set.lst")) == [
        ["0", "0.000000", "a.PNG"],
        ["1", "0.000000", "b.jpg"],
    ]


def test_recursive_gives_each_folder_a_label(root: Path) -> None:
    done = im2rec(root.parent / "set", root, "--list", "--recursive", "--no-shuffle")
    rows = list(lines(root.parent / "set.lst"))
    assert [row[2] for row in rows] == [
        "a.PNG",
        "b.jpg",
        "sub/d.jpeg",
        "sub/below/e.jpg",
        "zoo/f.png",
    ]
    assert [float(row[1]) for row in rows] == [0, 0, 1, 2, 3]
    assert "sub/below 2\n" in done.out


def test_a_link_that_leads_up_ends(root: Path) -> None:
    (root / "sub/up").symlink_to(root)
    assert im2rec(root.parent / "set", root, "--list", "--recursive").code == 0
    assert len(list(lines(root.parent / "set.lst"))) == 5


def test_exts_choose_files(root: Path) -> None:
    assert im2rec(root.parent / "set", root, "--list", "--exts", ".txt").code == 0
    assert [row[2] for row in lines(root.parent / "set.lst")] == ["c.txt"]
    assert im2rec(root.parent / "set", root, "--list", "--exts", ".gif").code == 1


@pytest.mark.parametrize("chunks", [1, 2, 3])
@pytest.mark.parametrize(("train", "test"), [(1.0, 0.0), (0.7, 0.0), (0.6, 0.25), (0.75, 0.25)])
def test_no_image_is_lost_between_lists(
    tmp_path: Path, chunks: int, train: float, test: float
) -> None:
    root = tmp_path / "images"
    root.mkdir()
    for number in range(23):
        (root / f"{number}.jpg").touch()
    options = ("--chunks", chunks, "--train-ratio", train, "--test-ratio", test)
    assert im2rec(tmp_path / "set", root, "--list", *options).code == 0
    rows = [row[0] for path in tmp_path.glob("*.lst") for row in lines(path)]
    assert sorted(map(int, rows)) == list(range(23))


@pytest.mark.parametrize(
    ("images", "options", "written"),
    [
        (40, ("--train-ratio", 0.9, "--test-ratio", 0.01), {"set_train": 36, "set_val": 4}),
        (8, ("--chunks", 7), {f"set_{n}": 2 for n in range(4)}),
        (10, ("--test-ratio", 0.2), {"set_train": 8, "set_test": 2}),
    ],
)
def test_no_list_is_empty(
    tmp_path: Path, images: int, options: tuple[object, ...], written: dict[str, int]
) -> None:
    root = tmp_path / "images"
    root.mkdir()
    for number in range(images):
        (root / f"{number}.jpg").touch()
    for name in ("set_test", "set_6"):  # of an earlier time, with images that are elsewhere now
        (tmp_path / f"{name}.lst").write_text("0\t0\t0.jpg\n")
    kept = {"set_6": 1} if "--chunks" not in options else {"set_test": 1}
    assert im2rec(tmp_path / "set", root, "--list", *options).code == 0
    found = {path.stem: len(list(lines(path))) for path in tmp_path.glob("*.lst")}
    assert found == written | kept


def test_a_folder_that_a_link_leads_to_is_listed_twice(root: Path) -> None:
    (root / "link").symlink_to(root / "sub")
    assert im2rec(root.parent / "set", root, "--list", "--recursive", "--no-shuffle").code == 0
    rows = list(lines(root.parent / "set.lst"))
    assert [(row[2], float(row[1])) for row in rows] == [
        ("a.PNG", 0),
        ("b.jpg", 0),
        ("link/d.jpeg", 1),
        ("link/below/e.jpg", 2),
        ("sub/d.jpeg", 3),
        ("sub/below/e.jpg", 4),
        ("zoo/f.png", 5),
    ]


@pytest.mark.parametrize("name", [b"a\tb.jpg", b" a.jpg", b"\xe2\x80\x83a.jpg", b"\xff.jpg"])
def test_a_name_that_a_list_cannot_hold_is_said(root: Path, name: bytes) -> None:
    (root / os.fsdecode(name)).touch()
    done = im2rec(root.parent / "set", root, "--list")
    assert done.code == 1
    assert f"{ascii(os.fsdecode(name))[:4]}" in done.err
    assert "left out" in done.err
    assert len(list(lines(root.parent / "set.lst"))) == 2


def test_a_folder_whose_name_is_not_utf_8_is_no_fault(root: Path) -> None:
    (root / os.fsdecode(b"\xff")).mkdir()
    (root / os.fsdecode(b"\xff/a.jpg")).touch()
    done = im2rec(root.parent / "set", root, "--list", "--recursive")
    assert (done.code, "Traceback" in done.err) == (1, False)
    assert "\\udcff/a.jpg' is left out" in done.err
    assert len(list(lines(root.parent / "set.lst"))) == 5


@pytest.mark.parametrize("name", ["a b.jpg", "sub/ a .jpg", "\u00e4.jpg"])
def test_other_names_are_listed(root: Path, name: str) -> None:
    (root / name).touch()
    assert im2rec(root.parent / "set", root, "--list", "--recursive").code == 0
    assert name in {row[2] for row in lines(root.parent / "set.lst")}
