"""im2rec --list: which files, in which order, cut into which lists."""

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


def test_a_name_that_a_list_cannot_hold_is_said(root: Path) -> None:
    (root / "a\tb.jpg").touch()
    done = im2rec(root.parent / "set", root, "--list")
    assert done.code == 1
    assert "left out" in done.err
    assert len(list(lines(root.parent / "set.lst"))) == 2
