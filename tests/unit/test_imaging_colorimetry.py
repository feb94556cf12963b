"""Profiles are judged by what they do to colours; a PNG's own numbers for colours are heeded."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from tagline.formats.settings import ImageSpec
from tagline.imaging import ImageError, preprocess
from tagline.imaging.headers.detect import read_header
from tests.unit.test_imaging_colour import (
    BLUE,
    GREEN,
    RED,
    SRGB,
    SWAPPED,
    WHITE,
    encoded,
    gamma,
    made,
    named,
    seen,
    xyz,
)

SPEC = ImageSpec(size=64)
LEVELS = np.stack(np.meshgrid(*[np.arange(0, 256, 5)] * 2), -1)
COLOURS = np.dstack((LEVELS, 255 - LEVELS[:, :, :1])).astype(np.uint8)
PRIMARIES = ((b"rXYZ", RED), (b"gXYZ", GREEN), (b"bXYZ", BLUE))
PROPHOTO = (
    (b"rXYZ", xyz(0.7977, 0.2880, 0.0)),
    (b"gXYZ", xyz(0.1352, 0.7119, 0.0)),
    (b"bXYZ", xyz(0.0313, 0.0001, 0.8249)),
)
TONES = (b"rTRC", b"gTRC", b"bTRC")


def linear(level: float) -> float:
    return level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4


def table(points: int) -> bytes:
    """Return sRGB's tone curve as a table."""
    values = [round(65535 * linear(n / (points - 1))) for n in range(points)]
    return struct.pack(f">4sII{points}H", b"curv", 0, points, *values)


def parametric(*values: float, kind: int = 3) -> bytes:
    fixed = [round(value * 65536) for value in values]
    return struct.pack(f">4sIHH{len(fixed)}i", b"para", 0, kind, 0, *fixed)


