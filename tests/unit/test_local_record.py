"""The laptop cloud's record of who used what: written at once, in files of a size."""

import json
from pathlib import Path

import pytest

from local.access import record
from local.access.need import Need
from local.access.record import Record


def resources(path: Path) -> list[str]:
    return [json.loads(line)["resource"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_call_is_written_once_and_at_once(tmp_path: Path) -> None:
    kept = Record(tmp_path)
    for key in ("ä", "b", "ä"):
        kept.add("role", Need("s3:GetObject", key, {}), "Allow", lambda: "p#0")
    kept.add("role", Need("s3:GetObject", "b", {"x": "1"}), "Allow", lambda: "p#0")
    assert resources(tmp_path / record.FILE) == ["ä", "b", "b"]


def test_a_full_file_gives_way_and_few_older_ones_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "_BYTES", 400)  # two lines
    (tmp_path / record.FILE).write_bytes(b"x" * 401)  # what an earlier cloud left
    kept = Record(tmp_path)
    for number in range(20):
        kept.add("role", Need("s3:GetObject", f"{number:03}", {}), "Allow", lambda: "p#0")
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == [record.FILE, *(f"{record.FILE}.{number}" for number in (1, 2, 3))]
    found = [name for file in reversed(files) for name in resources(tmp_path / file)]
    assert found == [f"{number:03}" for number in range(12, 20)]


def test_a_disk_that_takes_nothing_refuses_no_call(tmp_path: Path) -> None:
    Record(tmp_path / "absent").add("role", Need("s3:GetObject", "a", {}), "Allow", lambda: "p#0")
