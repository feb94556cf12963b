"""The header of a PNG (W3C PNG specification, third edition)."""

from imaging import exif
from imaging.bytefields import big16, big32, take
from imaging.errors import AnimatedImage, UndecodableImage
from imaging.header import ImageHeader

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS = 100_000  # 64 MiB in chunks of 8 KiB has 8,192
_BYTE = 8


def read_header(data: bytes) -> ImageHeader:
    """Return the header of a PNG; raise AnimatedImage for an APNG, UndecodableImage if damaged."""
    if take(data, 12, 4, "PNG header") != b"IHDR":
        raise UndecodableImage("the PNG does not begin with its header chunk")
    width, height = big32(data, 16, "PNG header"), big32(data, 20, "PNG header")
    depth, colour = take(data, 24, 2, "PNG header")
    turned, grey = 1, None
    at = len(SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        if at + 8 > len(data):
            break
        length, kind = big32(data, at, "PNG chunk"), data[at + 4 : at + 8]
        if kind == b"acTL":
            raise AnimatedImage("the PNG is animated")
        if kind == b"eXIf":
            turned = exif.orientation(data[at + 8 : at + 8 + length])
        if kind == b"tRNS" and colour == 0 and length == 2:  # noqa: PLR2004
            grey = _at_decoded_depth(big16(data, at + 8, "PNG chunk"), depth)
        at += 12 + length
    return ImageHeader("png", width, height, turned, grey)


def _at_decoded_depth(sample: int, depth: int) -> int:
    """Return a grey sample as the decoder widens it: 1, 2 and 4 bits become 8."""
    if depth >= _BYTE:
        return sample & ((1 << depth) - 1)
    return (sample & ((1 << depth) - 1)) * 255 // ((1 << depth) - 1)
