"""The benchmark of reading lists: both readers read every field of the same list."""

from pathlib import Path

import bench_list
import pytest


def write(folder: Path, name: str) -> Path:
    path = folder / name
    bench_list.write_list(path, 30, "0.000000", "1.000000")
    return path


def test_the_list_is_the_same_each_time_and_has_labels_as_stated(tmp_path: Path) -> None:
    text = write(tmp_path, "a.lst").read_text()
    assert text == write(tmp_path, "b.lst").read_text()
    rows = [line.split("\t") for line in text.splitlines()]
    assert [(row[0], row[-1]) for row in rows] == [
        (str(number), f"images/{number:07d}.png") for number in range(30)
    ]
    assert {len(row) for row in rows} == {336}
    labels = [label for row in rows for label in row[1:-1]]
    assert set(labels) == {"0.000000", "1.000000"}
    assert 100 < labels.count("1.000000") < 300  # 2 % of 10,020
    assert len({tuple(row[1:-1]) for row in rows}) == 30


def test_both_readers_read_all_of_it(tmp_path: Path) -> None:
    path = write(tmp_path, "a.lst")
    assert bench_list.read_plainly(path) == bench_list.read_fully(path) == 30


@pytest.mark.parametrize(
    ("sound", "wrong"), [("29\t", "no id\t"), ("0.000000\timages/0000029", "x\timages/0000029")]
)
def test_both_readers_look_at_every_field(tmp_path: Path, sound: str, wrong: str) -> None:
    path = write(tmp_path, "a.lst")
    text = path.read_text()
    assert text.count(sound) == 1
    path.write_text(text.replace(sound, wrong))
    with pytest.raises(ValueError, match=r"invalid literal|could not convert"):
        bench_list.read_plainly(path)
    assert bench_list.read_fully(path) == 29
    with pytest.raises(AssertionError, match="read_fully found 29 of 30 rows"):
        bench_list.seconds(bench_list.read_fully, path, 30)
