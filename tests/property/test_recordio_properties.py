"""RecordIO: whatever is written is read again, also where the payload imitates the framing."""

import io
import struct

from hypothesis import given
from hypothesis import strategies as st

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

PIECES = st.one_of(st.just(MAGIC), st.just(MAGIC[:2]), st.binary(max_size=9))
PAYLOADS = st.lists(PIECES, max_size=8).map(b"".join)
FLOATS = st.floats(width=32, allow_nan=False)


@given(st.lists(PAYLOADS, max_size=6))
def test_records_survive_the_file(payloads: list[bytes]) -> None:
    stream = io.BytesIO()
    writer = RecordWriter(stream)
    for payload in payloads:
        writer.write(payload)
    stream.seek(0)
    assert list(read_records(stream)) == payloads


@given(PAYLOADS)
def test_a_magic_at_a_multiple_of_four_always_begins_a_part(payload: bytes) -> None:
    framed = frame(payload)
    assert len(framed) % 4 == 0
    expected = 0
    while expected < len(framed):
        length = struct.unpack_from("<I", framed, expected + 4)[0] & ((1 << 29) - 1)
        body = framed[expected + 8 : expected + 8 + length]
        assert all(body[at : at + 4] != MAGIC for at in range(0, length, 4))
        expected += 8 + length + -length % 4
    assert expected == len(framed)


@given(st.binary(max_size=60))
def test_any_bytes_are_records_or_a_record_error(data: bytes) -> None:
    try:
        payloads = list(read_records(io.BytesIO(data)))
    except RecordError:
        return
    assert list(read_records(io.BytesIO(b"".join(map(frame, payloads))))) == payloads


@given(st.integers(0, 2**64 - 1), st.lists(FLOATS, min_size=1, max_size=40), st.binary())
def test_images_survive_the_packing(identifier: int, labels: list[float], image: bytes) -> None:
    packed = pack_record(identifier, labels, image)
    assert unpack_record(packed) == ImageRecord(identifier, tuple(labels), image)
