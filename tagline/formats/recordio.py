"""RecordIO: the file format that MXNet and SageMaker's MXNet algorithms train from.

A file is a sequence of records. The framing (dmlc-core, `include/dmlc/recordio.h`) of one part is

    uint32 magic 0xced7230a | uint32 flag << 29 | length | payload | zeros up to a multiple of 4

all little-endian. A reader that lost its place looks for the magic at multiples of 4, so a payload
that has it there is cut at those places: flag 1 for the first part, 2 in the middle, 3 for the last
(0: whole), and the four bytes of the magic itself are left out of the parts.

The payload of an image (`IRHeader` of MXNet's `recordio.py`, `IfQQ`) is

    uint32 n | float32 label | uint64 id | uint64 id2 | n x float32 labels | encoded image

with n = 0 when the record has one label, held by the header itself.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

MAGIC = struct.pack("<I", 0xCED7230A)
MAX_LENGTH = (1 << 29) - 1  # the length shares its word with the three bits of the flag
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)
_PART = struct.Struct("<II")
_IMAGE = struct.Struct("<IfQQ")


class RecordError(ValueError):
    """Bytes that are no RecordIO, or a record that RecordIO cannot hold."""


@dataclass(frozen=True)
class ImageRecord:
    """One image of a packed set: its id, its labels (float32 values), its encoded bytes."""

    identifier: int
    labels: tuple[float, ...]
    image: bytes


def frame(payload: bytes) -> bytes:
    """Return one record as it stands in a file. Raise RecordError when it is 512 MiB or more."""
    if len(payload) > MAX_LENGTH:
        raise RecordError(f"a record has at most {MAX_LENGTH} bytes, this one {len(payload)}")
    parts = _split(payload)
    if len(parts) == 1:
        return _part(_WHOLE, payload)
    flags = [_FIRST, *[_MIDDLE] * (len(parts) - 2), _LAST]
    return b"".join(_part(flag, part) for flag, part in zip(flags, parts, strict=True))


def _split(payload: bytes) -> list[bytes]:
    parts = []
    start = 0
    at = payload.find(MAGIC)
    while at >= 0:
        if at % 4 == 0:
            parts.append(payload[start:at])
            start = at + 4
            at = payload.find(MAGIC, start)
        else:
            at = payload.find(MAGIC, at + 1)
    parts.append(payload[start:])
    return parts


def _part(flag: int, payload: bytes) -> bytes:
    return MAGIC + struct.pack("<I", flag << 29 | len(payload)) + payload + b"\0" * _pad(payload)


def _pad(payload: bytes) -> int:
    return -len(payload) % 4


def read_records(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the payload of each record of `stream`, from where it stands to its end.

    Raise RecordError with the byte offset where the file is cut off or is no RecordIO.
    """
    offset = 0
    parts: list[bytes] = []
    while True:
        head = stream.read(_PART.size)
        if not head:
            break
        if len(head) < _PART.size or not head.startswith(MAGIC):
            raise RecordError(f"no record begins at byte {offset}")
        word = _PART.unpack(head)[1]
        flag, length = word >> 29, word & MAX_LENGTH
        body = stream.read(length + -length % 4)
        if len(body) < length + -length % 4:
            raise RecordError(f"the record at byte {offset} is cut off")
        if flag > _LAST or (flag in {_MIDDLE, _LAST}) != bool(parts):
            raise RecordError(f"the part at byte {offset} does not follow the one before it")
        parts.append(body[:length])
        offset += len(head) + len(body)
        if flag in {_WHOLE, _LAST}:
            yield MAGIC.join(parts)
            parts = []
    if parts:
        raise RecordError(f"the last record lacks its end at byte {offset}")


def pack_record(identifier: int, labels: Sequence[float] | float, image: bytes) -> bytes:
    """Return the payload of one image.

    A sequence of n labels becomes n packed float32 values, which MXNet's readers want with
    label_width = n (also for n = 1); a number becomes the header's own label. Raise RecordError
    for no labels at all (MXNet would read one label, 0) and for an id outside 0 … 2^64 - 1.
    """
    if isinstance(labels, int | float):
        return _head(identifier, 0, labels) + image
    return join_record(identifier, struct.pack(f"<{len(labels)}f", *labels), image)


def join_record(identifier: int, labels: bytes, image: bytes) -> bytes:
    """Return the payload of an image whose labels are little-endian float32 already.

    Raise RecordError as `pack_record` does.
    """
    if not labels:
        raise RecordError(f"image {identifier} has no labels")
    return _head(identifier, len(labels) // 4, 0.0) + labels + image


def _head(identifier: int, count: int, label: float) -> bytes:
    if not 0 <= identifier < 1 << 64:
        raise RecordError(f"an id is 0 … 2^64 - 1, not {identifier}")
    return _IMAGE.pack(count, label, identifier, 0)


def split_record(payload: bytes) -> tuple[int, bytes, bytes]:
    """Return a record's id, its labels as little-endian float32 one after the other, its image.

    A scalar label is one of them.
    """
    identifier = identifier_of(payload)
    count, *_ = _IMAGE.unpack_from(payload)
    end = _IMAGE.size + 4 * count
    if len(payload) < end:
        raise RecordError(f"image {identifier} says {count} labels and is shorter than that")
    return identifier, payload[_IMAGE.size : end] if count else payload[4:8], payload[end:]


def unpack_record(payload: bytes) -> ImageRecord:
    """Return what `pack_record` packed; a scalar label comes back as one label."""
    identifier, labels, image = split_record(payload)
    return ImageRecord(identifier, struct.unpack(f"<{len(labels) // 4}f", labels), image)


def identifier_of(payload: bytes) -> int:
    """Return the id of a packed image; raise RecordError where it is too short to have one."""
    if len(payload) < _IMAGE.size:
        raise RecordError(f"an image record has at least {_IMAGE.size} bytes, not {len(payload)}")
    return int.from_bytes(payload[8:16], "little")


class RecordWriter:
    """Writes records to a stream and knows at which byte each of them begins."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.position = 0

    def write(self, payload: bytes) -> int:
        """Append one record; return the offset of its first byte, as an .idx file lists it."""
        begin = self.position
        framed = frame(payload)
        self._stream.write(framed)
        self.position += len(framed)
        return begin
