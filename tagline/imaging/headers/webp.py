"""The header of a WebP (RFC 9649): the three kinds VP8, VP8L and VP8X."""

from collections.abc import Iterator
from typing import NamedTuple

from tagline.imaging.errors import AnimatedImage, UndecodableImage
from tagline.imaging.headers import exif
from tagline.imaging.headers.bytefields import little, take
from tagline.imaging.headers.header import ImageHeader
from tagline.imaging.headers.profile import useful_profile

_ANIMATED, _HAS_EXIF, _HAS_ALPHA, _HAS_PROFILE = 0x02, 0x08, 0x10, 0x20
_MAX_CHUNKS = 1000
_KEY_FRAME = b"\x9d\x01\x2a"
_LOSSLESS = 0x2F
_FRAME_HEADER = 16
_PIXEL_BYTES = 8  # lossless ones are kept twice


class Frame(NamedTuple):
    """The only frame of an animation: a WebP of its own, and where it lies on the canvas."""

    data: bytes
    left: int
    top: int
    width: int
    height: int


class _Chunk(NamedTuple):
    kind: bytes
    at: int  # of its data
    end: int


def is_webp(data: bytes) -> bool:
    """Return whether the bytes begin as a WebP."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def read_header(data: bytes) -> ImageHeader:
    """Return the header of a WebP; raise AnimatedImage or UndecodableImage."""
    kind = take(data, 12, 4, "WebP header")
    if kind == b"VP8 ":
        if take(data, 23, 3, "WebP header") != _KEY_FRAME:
            raise UndecodableImage("the WebP does not begin with a key frame")
        width, height = (little(data, at, 2, "WebP header") & 0x3FFF for at in (26, 28))
        return ImageHeader("webp", width, height, pixel_bytes=_PIXEL_BYTES)
    if kind == b"VP8L":
        if take(data, 20, 1, "WebP header")[0] != _LOSSLESS:
            raise UndecodableImage("the lossless WebP has no signature")
        bits = little(data, 21, 4, "WebP header")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        return ImageHeader("webp", width, height, pixel_bytes=_PIXEL_BYTES)
    if kind == b"VP8X":
        return _extended(data)
    raise UndecodableImage("the WebP begins with an unknown chunk")


def _extended(data: bytes) -> ImageHeader:
    flags = take(data, 20, 1, "WebP header")[0]
    width, height = (little(data, at, 3, "WebP header") + 1 for at in (24, 27))
    chunks = list(_chunks(data, 12, _end(data)))
    frames = sum(chunk.kind == b"ANMF" for chunk in chunks)
    if frames > 1:
        raise AnimatedImage(f"the WebP has {frames} frames")
    told = {chunk.kind: data[chunk.at : chunk.end] for chunk in reversed(chunks)}
    block = told.get(b"EXIF", b"").removeprefix(b"Exif\0\0") if flags & _HAS_EXIF else b""
    profile = told.get(b"ICCP") if flags & _HAS_PROFILE else None
    return ImageHeader(
        "webp",
        width,
        height,
        exif.orientation(block),
        profile=useful_profile(profile, "rgb") if profile else None,
        pixel_bytes=_PIXEL_BYTES,
        in_animation=frames == 1 or flags & _ANIMATED != 0,
    )


def only_frame(data: bytes) -> Frame:
    """Return the picture of an animation of one frame, or of a still that says it is animated.

    Raise UndecodableImage when the file is cut off or has no picture.
    """
    if 8 + little(data, 4, 4, "WebP header") > len(data):
        raise UndecodableImage("the WebP is damaged or incomplete")
    left, top = 0, 0
    width, height = (little(data, at, 3, "WebP header") + 1 for at in (24, 27))
    chunks = list(_chunks(data, 12, _end(data)))
    frame = next((chunk for chunk in chunks if chunk.kind == b"ANMF"), None)
    if frame is not None:
        what = "WebP frame"
        left, top = (2 * little(data, frame.at + n, 3, what) for n in (0, 3))
        width, height = (little(data, frame.at + n, 3, what) + 1 for n in (6, 9))
        chunks = list(_chunks(data, frame.at + _FRAME_HEADER, frame.end))
    kept = [chunk for chunk in chunks if chunk.kind in {b"ALPH", b"VP8 ", b"VP8L"}]
    alpha = any(
        chunk.kind == b"ALPH"
        or (chunk.kind == b"VP8L" and little(data, chunk.at + 1, 4, "WebP") >> 28 & 1)
        for chunk in kept
    )
    size = b"".join((side - 1).to_bytes(3, "little") for side in (width, height))
    body = b"WEBP" + _packed(b"VP8X", bytes((_HAS_ALPHA if alpha else 0, 0, 0, 0)) + size)
    body += b"".join(_packed(chunk.kind, data[chunk.at : chunk.end]) for chunk in kept)
    return Frame(_packed(b"RIFF", body), left, top, width, height)


def _packed(kind: bytes, data: bytes) -> bytes:
    return kind + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)


def _end(data: bytes) -> int:
    return min(len(data), 8 + little(data, 4, 4, "WebP header"))


def _chunks(data: bytes, at: int, end: int) -> Iterator[_Chunk]:
    """Yield the chunks that lie between two places, as far as they are whole."""
    for _ in range(_MAX_CHUNKS):
        if at + 8 > end:
            return
        length = little(data, at + 4, 4, "WebP chunk")
        if at + 8 + length > end:
            return
        yield _Chunk(data[at : at + 4], at + 8, at + 8 + length)
        at += 8 + length + length % 2
