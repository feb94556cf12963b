"""The header of a PNG (W3C PNG specification, third edition)."""

import zlib
from collections.abc import Iterator

from tagline.imaging.errors import AnimatedImage, UndecodableImage, UnsupportedImage
from tagline.imaging.headers import exif
from tagline.imaging.headers.bytefields import big16, big32, take
from tagline.imaging.headers.colorimetry import profile_of_code_points, profile_of_gamma
from tagline.imaging.headers.header import ImageHeader
from tagline.imaging.headers.profile import MAX_BYTES, Profile, useful_profile

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS = 100_000  # 64 MiB in chunks of 8 KiB has 8,192
_BYTE = 8
_COLOURED, _ALPHA = 2, 4  # bits of the colour type
_OPAQUE, _WITH_ALPHA = 3, 4  # channels
_CRITICAL = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
_TELLING = {b"tRNS", b"iCCP", b"sRGB", b"eXIf", b"gAMA", b"cHRM", b"cICP"}
_PIXELS = {*_CRITICAL, b"tRNS"}
_LOWER_CASE = 0x20  # this bit of a chunk's first letter says that it may be ignored
_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}  # by colour


def read_header(data: bytes) -> ImageHeader:
    """Return the header of a PNG.

    Raise AnimatedImage for an APNG of several frames, UndecodableImage when the file ends before
    its last chunk. That is checked for every chunk: OpenCV allocates what a chunk's length
    promises, up to 4 GiB.
    """
    first = take(data, 12, 4, "PNG header")
    if first == b"CgBI":
        raise UnsupportedImage(
            "this is Apple's own kind of PNG (CgBI), which Xcode makes; use the file that it was "
            "made of"
        )
    if first != b"IHDR":
        raise UndecodableImage("the PNG does not begin with its header chunk")
    width, height = big32(data, 16, "PNG header"), big32(data, 20, "PNG header")
    depth, colour = take(data, 24, 2, "PNG header")
    if depth not in _DEPTHS.get(colour, ()):
        raise UndecodableImage(f"the PNG says it has colour type {colour} with {depth} bits")
    told = _first_chunks(data)
    grey, key = None, told.get(b"tRNS")
    if key is not None and colour == 0 and len(key) == 2:  # noqa: PLR2004
        grey = _at_decoded_depth(big16(key, 0, "PNG chunk"), depth)
    alpha = colour & _ALPHA or key is not None
    return ImageHeader(
        "png",
        width,
        height,
        exif.orientation(told[b"eXIf"]) if b"eXIf" in told else 1,
        grey,
        _profile(told, "rgb" if colour & _COLOURED else "grey"),
        samples=("RGBA" if colour & _ALPHA else "RGB") if depth <= _BYTE and key is None else "",
        pixel_bytes=(_WITH_ALPHA if alpha else _OPAQUE) * (2 if depth > _BYTE else 1),
    )


def _profile(told: dict[bytes, bytes], space: str) -> Profile | None:
    """Return what the colours are if not sRGB: of the chunks that say so, the strongest counts."""
    if b"cICP" in told:
        known, profile = profile_of_code_points(told[b"cICP"], space)
        if known:
            return profile
    if b"sRGB" in told:
        return None
    if b"iCCP" in told:
        return useful_profile(_inflated(told[b"iCCP"]), space)
    return profile_of_gamma(told.get(b"gAMA", b""), told.get(b"cHRM", b""), space)


def _first_chunks(data: bytes) -> dict[bytes, bytes]:
    """Return the data of the first chunk of each kind that tells how pixels are to be taken."""
    told: dict[bytes, bytes] = {}
    animated, frames, still = False, 0, False
    for kind, at, length in _chunks(data):
        if kind in {b"acTL", b"fcTL"}:
            animated = animated or kind == b"acTL"
            frames += kind == b"fcTL"
        if kind == b"IDAT" and b"IDAT" not in told:
            told[kind] = b""
            still = not frames  # a picture that is no part of the animation
        if kind not in _CRITICAL and not kind[0] & _LOWER_CASE:
            raise UndecodableImage(f"the PNG has an unknown critical chunk at byte {at - 8}")
        if kind in _TELLING:
            told.setdefault(kind, data[at : at + length])
    if animated and frames and frames + still > 1:
        raise AnimatedImage(f"the PNG has {frames + still} frames")
    return told


def pixel_chunks(data: bytes) -> bytes:
    """Return the same PNG with the chunks alone that its pixels are made of.

    Decoders inflate texts and profiles, libspng and libpng without a limit on all of them. Raise
    UndecodableImage where a checksum is wrong: libspng does not look at them, and libpng drops a
    tRNS that has a wrong one.
    """
    kept = [SIGNATURE]
    for kind, at, length in _chunks(data):
        if kind in _PIXELS:
            end = at + length
            if zlib.crc32(memoryview(data)[at - 4 : end]) != big32(data, end, "PNG chunk"):
                raise UndecodableImage(
                    f"the PNG's {kind.decode()} chunk at byte {at - 8} is damaged"
                )
            kept.append(data[at - 8 : end + 4])
    return b"".join(kept)


def _inflated(chunk: bytes) -> bytes:
    """Return the inflated profile of an iCCP chunk, at most a byte over the limit; b"" if bad."""
    packed = chunk.partition(b"\0")[2][1:]  # after the name: the method, always deflate
    try:
        return zlib.decompressobj().decompress(packed, MAX_BYTES + 1)
    except zlib.error:
        return b""


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type, offset and length of each chunk's data, up to the last (IEND)."""
    at = len(SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        length, kind = big32(data, at, "chunks"), take(data, at + 4, 4, "chunks")
        end = at + 12 + length  # length, type, data, checksum
        if end > len(data):
            raise UndecodableImage(f"the PNG ends inside its chunk at byte {at}")
        yield kind, at + 8, length
        if kind == b"IEND":
            return
        at = end
    raise UnsupportedImage(f"the PNG has more than {_MAX_CHUNKS} chunks")


def _at_decoded_depth(sample: int, depth: int) -> int:
    """Return a grey sample as the decoder widens it: 1, 2 and 4 bits become 8."""
    if depth >= _BYTE:
        return sample & ((1 << depth) - 1)
    return (sample & ((1 << depth) - 1)) * 255 // ((1 << depth) - 1)
