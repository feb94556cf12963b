"""The header of a WebP (RFC 9649): the three kinds VP8, VP8L and VP8X."""

from tagline.imaging.errors import AnimatedImage, UndecodableImage
from tagline.imaging.headers import exif
from tagline.imaging.headers.bytefields import little, take
from tagline.imaging.headers.header import ImageHeader
from tagline.imaging.headers.profile import useful_profile

_ANIMATED, _HAS_EXIF, _HAS_PROFILE = 0x02, 0x08, 0x20
_MAX_CHUNKS = 1000
_KEY_FRAME = b"\x9d\x01\x2a"
_LOSSLESS = 0x2F


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
        return ImageHeader("webp", width, height)
    if kind == b"VP8L":
        if take(data, 20, 1, "WebP header")[0] != _LOSSLESS:
            raise UndecodableImage("the lossless WebP has no signature")
        bits = little(data, 21, 4, "WebP header")
        return ImageHeader("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X":
        flags = take(data, 20, 1, "WebP header")[0]
        if flags & _ANIMATED:
            raise AnimatedImage("the WebP is animated")
        width, height = (little(data, at, 3, "WebP header") + 1 for at in (24, 27))
        block = _chunk(data, b"EXIF").removeprefix(b"Exif\0\0") if flags & _HAS_EXIF else b""
        profile = _chunk(data, b"ICCP") if flags & _HAS_PROFILE else b""
        known = useful_profile(profile, "rgb") if profile else None
        return ImageHeader("webp", width, height, exif.orientation(block), profile=known)
    raise UndecodableImage("the WebP begins with an unknown chunk")


def _chunk(data: bytes, name: bytes) -> bytes:
    at = 12
    for _ in range(_MAX_CHUNKS):
        if at + 8 > len(data):
            break
        length = little(data, at + 4, 4, "WebP chunk")
        if data[at : at + 4] == name:
            return data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    return b""
