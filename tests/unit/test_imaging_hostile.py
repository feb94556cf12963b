"""Files made to get past the limits or to make decoders work without end."""

import io
import struct
import zlib
from typing import Any
from unittest.mock import Mock

import cv2
import numpy as np
import pyspng
import pytest
from PIL import Image

from tagline.formats.settings import ImageSpec
from tagline.imaging import ImageError, preprocess
from tagline.imaging.headers import png
from tagline.imaging.headers.detect import read_header

SPEC = ImageSpec(size=16)
_RNG = np.random.default_rng(5)
_NOISE = _RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def frame(width: int, height: int, parts: int = 3) -> bytes:
    components = b"".join(bytes((part + 1, 0x11, 0)) for part in range(parts))
    size = struct.pack(">HBHHB", 8 + 3 * parts, 8, height, width, parts)
    return b"\xff\xc0" + size + components


def reason(data: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        preprocess(data, SPEC)
    return caught.value.reason


JPEG = encoded(Image.fromarray(_NOISE), "JPEG")
CMYK = encoded(Image.fromarray(_NOISE).convert("CMYK"), "JPEG")
PLAIN = encoded(Image.fromarray(_NOISE), "PNG")
SIXTEEN = encoded(Image.fromarray(np.full((9, 9), 40_000, np.uint16)), "PNG")
KEYED = encoded(Image.fromarray(_NOISE).quantize(8), "PNG", transparency=2)


@pytest.mark.parametrize(
    ("data", "decoder"),
    [(PLAIN, "pyspng.load"), (SIXTEEN, "cv2.imdecode"), (KEYED, "cv2.imdecode")],
    ids=["plain", "16 bits", "key"],
)
def test_no_decoder_sees_texts_and_profiles(
    data: bytes, decoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A megabyte of texts would make gigabytes: libpng and libspng inflate each one."""
    seen: list[tuple[str, bytes]] = []

    def watched(name: str, real: Any) -> Any:
        def decode(given: Any, how: Any) -> Any:
            seen.append((name, bytes(given)))
            return real(given, how)

        return decode

    for name, real in (("cv2.imdecode", cv2.imdecode), ("pyspng.load", pyspng.load)):
        monkeypatch.setattr(name, watched(name, real))
    plain = preprocess(data, SPEC)
    parts = {kind: b"x\0\0" + zlib.compress(bytes(9999)) for kind in (b"zTXt", b"iTXt", b"iCCP")}
    extra = b"".join(chunk(kind, part) for kind, part in parts.items())
    assert (preprocess(data[:33] + extra * 50 + data[33:], SPEC) == plain).all()
    assert [name for name, _ in seen] == [decoder] * 2
    assert seen[0] == seen[1]
    assert not any(kind in seen[1][1] for kind in parts)


def test_one_profile_is_inflated_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(Image.fromarray(_NOISE), "PNG")
    profile = chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(9999)))
    inflated = Mock(wraps=png._inflated)
    monkeypatch.setattr(png, "_inflated", inflated)
    preprocess(data[:33] + profile * 100 + data[33:], SPEC)
    assert inflated.call_count == 1


@pytest.mark.parametrize(("depth", "colour"), [(0, 0), (3, 0), (1, 2), (16, 3), (8, 5), (4, 6)])
def test_a_png_of_impossible_depth_is_refused(depth: int, colour: int) -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, depth, colour, 0, 0, 0))
    data = png.SIGNATURE + header + chunk(b"tRNS", b"\0\0") + chunk(b"IEND", b"")
    assert reason(data) == "undecodable_image"


@pytest.mark.parametrize("fill", [1, 63, 64, 65, 1000])
def test_fill_bytes_before_a_marker_hide_nothing(fill: int) -> None:
    filled = JPEG[:2] + b"\xff" * fill + JPEG[2:]
    assert (preprocess(filled, SPEC) == preprocess(JPEG, SPEC)).all()
    bomb = b"\xff\xd8" + b"\xff" * fill + frame(60_000, 60_000)
    assert reason(bomb + b"\0" * 70_000 + frame(64, 64)) == "too_many_pixels"


@pytest.mark.parametrize("code", [0x00, 0x02, 0xBF])
def test_what_decoders_read_differently_is_no_marker(code: int) -> None:
    assert reason(JPEG[:2] + bytes((0xFF, code, 0, 2)) + JPEG[2:]) == "undecodable_image"


@pytest.mark.parametrize(("data", "parts"), [(JPEG, 3), (CMYK, 4)], ids=["three", "four"])
@pytest.mark.parametrize("side", [63, 200, 65_500])
def test_a_second_frame_header_is_refused(data: bytes, parts: int, side: int) -> None:
    at = data.index(b"\xff\xc0")
    true, other = frame(64, 64, parts), frame(side, side, parts)
    assert reason(data[:at] + true + other + data[at:]) == "undecodable_image"
    told = "too_many_pixels" if side > 30_000 else "undecodable_image"
    assert reason(data[:at] + other + true + data[at:]) == told


def test_a_scan_behind_fill_bytes_is_found() -> None:
    """Else a file could say that its first scan has all colours, and have any number of them."""
    at = JPEG.index(b"\xff\xc4")
    comment = b"\xff\xff\xfe" + struct.pack(">H", 300) + b"\xff\xda\0\x0c\x03".ljust(298, b"x")
    many = JPEG[:at] + comment + JPEG[at:-2] + b"\xff\xda" * 300 + JPEG[-2:]
    assert read_header(many).width == 64  # the scan that counts is the true one, with all three