SRGB_CURVE = parametric(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def profile(name: bytes, primaries: tuple[tuple[bytes, bytes], ...], tone: bytes) -> bytes:
    return made(
        b"RGB ", (b"desc", named(name)), WHITE, *primaries, *[(each, tone) for each in TONES]
    )


def little_cms(pixels: np.ndarray, icc: bytes) -> np.ndarray:
    """Return RGB pixels in sRGB as Little CMS says, whatever the profile is called."""
    image = ImageCms.profileToProfile(
        Image.fromarray(pixels),
        ImageCms.ImageCmsProfile(io.BytesIO(icc)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    return np.asarray(image).astype(int)


def png(pixels: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", **options)
    return stream.getvalue()


def square(pixels: np.ndarray) -> np.ndarray:
    """Return the pixels in the middle of a 64 px square, which leaves them as they are."""
    whole = np.full((64, 64, 3), 255, np.uint8)
    whole[: pixels.shape[0], : pixels.shape[1]] = pixels
    return whole


@pytest.mark.parametrize(
    "icc",
    [
        profile(b"RT_Large_gsRGB", PROPHOTO, gamma(1.8)),
        profile(b"sRGB IEC61966-2.1", PROPHOTO, SRGB_CURVE),
        profile(b"sRGB", PRIMARIES, gamma(1.0)),
        profile(b"sRGB", PRIMARIES, struct.pack(">4sII", b"curv", 0, 0)),
        profile(b"sRGB", PRIMARIES, parametric(1.0, kind=0)),
        profile(b"sRGB", PRIMARIES, gamma(2.2)),
        profile(b"any", PROPHOTO, table(1024)),
        SWAPPED,
    ],
)
def test_a_profile_that_is_not_srgb_is_converted_whatever_its_name(icc: bytes) -> None:
    pixels = square(COLOURS)
    found = preprocess(png(pixels, icc_profile=icc), SPEC).astype(int)
    judged = little_cms(pixels, icc)
    assert np.abs(judged - pixels).max() > 5
    assert np.abs(found - judged).max() <= 1


SRGBS = {
    "Pillow": SRGB,
    "table": profile(b"HP", PRIMARIES, table(1024)),
    "long table": profile(b"c2", PRIMARIES, table(4096)),
    "curve": profile(b"Google", PRIMARIES, SRGB_CURVE),
    "named": profile(b"sRGB", PRIMARIES, SRGB_CURVE),
}


@pytest.mark.parametrize("icc", SRGBS.values(), ids=SRGBS)
def test_srgb_of_any_name_changes_nothing(icc: bytes) -> None:
    pixels = square(COLOURS)
    assert np.abs(little_cms(pixels, icc) - pixels).max() <= 1
    data = png(pixels, icc_profile=icc)
    assert read_header(data).profile is None  # known without Pillow
    assert (preprocess(data, SPEC) == pixels).all()


@pytest.mark.parametrize("points", [17, 26, 64])
def test_srgb_by_a_coarse_table_is_as_little_cms_has_it(points: int) -> None:
    pixels = square(COLOURS)
    icc = profile(b"small", PRIMARIES, table(points))
    found = preprocess(png(pixels, icc_profile=icc), SPEC).astype(int)
    assert np.abs(found - little_cms(pixels, icc)).max() <= 1


def test_tables_of_colours_count_for_more_than_primaries_and_curves() -> None:
    icc = made(b"RGB ", WHITE, *PRIMARIES, *[(n, SRGB_CURVE) for n in TONES], (b"A2B0", b"lut"))
    assert read_header(encoded("RGB", (1, 2, 3), "PNG", icc_profile=icc)).profile is not None


def chunked(data: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG with chunks after its header."""
    more = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return data[:33] + more + data[33:]


def gama(value: float) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", round(value * 100_000))


def chrm(*values: float) -> tuple[bytes, bytes]:
    return b"cHRM", struct.pack(">8I", *[round(value * 100_000) for value in values])


SRGB_CHRM = chrm(0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
P3_CHRM = chrm(0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
P3 = (
    (b"rXYZ", xyz(0.51512, 0.2412, -0.00105)),
    (b"gXYZ", xyz(0.29198, 0.69225, 0.04189)),
    (b"bXYZ", xyz(0.1571, 0.06657, 0.78407)),
)


def test_a_linear_png_gets_brighter() -> None:
    for mode, colour in (("RGB", (55, 55, 55)), ("L", 55), ("RGBA", (55, 55, 55, 255))):
        data = chunked(encoded(mode, colour, "PNG"), gama(1.0))
        assert np.abs(np.subtract(seen(data), 128)).max() <= 2  # 55/255 linear is 0.5 in sRGB


@pytest.mark.parametrize(
    ("chunks", "primaries", "tone"),
    [
        ((gama(1 / 1.8), SRGB_CHRM), PRIMARIES, gamma(1.8)),
        ((gama(1 / 1.8),), PRIMARIES, gamma(1.8)),
        ((gama(1 / 2.2), P3_CHRM), P3, parametric(2.2, kind=0)),
        ((P3_CHRM,), P3, SRGB_CURVE),
        (((b"cICP", b"\x0c\x0d\0\1"),), P3, SRGB_CURVE),
        (((b"cICP", b"\1\x08\0\1"),), PRIMARIES, gamma(1.0)),
    ],
)
def test_colours_told_by_numbers_are_those_of_the_same_profile(
    chunks: tuple[tuple[bytes, bytes], ...], primaries: Any, tone: bytes
) -> None:
    pixels = square(COLOURS)
    judged = little_cms(pixels, profile(b"judge", primaries, tone))
    assert np.abs(judged - pixels).max() > 5
    found = preprocess(chunked(png(pixels), *chunks), SPEC).astype(int)
    assert np.abs(found - judged).max() <= 2


BAD_CHRM = chrm(0.3127, 0.0, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
FLAT_CHRM = chrm(0.3127, 0.329, 0.64, 0.33, 0.64, 0.33, 0.64, 0.33)


@pytest.mark.parametrize(
    "chunks",
    [
        (gama(0.45455), SRGB_CHRM),
        (gama(0.45455),),
        (gama(1.0), P3_CHRM, (b"sRGB", b"\0")),
        ((b"cICP", b"\1\x0d\0\1"), gama(1.0)),
        ((b"cICP", b"\1\1\0\1"),),
        ((b"cICP", b"\2\2\0\1"),),  # unspecified
        ((b"cICP", b"\x09\x0d\1\1"),),  # not RGB: no PNG may say so
        ((b"cICP", b"\x0c"),),
        (gama(0.0),),
        ((b"gAMA", b"\xff" * 4),),
        ((b"gAMA", b"\0"), (b"cHRM", b"\0")),
        (BAD_CHRM,),
        (FLAT_CHRM,),
    ],
)
def test_numbers_that_say_srgb_or_nothing_change_nothing(
    chunks: tuple[tuple[bytes, bytes], ...],
) -> None:
    pixels = square(COLOURS)
    assert (preprocess(chunked(png(pixels), *chunks), SPEC) == pixels).all()


def test_code_points_come_before_a_profile_and_a_profile_before_gamma() -> None:
    data = encoded("RGB", (220, 100, 40), "PNG", icc_profile=SWAPPED)
    assert np.abs(np.subtract(seen(chunked(data, gama(1.0))), (40, 100, 220))).max() <= 5
    said = chunked(data, (b"cICP", b"\1\x0d\0\1"))
    assert seen(said) == [220, 100, 40]


@pytest.mark.parametrize(
    ("code", "named"), [(b"\x09\x10\0\1", "PQ"), (b"\x09\x12\0\1", "HLG"), (b"\1\x0d\0\0", "video")]
)
def test_what_cannot_be_shown_faithfully_is_named(code: bytes, named: str) -> None:
    with pytest.raises(ImageError, match=named) as caught:
        preprocess(chunked(encoded("RGB", (1, 2, 3), "PNG"), (b"cICP", code)), SPEC)
    assert caught.value.reason == "unsupported_image"
