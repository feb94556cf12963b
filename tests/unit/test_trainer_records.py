"""Several record files are the one that they would be end to end."""

from pathlib import Path

import numpy as np
import pytest

from tagline.formats.recordio import frame
from tests.unit.record_files import LABELS, SIDE, files, payload, write
from trainer import records
from trainer.contract import Base, JobRefused
from trainer.data import RecordSet

HOW = {"labels": LABELS, "side": SIDE}


def test_several_files_are_the_one_they_would_be(tmp_path: Path) -> None:
    one = RecordSet(write(tmp_path / "one", 11), **HOW)
    several = RecordSet(write(tmp_path / "several", 4, 1, 6), **HOW, cache_bytes=0)
    assert one.cached
    assert not several.cached
    assert several.digest == one.digest
    assert several.different == one.different == 11
    assert several.ids.tolist() == list(range(11))
    np.testing.assert_array_equal(several.labels, one.labels)
    np.testing.assert_array_equal(one.counts.positives, one.labels.sum(axis=0))
    chosen = np.array([10, 3, 4, 5, 3])
    np.testing.assert_array_equal(several.images(chosen), one.images(chosen))
    assert [several.jpeg(i) for i in range(11)] == [one.jpeg(i) for i in range(11)]
    np.testing.assert_array_equal(
        np.concatenate(list(several.batches(4))), one.images(np.arange(11))
    )
    assert (one.name, several.name) == ("train.rec", "train-00000.rec to train-00002.rec")


def test_an_id_may_be_as_large_as_a_list_allows(tmp_path: Path) -> None:
    path = tmp_path / "train.rec"
    path.write_bytes(frame(payload(0)) + frame(payload(2**64 - 1)))
    assert RecordSet(path, **HOW).ids.tolist() == [0, 2**64 - 1]


def test_a_path_alone_is_a_channel_of_one_file(tmp_path: Path) -> None:
    (path,) = write(tmp_path, 2)
    assert len(RecordSet(path, **HOW)) == 2


def test_no_more_files_are_open_than_a_process_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "_MOST_OPEN", 2)
    found = RecordSet(write(tmp_path, *[1] * 5), **HOW, cache_bytes=0)
    order = np.array([4, 0, 3, 1, 2, 4])
    assert (found.images(order)[:, 0, 0, 0] == order).all()


def test_equal_images_count_once(tmp_path: Path) -> None:
    path = tmp_path / "train.rec"
    path.write_bytes(frame(payload(1)) * 3 + frame(payload(2)))
    assert RecordSet(path, **HOW).different == 2


def test_the_damaged_one_of_several_files_is_named(tmp_path: Path) -> None:
    paths = write(tmp_path, 3, 3, 3)
    paths[1].write_bytes(paths[1].read_bytes()[:-5])
    with pytest.raises(JobRefused, match=r"^train-00001\.rec: the record at byte \d+ is cut off"):
        RecordSet(paths, **HOW)
    paths[1].write_bytes(frame(payload(7, [0, 1])))
    with pytest.raises(JobRefused, match=r"^train-00001\.rec: record 7 has 2 labels, but 3 are"):
        RecordSet(paths, **HOW)


def test_a_channel_is_all_its_record_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    base = Base(tmp_path)
    with pytest.raises(JobRefused, match=r"^channel 'train' has no file train\.rec, nor another"):
        base.records("train")
    paths = write(tmp_path / "input/data/train", 1, 1, 1)
    (tmp_path / "input/data/train/train.idx").touch()
    assert base.records("train") == paths
    with pytest.raises(JobRefused, match=r"^input 'test' has no file test\.rec"):
        base.judging("test")
    judging = write(tmp_path / "processing/input/test", 1, 1, name="test")
    assert base.judging("test") == judging


def test_files_are_scanned_in_any_order_and_read_where_a_record_begins(tmp_path: Path) -> None:
    found = files(tmp_path, 2, 3)
    there = dict(found.scan())
    assert list(dict(found.scan([1, 0]))) == [*list(there)[2:], *list(there)[:2]]
    assert all(found.read(offset) == record for offset, record in there.items())
    assert found.size == sum(path.stat().st_size for path in found.paths)
