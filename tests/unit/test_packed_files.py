"""Which record files a side has: one, as always, or several above a size."""

import msgspec
import pytest

from tagline.formats.document import UnreadableDocument, decode
from tagline.formats.packed import PackedDataset, PackedFile
from tagline.formats.rows import Side
from tests.unit.test_golden_formats import golden


def test_a_side_of_one_file_is_told_by_its_sums() -> None:
    packed = decode(golden("dataset.json"), PackedDataset, "dataset.json")
    (only,) = packed.record_files(Side.VALIDATION)
    assert only == PackedFile(
        name="val.rec",
        images=packed.validation,
        bytes=packed.bytes.validation,
        sha256=packed.sha256.validation,
    )
    assert packed.record_files(Side.TEST) == ()  # of an older set, which has none


def test_a_side_of_several_tells_of_each() -> None:
    plain = msgspec.json.decode(golden("dataset.json"))
    files = [
        {"name": f"train-{n:05}.rec", "images": 3, "bytes": 9, "sha256": f"{n}"} for n in (0, 1)
    ]
    packed = decode(
        msgspec.json.encode(plain | {"files": {"train": files}}), PackedDataset, "dataset.json"
    )
    assert [file.name for file in packed.record_files(Side.TRAIN)] == [
        "train-00000.rec",
        "train-00001.rec",
    ]
    assert [file.name for file in packed.record_files(Side.VALIDATION)] == ["val.rec"]
    files[0]["name"] = "../other.rec"
    with pytest.raises(UnreadableDocument, match="name"):
        decode(
            msgspec.json.encode(plain | {"files": {"train": files}}), PackedDataset, "dataset.json"
        )
