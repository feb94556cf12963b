"""The benchmark of reading lists: both readers find the same rows in the same list."""

from pathlib import Path

import bench_list


def test_both_readers_read_the_benchmarks_list(tmp_path: Path) -> None:
    paths = [tmp_path / "first.lst", tmp_path / "second.lst"]
    for path in paths:
        bench_list.write_list(path, 30, "0.000000", "1.000000")
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert bench_list.read_plainly(paths[0]) == bench_list.read_fully(paths[0]) == 30
    assert paths[0].read_text().count("1.000000") > 0
