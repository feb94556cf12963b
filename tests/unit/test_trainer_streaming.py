"""A set that is streamed: each record once a pass, by the seed, and nothing of it held."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagline.formats.recordio import frame
from tests.unit.record_files import LABELS, SIDE, files, payload, write
from trainer.contract import JobRefused
from trainer.data import RecordSet
from trainer.records import Reading, RecordFiles
from trainer.streaming import StreamedSet, Told

READING = Reading(LABELS, SIDE, SIDE)


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> RecordFiles:
    return files(tmp_path_factory.mktemp("several"), 7, 5, 8)


def ids(found: StreamedSet, count: int, part: int = 0, parts: int = 1, **how: int) -> list[int]:
    return [row[0] for row in islice(found.rows(part, parts, how.pop("seed", 1), **how), count)]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 30), st.integers(1, 4), st.integers(0, 5))
def test_each_record_comes_once_a_pass(
    several: RecordFiles, buffer: int, parts: int, seed: int
) -> None:
    found = StreamedSet(several, READING, buffer=buffer)
    seen = []
    for part in range(parts):
        whole = len(range(part, 20, parts))
        seen.append(ids(found, 3 * whole, part, parts, seed=seed))
    for number in range(3):
        once = [i for part in seen for i in part[number * len(part) // 3 :][: len(part) // 3]]
        assert sorted(once) == list(range(20))


def test_the_order_is_the_seeds_and_another_in_each_pass(several: RecordFiles) -> None:
    found = StreamedSet(several, READING, buffer=6)
    first = ids(found, 40)
    assert first == ids(found, 40)
    assert first != ids(found, 40, seed=2)
    assert first[:20] != first[20:]
    assert first[:20] != list(range(20))


@given(st.integers(0, 70))
@settings(max_examples=25, deadline=None)
def test_a_training_goes_on_where_it_was(several: RecordFiles, skip: int) -> None:
    found = StreamedSet(several, READING, buffer=6)
    assert ids(found, 15, skip=skip) == ids(found, skip + 15)[skip:]


def test_what_is_counted_is_what_a_set_in_memory_has(several: RecordFiles) -> None:
    streamed, held = StreamedSet(several, READING), RecordSet(several.paths, labels=3, side=SIDE)
    assert streamed.counts
    assert (len(streamed), streamed.counts.images) == (20, 20)
    np.testing.assert_array_equal(streamed.counts.positives, held.counts.positives)
    images, labels = streamed.first(9)
    np.testing.assert_array_equal(images, held.first(9)[0])
    np.testing.assert_array_equal(labels, held.first(9)[1])
    rows = list(islice(streamed.rows(0, 1, 5), 8))
    images, labels = streamed.images(rows)
    np.testing.assert_array_equal(images, held.images(np.array([row[0] for row in rows])))


def test_what_is_told_is_not_counted_and_held_to_at_the_end_of_a_pass(
    several: RecordFiles,
) -> None:
    told = StreamedSet(several, READING, told=Told(20, "as told"), buffer=6)
    assert (len(told), told.counts, told.digest) == (20, None, "as told through 6")
    assert ids(told, 40) == ids(StreamedSet(several, READING, buffer=6), 40)
    wrong = StreamedSet(several, READING, told=Told(21, ""), buffer=6)
    with pytest.raises(JobRefused, match=r"holds 20 records, but dataset\.json says 21"):
        ids(wrong, 21)


def test_another_buffer_is_another_training(several: RecordFiles) -> None:
    digests = [StreamedSet(several, READING, buffer=size).digest for size in (5, 6)]
    assert digests[0] != digests[1]


def test_what_cannot_be_learned_from_is_refused_by_its_record(tmp_path: Path) -> None:
    with pytest.raises(JobRefused, match=r"train\.rec: record 7 has 3 labels, but task is single"):
        StreamedSet(RecordFiles([_one(tmp_path, payload(7))]), READING, single=True)
    with pytest.raises(JobRefused, match=r"train\.rec holds no records"):
        StreamedSet(RecordFiles([_one(tmp_path)]), READING)
    found = StreamedSet(RecordFiles([_one(tmp_path, payload(1))]), READING)
    with pytest.raises(JobRefused, match="fewer records than processes"):
        next(found.rows(1, 2, 0))
    paths = write(tmp_path / "cut", 3, 3)
    paths[1].write_bytes(paths[1].read_bytes()[:-5])
    with pytest.raises(JobRefused, match=r"train-00001\.rec: .* is cut off"):
        StreamedSet(RecordFiles(paths), READING)


def _one(folder: Path, *payloads: bytes) -> Path:
    path = folder / "train.rec"
    path.write_bytes(b"".join(map(frame, payloads)))
    return path
