"""RecordIO: the bytes that MXNet writes, and errors that say where a file is broken."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tagline.formats.recordio import (
    MAGIC,
    ImageRecord,
    RecordError,
    RecordWriter,
    frame,
    pack_record,
    read_records,
    unpack_record,
)

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parent / "golden/mxnet-records.json").read_text(encoding="utf-8")
)
FRAMES = GOLDEN["frames"].items()
IMAGES = GOLDEN["images"].items()


@pytest.mark.parametrize(("name", "case"), FRAMES, ids=[name for name, _ in FRAMES])
def test_a_frame_has_the_bytes_that_mxnet_writes(name: str, case: dict[str, str]) -> None:
    payload = bytes.fromhex(case["payload"])
    assert frame(payload).hex() == case["file"]
    assert list(read_records(io.BytesIO(bytes.fromhex(case["file"])))) == [payload]


@pytest.mark.parametrize(("name", "case"), IMAGES, ids=[name for name, _ in IMAGES])
def test_an_image_record_has_the_bytes_that_mxnet_packs(name: str, case: dict[str, Any]) -> None:
    image = bytes.fromhex(GOLDEN["image"])
    payload = pack_record(case["id"], case["labels"], image)
    assert payload.hex() == case["payload"]
    labels = case["labels"] if isinstance(case["labels"], list) else [case["labels"]]
    assert unpack_record(payload) == ImageRecord(case["id"], tuple(labels), image)


def test_the_writer_knows_where_each_record_begins() -> None:
    stream = io.BytesIO()
    writer = RecordWriter(stream)
    payloads = [b"abc", b"", b"abcd" + MAGIC + b"e"]
    offsets = [writer.write(payload) for payload in payloads]
    assert offsets == [0, 12, 20]
    assert writer.position == len(stream.getvalue())
    for offset, payload in zip(offsets, payloads, strict=True):
        assert next(read_records(io.BytesIO(stream.getvalue()[offset:]))) == payload


def test_two_files_joined_are_one_file() -> None:
    joined = frame(b"one") + frame(b"two")
    assert list(read_records(io.BytesIO(joined))) == [b"one", b"two"]


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (b"no record here", "no record begins at byte 0"),
        (frame(b"abc") + b"\n\n", "no record begins at byte 12"),
        (frame(b"abcdefgh")[:-1], "the record at byte 0 is cut off"),
        (frame(b"abcde")[:-1], "the record at byte 0 is cut off"),  # padding is missing
        (frame(b"abc") + frame(b"abcdefgh")[:11], "the record at byte 12 is cut off"),
        (frame(b"abcd" + MAGIC + b"efg")[:12], "lacks its end at byte 12"),
        (frame(b"abcd" + MAGIC + b"efg")[12:], "does not follow"),
        (frame(b"abcd" + MAGIC)[:12] + frame(b"x"), "does not follow"),
        (MAGIC + b"\0\0\0\xe0", "does not follow"),
    ],
)
def test_a_broken_file_is_named_with_its_byte(broken: bytes, says: str) -> None:
    with pytest.raises(RecordError, match=says):
        list(read_records(io.BytesIO(broken)))


def test_what_a_record_cannot_hold() -> None:
    with pytest.raises(RecordError, match="no labels"):
        pack_record(1, [], b"x")
    with pytest.raises(RecordError, match="an id is"):
        pack_record(-1, [1.0], b"x")
    with pytest.raises(RecordError, match="an id is"):
        pack_record(2**64, [1.0], b"x")
    with pytest.raises(RecordError, match="at least 24 bytes"):
        unpack_record(b"short")
    with pytest.raises(RecordError, match="says 3 labels"):
        unpack_record(pack_record(1, [1.0, 0.0, 1.0], b"")[:-1])
