"""Where a record file ends is a matter of the records alone, not of the parts that they lie in."""

import hashlib
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im2rec.run.channels import Channel
from im2rec.run.cutting import Records, cut
from im2rec.run.digests import Digests
from tagline.formats.packed import PackedFile
from tagline.formats.recordio import MAGIC, RecordError, frame
from tagline.formats.rows import Side

PAYLOADS = st.lists(
    st.one_of(st.binary(max_size=40), st.just(b"\0" * 8 + MAGIC + b"x")), max_size=25
)
ENDS = st.sets(st.integers(0, 24), max_size=5)


def written(payloads: list[bytes], longest: int) -> tuple[Channel, list[bytes]]:
    """Return a channel of these records, closed, and what its files hold."""
    with tempfile.TemporaryDirectory() as folder:
        channel = Channel(Path(folder), Side.TRAIN, 1, longest)
        for payload in payloads:
            channel.add(payload, "1")
        channel.close()
        return channel, [path.read_bytes() for path in channel.paths]


@given(PAYLOADS, ENDS, st.integers(8, 200))
def test_parts_are_cut_as_one_task_writes(
    payloads: list[bytes], ends: set[int], longest: int
) -> None:
    channel, files = written(payloads, longest)
    bounds = [0, *sorted(end for end in ends if end < len(payloads)), len(payloads)]
    parts = {
        str(number): payloads[start:stop] for number, (start, stop) in enumerate(pairwise(bounds))
    }
    content = {name: b"".join(map(frame, held)) for name, held in parts.items()}

    @contextmanager
    def opened(name: str) -> Iterator[BinaryIO]:
        yield io.BytesIO(content[name])

    found = cut(
        [Records(name, len(content[name]), len(held)) for name, held in parts.items()],
        longest,
        opened,
    )
    made = [
        b"".join(content[name][start:stop] for name, start, stop in file.spans) for file in found
    ]
    assert made == files
    assert [file.bytes for file in found] == [len(file) for file in files]
    images = [file.images for file in found]
    assert sum(images) == len(payloads)
    if len(files) > 1:
        assert [file.images for file in channel.several] == images


@given(PAYLOADS, st.integers(8, 200))
def test_files_together_are_the_one_that_they_would_have_been(
    payloads: list[bytes], longest: int
) -> None:
    channel, files = written(payloads, longest)
    framed = [frame(payload) for payload in payloads]
    whole = b"".join(framed)
    assert b"".join(files) == whole
    assert channel.together.sha256 == hashlib.sha256(whole).hexdigest()
    assert (channel.together.bytes, channel.together.images) == (len(whole), len(payloads))
    if len(whole) <= longest:
        assert len(files) == 1
    assert all(len(file) <= longest or file in framed for file in files)
    for file, after in pairwise(files):
        (first,) = [record for record in set(framed) if after.startswith(record)][:1] or [after]
        assert len(file) + len(first) > longest
    assert channel.several == (
        ()
        if len(files) == 1
        else tuple(
            PackedFile(
                name=f"train-{number:05}.rec",
                images=told.images,
                bytes=len(file),
                sha256=hashlib.sha256(file).hexdigest(),
            )
            for number, (file, told) in enumerate(zip(files, channel.several, strict=True))
        )
    )


def test_a_part_that_holds_no_records_is_refused() -> None:
    @contextmanager
    def opened(name: str) -> Iterator[BinaryIO]:
        yield io.BytesIO(b"no records, but as many bytes")

    with pytest.raises(RecordError, match="no record begins at byte 0"):
        cut([Records("0", 29, 1)], 10, opened)


@given(st.lists(st.binary(max_size=9), max_size=9), st.integers(1, 12), st.binary(max_size=2))
def test_each_piece_of_a_stream_has_its_digest(
    pieces: list[bytes], chunk: int, more: bytes
) -> None:
    digests = Digests([len(piece) for piece in pieces])
    data = b"".join(pieces) + more
    for start in range(0, len(data), chunk):
        digests.update(data[start : start + chunk])
    assert digests.found == [hashlib.sha256(piece).hexdigest() for piece in pieces]
    assert digests.more == bool(more)
