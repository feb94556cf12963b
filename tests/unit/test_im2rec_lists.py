"""im2rec with several lists of a prefix: one that fails costs no other, and no records."""

import os
from pathlib import Path

import pytest

from tests.unit.im2rec_files import im2rec, picture, records, save

pytestmark = pytest.mark.slow

GOOD = "1\t1\t0.png\n2\t0\t1.png\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number in range(2):
        save(tmp_path / f"images/{number}.png", picture(number))
    for name in "ac":
        (tmp_path / f"p_{name}.lst").write_text(GOOD)
    return tmp_path / "images"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "none of 0 rows can be packed"),
        (b"1,1,0.png\n", "none of 1 rows can be packed"),
        (b"\x1f\x8bno gzip", "the file is gzip data that is damaged"),
    ],
)
def test_a_list_that_fails_costs_no_other(root: Path, data: bytes, why: str) -> None:
    (root.parent / "p_b.lst").write_bytes(data)
    done = im2rec(root.parent / "p", root)
    assert done.code == 1
    assert f"im2rec: {root.parent}/p_b.lst: {why}" in done.err
    assert {path.stem for path in root.parent.glob("*.rec")} == {"p_a", "p_c"}


@pytest.mark.parametrize("ending", [".rec", ".idx"])
def test_a_folder_in_the_way_changes_nothing(root: Path, ending: str) -> None:
    assert im2rec(root.parent / "p", root).code == 0
    other = root.parent / f"p_a{'.rec' if ending == '.idx' else '.idx'}"
    before = other.read_bytes()
    (root.parent / f"p_a{ending}").unlink()
    (root.parent / f"p_a{ending}").mkdir()
    (root.parent / "p_c.rec").unlink()
    done = im2rec(root.parent / "p", root, "--resize", 20)
    assert done.code == 1
    assert f"p_a{ending}" in done.err
    assert other.read_bytes() == before
    assert len(records(root.parent / "p_c.rec")) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device without room")
@pytest.mark.parametrize("ending", [".rec", ".idx"])
def test_a_full_disk_leaves_no_drafts(root: Path, ending: str) -> None:
    assert im2rec(root.parent / "p_a", root).code == 0
    before = {path: path.read_bytes() for path in root.parent.glob("p_a.*")}
    (root.parent / f"p_a{ending}.part").symlink_to("/dev/full")
    rows = "".join(f"{n}\t1\t0.png\n" for n in range(60))
    (root.parent / "p_a.lst").write_text(rows)
    before[root.parent / "p_a.lst"] = rows.encode()
    # many records, together more than is buffered: the last of them are left for the closing
    done = im2rec(root.parent / "p_a", root, "--resize", 400, "--quality", 100)
    assert done.code == 1
    assert "No space left on device" in done.err
    assert "Traceback" not in done.err
    assert {path: path.read_bytes() for path in root.parent.glob("p_a.*")} == before


def test_only_files_are_lists(root: Path) -> None:
    (root.parent / "p_x.lst").mkdir()
    os.mkfifo(root.parent / "p_y.lst")
    done = im2rec(root.parent / "p", root)
    assert (done.code, done.err) == (0, "")


def test_a_prefix_that_is_a_folder_says_how_lists_come_into_it(root: Path) -> None:
    (root.parent / "set").mkdir()
    done = im2rec(root.parent / "set", root)
    assert done.code == 1
    assert f"--list {root.parent}/set/NAME makes one" in done.err
    assert im2rec(root.parent / "set/some", root, "--list").code == 0
    assert im2rec(root.parent / "set", root).code == 0
    assert len(records(root.parent / "set/some.rec")) == 2


def test_a_tolerance_is_compared_exactly(root: Path) -> None:
    rows = [f"{n}\t1\t{'0.png' if n < 71 else 'missing.png'}\n" for n in range(100)]
    (root.parent / "set.lst").write_text("".join(rows))
    assert im2rec(root.parent / "set", root, "--tolerance", 0.29).code == 0
    assert im2rec(root.parent / "set", root, "--tolerance", 0.2899).code == 1


@pytest.mark.parametrize(
    "options", [("--num-thread", 0), ("--quality", 0), ("--encoding", ".png", "--quality", 0)]
)
def test_zero_is_what_mxnet_takes_it_for(root: Path, options: tuple[object, ...]) -> None:
    assert im2rec(root.parent / "p_a", root, *options).code == 0
    assert len(records(root.parent / "p_a.rec")) == 2
