"""A WebP's header in its three forms, and the chunks of the extended one."""

import struct

import pytest

from tagline.imaging import ImageError
from tagline.imaging.headers.detect import read_header
from tagline.imaging.headers.profile import Profile
from tests.unit.test_imaging_colour import DARK_GREY, SWAPPED
from tests.unit.test_imaging_headers import ORIENTATION, SHORT, tiff

EXIF, PROFILE, ANIMATED, ALPHA = 0x08, 0x20, 0x02, 0x10
SIX = tiff((ORIENTATION, SHORT, 6))


def chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def webp(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def lossy(width: int, height: int, key: bytes = b"\x9d\x01\x2a") -> bytes:
    return webp(chunk(b"VP8 ", b"\0\0\0" + key + struct.pack("<HH", width, height)))


def lossless(width: int, height: int, mark: int = 0x2F) -> bytes:
    bits = (width - 1) | (height - 1) << 14 | 1 << 28  # and alpha
    return webp(chunk(b"VP8L", struct.pack("<BI", mark, bits)))


def extended(width: int, height: int, flags: int, *chunks: bytes) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return webp(chunk(b"VP8X", bytes((flags, 0, 0, 0)) + size), *chunks)


@pytest.mark.parametrize(
    ("data", "width", "height"),
    [
        (lossy(203, 301), 203, 301),
        (lossy(203 | 1 << 14, 301 | 3 << 14), 203, 301),  # asks to be shown larger
        (lossy(16_383, 16_382), 16_383, 16_382),
        (lossless(203, 301), 203, 301),
        (lossless(1, 16_384), 1, 16_384),
        (lossless(16_384, 1), 16_384, 1),
        (extended(203, 301, ALPHA), 203, 301),
        (extended(1 << 24, 1, 0), 1 << 24, 1),
        (extended(1, 70_000, 0), 1, 70_000),
    ],
)
def test_the_size_of_a_webp(data: bytes, width: int, height: int) -> None:
    header = read_header(data)
    assert (header.format, header.width, header.height) == ("webp", width, height)
    assert (header.orientation, header.profile) == (1, None)


FRAME = chunk(b"ANMF", bytes(16))
OTHER, ODD = chunk(b"ALPH", b"even"), chunk(b"XMP ", b"odd")


@pytest.mark.parametrize(
    ("flags", "chunks", "orientation", "profile"),
    [
        (EXIF, [chunk(b"EXIF", SIX)], 6, None),
        (EXIF, [OTHER, ODD, chunk(b"EXIF", b"Exif\0\0" + SIX)], 6, None),
        (EXIF, [chunk(b"EXIF", SIX), chunk(b"EXIF", tiff())], 6, None),
        (EXIF, [chunk(b"EXIF", b"")], 1, None),
        (EXIF, [OTHER], 1, None),
        (0, [chunk(b"EXIF", SIX), chunk(b"ICCP", SWAPPED)], 1, None),
        (PROFILE, [chunk(b"ICCP", SWAPPED), chunk(b"EXIF", SIX)], 1, Profile("rgb", SWAPPED)),
        (PROFILE, [chunk(b"ICCP", DARK_GREY)], 1, None),
        (PROFILE, [ODD], 1, None),
        (
            EXIF | PROFILE | ALPHA,
            [ODD, chunk(b"ICCP", SWAPPED), ODD, chunk(b"EXIF", SIX)],
            6,
            Profile("rgb", SWAPPED),
        ),
        (EXIF, [OTHER * 998, chunk(b"EXIF", SIX)], 6, None),
        (EXIF, [OTHER * 999, chunk(b"EXIF", SIX)], 1, None),  # nobody looks that far
        (EXIF, [chunk(b"EXIF", SIX)[:-12]], 1, None),  # cut off
        (EXIF, [b"EXIF"], 1, None),
    ],
)
def test_the_chunks_of_an_extended_webp_count_where_its_flags_say_so(
    flags: int, chunks: list[bytes], orientation: int, profile: Profile | None
) -> None:
    header = read_header(extended(203, 301, flags, *chunks))
    assert (header.orientation, header.profile) == (orientation, profile)


@pytest.mark.parametrize(
    ("data", "reason", "detail"),
    [
        (lossy(1, 1, b"\x9d\x01\x2b"), "undecodable_image", "does not begin with a key frame"),
        (lossless(1, 1, 0x2E), "undecodable_image", "the lossless WebP has no signature"),
        (extended(1, 1, ANIMATED, FRAME, FRAME), "animated_image", "the WebP has 2 frames"),
        (extended(1, 1, 0, FRAME, ODD, FRAME, FRAME), "animated_image", "the WebP has 3 frames"),
        (webp(chunk(b"VP9 ", bytes(20))), "undecodable_image", "begins with an unknown chunk"),
        (webp(), "undecodable_image", "the file ends inside its WebP header"),
        (lossy(1, 1)[:29], "undecodable_image", "the file ends inside its WebP header"),
        (lossless(1, 1)[:24], "undecodable_image", "the file ends inside its WebP header"),
        (extended(1, 1, 0)[:29], "undecodable_image", "the file ends inside its WebP header"),
        (b"RIFF\0\0\0\0WAVE", "unsupported_image", "no image of a known format"),
        (b"RIFX\0\0\0\0WEBP", "unsupported_image", "no image of a known format"),
    ],
)
def test_a_webp_that_is_refused(data: bytes, reason: str, detail: str) -> None:
    with pytest.raises(ImageError, match=detail) as caught:
        read_header(data)
    assert caught.value.reason == reason
