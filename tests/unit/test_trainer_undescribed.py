"""Training without the channel `dataset`."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagline.formats.document import encode
from tagline.formats.recordio import RecordWriter, pack_record
from tests.integration.trainer_jobs import jpeg
from tests.unit.run_documents import packed_dataset
from trainer.contract import Base, JobRefused
from trainer.undescribed import dataset_of, numbered, packed_side


@given(st.integers(1, 3000))
def test_labels_are_numbered_so_that_they_sort(count: int) -> None:
    labels = numbered(count)
    assert len(set(labels)) == count
    assert list(labels) == sorted(labels)
    assert labels[0].startswith("label_00")


def records(path: Path, *images: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        writer = RecordWriter(stream)
        for number, image in enumerate(images):
            writer.write(pack_record(number, [1, 0, 0, 0], image))
    return path


def test_what_the_records_say_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = records(tmp_path / "train.rec", jpeg([1, 0, 0, 0], np.random.default_rng(1), 40))
    found = dataset_of(Base(tmp_path), 4, file)
    assert found.labels == ("label_001", "label_002", "label_003", "label_004")
    assert found.image.size == 40
    assert "label_001" in capsys.readouterr().out


def test_a_dataset_json_that_comes_is_what_counts(tmp_path: Path) -> None:
    path = tmp_path / "input/data/dataset/dataset.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(encode(packed_dataset(labels=["red", "blue"])))
    found = dataset_of(Base(tmp_path), 4, tmp_path / "no.rec")
    assert found.labels == ("red", "blue")


@pytest.mark.parametrize(
    ("images", "told"), [((), "holds no records"), ((b"no image",), "the first record")]
)
def test_files_that_say_nothing_are_refused(
    tmp_path: Path, images: tuple[bytes, ...], told: str
) -> None:
    with pytest.raises(JobRefused, match=f"train.rec.*{told}"):
        packed_side(records(tmp_path / "train.rec", *images))
