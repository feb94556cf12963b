"""How large an image is, going by its header: enough to refuse one before it is decoded.

`tagline.imaging.headers` reads all that a decoder needs, and numpy with it, which no function has.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

MAX_PIXELS = 100_000_000  # that packing decodes at most (tagline.imaging.spec)
EXTENSIONS: Mapping[str, str] = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # JPEG's start-of-frame markers
_ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length


class ImageSize(NamedTuple):
    """Pixels."""

    width: int
    height: int


def image_size(data: bytes) -> ImageSize | None:
    """Return the size that a PNG, JPEG or WebP says; None where it says none, or is no such."""
    readers: Mapping[bytes, Callable[[bytes], ImageSize | None]] = {
        _PNG: _of_png,
        _JPEG: _of_jpeg,
        b"RIFF": _of_webp,
    }
    found = next((read(data) for start, read in readers.items() if data.startswith(start)), None)
    return found if found and found.width and found.height else None


def _of_png(data: bytes) -> ImageSize | None:
    if data[12:16] != b"IHDR" or len(data) < 33:  # noqa: PLR2004 - the chunk's end
        return None
    return ImageSize(int.from_bytes(data[16:20]), int.from_bytes(data[20:24]))


def _of_jpeg(data: bytes) -> ImageSize | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004 - begins each marker
        marker = data[at + 1]
        if marker == 0xFF:  # noqa: PLR2004 - fills up
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _SIZES:
            height, width = data[at + 5 : at + 7], data[at + 7 : at + 9]
            return ImageSize(int.from_bytes(width), int.from_bytes(height))
        else:
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4]))
    return None


def _of_webp(data: bytes) -> ImageSize | None:
    if data[8:12] != b"WEBP" or len(data) < 30:  # noqa: PLR2004 - the longest header's end
        return None
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = data[24:27], data[27:30]
        return ImageSize(int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1)
    if kind == b"VP8L" and data[20] == 0x2F:  # noqa: PLR2004 - its signature
        bits = int.from_bytes(data[21:25], "little")
        return ImageSize((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        sizes = int.from_bytes(data[26:28], "little"), int.from_bytes(data[28:30], "little")
        return ImageSize(*(size & 0x3FFF for size in sizes))
    return None
