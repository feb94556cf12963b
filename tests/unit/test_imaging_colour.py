"""Embedded ICC profiles: colours arrive in sRGB; what is no useful profile changes nothing."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from tagline.formats.settings import ImageSpec
from tagline.imaging import ImageError, preprocess
from tagline.imaging.headers.detect import read_header
from tagline.imaging.headers.profile import MAX_BYTES

SPEC = ImageSpec(size=16)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def made(space: bytes, *tags: tuple[bytes, bytes], pcs: bytes = b"XYZ ") -> bytes:
    """Return a version 2 monitor profile of these tags, as ICC.1 lays them out."""
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags:
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    white = b"".join(fixed(v) for v in (0.9642, 1.0, 0.8249))
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"test", 0x02400000, b"mntr", space, pcs)
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + white
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(fixed(value) for value in values)


def gamma(value: float) -> bytes:
    return struct.pack(">4sIIH", b"curv", 0, 1, round(value * 256))


def named(text: bytes) -> bytes:
    return struct.pack(">4sII", b"desc", 0, len(text) + 1) + text + b"\0" * 79


# the sRGB primaries, adapted to D50, in other orders and with other gammas
RED, GREEN, BLUE = (
    xyz(0.4361, 0.2225, 0.0139),
    xyz(0.3851, 0.7169, 0.0971),
    xyz(0.1431, 0.0606, 0.7141),
)
WHITE = (b"wtpt", xyz(0.9642, 1.0, 0.8249))
CURVES = ((b"rTRC", gamma(2.2)), (b"gTRC", gamma(2.2)), (b"bTRC", gamma(2.2)))
SWAPPED = made(
    b"RGB ", (b"desc", named(b"swapped")), WHITE,
    (b"rXYZ", BLUE), (b"gXYZ", GREEN), (b"bXYZ", RED), *CURVES,
)  # fmt: skip
SAYS_SRGB = made(
    b"RGB ", (b"desc", named(b"sRGB IEC61966-2.1")), WHITE,
    (b"rXYZ", BLUE), (b"gXYZ", GREEN), (b"bXYZ", RED), *CURVES,
)  # fmt: skip
DARK_GREY = made(b"GRAY", (b"desc", named(b"dark")), WHITE, (b"kTRC", gamma(1.0)))


def encoded(mode: str, colour: Any, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.new(mode, (40, 40), colour).save(stream, kind, **options)
    return stream.getvalue()


def seen(data: bytes) -> list[int]:
    pixels = preprocess(data, SPEC).reshape(-1, 3)
    assert (np.abs(pixels.astype(int) - pixels[0]) <= 2).all()
    found: list[int] = pixels[0].tolist()
    return found


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {"quality": 98, "subsampling": 0}), ("PNG", {}), ("WEBP", {"lossless": True})],
)
def test_colours_of_a_profile_become_srgb(kind: str, options: dict[str, Any]) -> None:
    data = encoded("RGB", (220, 100, 40), kind, icc_profile=SWAPPED, **options)
    assert np.abs(np.subtract(seen(data), (40, 100, 220))).max() <= 5


def test_a_profile_does_not_touch_alpha_or_background() -> None:
    data = encoded("RGBA", (220, 100, 40, 128), "PNG", icc_profile=SWAPPED)
    over_white = [(128 * c + 127 * 255) / 255 for c in (40, 100, 220)]
    assert np.abs(np.subtract(seen(data), over_white)).max() <= 5
    assert seen(encoded("RGBA", (220, 100, 40, 0), "PNG", icc_profile=SWAPPED)) == [255] * 3


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_grey_of_a_linear_profile_gets_brighter(kind: str) -> None:
    grey = seen(encoded("L", 55, kind, icc_profile=DARK_GREY))
    assert np.abs(np.subtract(grey, 128)).max() <= 3  # 55/255 linear is 0.5 in sRGB


def test_linear_light_is_not_srgb_whatever_it_is_called() -> None:
    straight = tuple((name, gamma(1.0)) for name in (b"rTRC", b"gTRC", b"bTRC"))
    primaries = ((b"rXYZ", RED), (b"gXYZ", GREEN), (b"bXYZ", BLUE))
    name = (b"desc", named(b"built-in Linear sRGB"))
    linear = made(b"RGB ", name, WHITE, *primaries, *straight)
    colour = seen(encoded("RGB", (55, 55, 55), "PNG", icc_profile=linear))
    assert np.abs(np.subtract(colour, 128)).max() <= 3  # 55/255 linear is 0.5 in sRGB


@pytest.mark.parametrize(
    "profile",
    [SRGB, DARK_GREY, b"junk" * 100, SWAPPED[:100], SWAPPED[:200], b"\0" * 4000],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_is_no_other_profile_changes_nothing(kind: str, profile: bytes) -> None:
    data = encoded("RGB", (220, 100, 40), kind, icc_profile=profile, quality=98)
    assert np.abs(np.subtract(seen(data), (220, 100, 40))).max() <= 3


def test_a_long_profile_is_put_together_from_its_jpeg_segments() -> None:
    long = made(b"RGB ", *((f"t{n:03d}".encode(), b"x" * 40_000) for n in range(5)))
    header = read_header(encoded("RGB", (1, 2, 3), "JPEG", icc_profile=long))
    assert header.profile is not None
    assert header.profile.data == long


def test_a_profile_bomb_is_refused_without_being_inflated_whole() -> None:
    bomb = zlib.compress(b"\0" * (MAX_BYTES * 4))
    png = encoded("RGB", (1, 2, 3), "PNG")
    chunk = b"iCCPx\0\0" + bomb
    framed = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    with pytest.raises(ImageError, match="ICC profile") as caught:
        preprocess(png[:33] + framed + png[33:], SPEC)
    assert caught.value.reason == "unsupported_image"


def inks(lightness: Callable[[int], int]) -> bytes:
    """Return a lut8Type from four inks to Lab: grey of a lightness (0 … 255) by the first alone."""
    line = bytes(range(256))
    one = fixed(1) + fixed(0) * 3
    grid = b"".join(bytes((lightness(corner >> 3), 128, 128)) for corner in range(16))
    return b"mft1\0\0\0\0\4\3\2\0" + one * 2 + fixed(1) + line * 4 + grid + line * 3


# cyan is a dark grey of L 40, other inks are as paper; what is meant for photographs is all black
PRESS = made(
    b"CMYK", (b"desc", named(b"press")), WHITE,
    (b"A2B0", inks(lambda cyan: 0)), (b"A2B1", inks(lambda cyan: 102 if cyan else 255)),
    pcs=b"Lab ",
)  # fmt: skip


@pytest.mark.parametrize(
    ("cyan", "grey"), [(0, 255), (255, 0), (128, 156)], ids=["paper", "darkest", "half"]
)
def test_a_four_colour_jpeg_uses_its_profile(cyan: int, grey: int) -> None:
    """Relative colorimetric; the darkest of its inks becomes black."""
    ink = (cyan, 255 - cyan, 255 - cyan, 255 - cyan)
    found = seen(encoded("CMYK", ink, "JPEG", quality=98, icc_profile=PRESS))
    assert np.abs(np.subtract(found, grey)).max() <= 3


def test_a_four_colour_jpeg_has_ideal_inks_where_its_profile_cannot_be_used() -> None:
    plain = seen(encoded("CMYK", (0, 255, 255, 0), "JPEG", quality=98))
    empty = made(b"CMYK", (b"desc", named(b"press")))
    assert np.abs(np.subtract(plain, (255, 0, 0))).max() <= 2
    data = encoded("CMYK", (0, 255, 255, 0), "JPEG", quality=98, icc_profile=empty)
    assert np.abs(np.subtract(seen(data), plain)).max() <= 2


def test_a_damaged_four_colour_jpeg_with_a_profile_is_rejected() -> None:
    data = encoded("CMYK", (0, 9, 200, 0), "JPEG", icc_profile=made(b"CMYK", (b"desc", b"x")))
    with pytest.raises(ImageError) as caught:
        preprocess(data[: len(data) * 2 // 3], SPEC)
    assert caught.value.reason == "undecodable_image"
