"""What kind of file an image is, by its first bytes: format, size class, alpha; nothing decoded.

A kind is text such as `png 512 alpha`: the least of `SIZES` that holds the longer side (`more`
above the largest), and whether the file has an alpha channel or a transparent colour.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

SIZES = (64, 128, 256, 512, 1024, 2048, 4096)  # pixels of the longer side
LARGER = "more"
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_STEPS = 1000  # chunks or segments before the picture
_COLOUR_WITH_ALPHA = 4  # this bit of a PNG's colour type
_EXTENDED_ALPHA = 0x10  # this bit of a WebP's flags
_BARE = {0x01, *range(0xD0, 0xD9)}  # JPEG markers without a length
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # JPEG markers that tell the size


class Kind(NamedTuple):
    """The three classes of an image's file."""

    format: str
    size: str
    alpha: str


def kind_of(data: bytes) -> str | None:
    """Return the kind of a PNG, JPEG or WebP; None for what is none, or ends too early."""
    try:
        return _kind(data)
    except (struct.error, IndexError):
        return None


def parts_of(kind: str) -> Kind | None:
    """Return the classes that a kind names, or None for another text."""
    words = kind.split(" ")
    return Kind(*words) if len(words) == len(Kind._fields) else None


def _kind(data: bytes) -> str | None:
    if data.startswith(_PNG):
        width, height = struct.unpack_from(">II", data, 16)
        alpha = bool(data[25] & _COLOUR_WITH_ALPHA) or any(k == b"tRNS" for k in _chunks(data))
        return _named("png", width, height, alpha=alpha)
    if data.startswith(_JPEG):
        size = _of_frame(data)
        return _named("jpeg", *size, alpha=False) if size else None
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    return None


def _named(form: str, width: int, height: int, *, alpha: bool) -> str | None:
    longer = max(width, height)
    if min(width, height) < 1:
        return None
    size = next((str(limit) for limit in SIZES if longer <= limit), LARGER)
    return f"{form} {size} {'alpha' if alpha else 'opaque'}"


def _chunks(data: bytes) -> Iterator[bytes]:
    """Yield the names of a PNG's chunks before its pixels."""
    at = len(_PNG)
    for _ in range(_STEPS):
        length, name = struct.unpack_from(">I4s", data, at)
        if name in {b"IDAT", b"IEND"}:
            return
        yield name
        at += 12 + length


def _of_frame(data: bytes) -> tuple[int, int] | None:
    """Return width and height as a JPEG's frame header has them."""
    at = len(_JPEG)
    for _ in range(_STEPS):
        at = data.find(b"\xff", at)
        if at < 0:
            return None
        while data[at] == 0xFF:  # noqa: PLR2004 - any number of them fills up
            at += 1
        marker = data[at]
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 4)
            return width, height
        at += 1 if marker in _BARE or not marker else 1 + struct.unpack_from(">H", data, at + 1)[0]
    return None


def _webp(data: bytes) -> str | None:
    first = data[12:16]
    if first == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return _named("webp", width & 0x3FFF, height & 0x3FFF, alpha=False)
    if first == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        size = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        return _named("webp", *size, alpha=bool(bits >> 28 & 1))
    if first == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return _named("webp", width, height, alpha=bool(data[20] & _EXTENDED_ALPHA))
    return None
