"""What is read of an image before it is decoded: orientation, size, and what it is when refused."""

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tagline.imaging import ImageError
from tagline.imaging.headers.detect import read_header
from tagline.imaging.headers.exif import orientation

SHORT, LONG, ORIENTATION = 3, 4, 0x0112
NOISE = Image.fromarray(np.random.default_rng(2).integers(0, 256, (301, 203, 4), dtype=np.uint8))


def tiff(*entries: tuple[int, int, int], order: str = "<", at: int = 8) -> bytes:
    """Return an EXIF block whose first directory, at byte `at`, has (tag, type, value) entries."""
    start = b"II*\0" if order == "<" else b"MM\0*"
    table = struct.pack(f"{order}H", len(entries))
    for tag, kind, value in entries:
        table += struct.pack(f"{order}HHIHxx", tag, kind, 1, value)
    return (start + struct.pack(f"{order}I", at)).ljust(at, b"\0") + table


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("value", range(1, 9))
def test_orientation_is_found_wherever_it_stands(order: str, value: int) -> None:
    other, wanted = (0x0110, SHORT, 3), (ORIENTATION, SHORT, value)
    assert orientation(tiff(wanted, order=order)) == value
    assert orientation(tiff(other, wanted, other, order=order, at=26)) == value


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II+\0" + tiff((ORIENTATION, SHORT, 6))[4:],
        tiff(),
        tiff((0x0110, SHORT, 6)),
        tiff((ORIENTATION, SHORT, 0)),
        tiff((ORIENTATION, SHORT, 9)),
        tiff((ORIENTATION, SHORT, 9), (ORIENTATION, SHORT, 6)),  # the first one counts
        tiff((ORIENTATION, SHORT, 6))[:-8],
        tiff((ORIENTATION, SHORT, 6))[:9],
        tiff((ORIENTATION, SHORT, 6))[:6],
        b"II*\0\xff\xff\xff\xff" + bytes(40),
    ],
)
def test_an_orientation_that_says_nothing_leaves_the_image_upright(block: bytes) -> None:
    assert orientation(block) == 1


REFUSED = {
    b"GIF89a": "a GIF",
    b"GIF87a": "a GIF",
    b"BM": "a BMP",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"II+\0": "a BigTIFF",
    b"MM\0+": "a BigTIFF",
    b"\0\0\0\x0cjP  \r\n": "a JPEG 2000 image",
    b"\xff\x4f\xff\x51": "a JPEG 2000 image",
    b"\0\0\0\x0cJXL \r\n": "a JPEG XL image",
    b"\xff\x0a": "a JPEG XL image",
    b"8BPS": "a Photoshop document",
    b"%PDF-1.7": "a PDF",
    b"%!PS": "a PostScript file",
    b"\0\0\1\0": "an icon",
    b"PK\3\4": "a ZIP archive",
    b"\x1f\x8b": "a gzip file",
    b"v/1\1": "an OpenEXR image",
    b"\0\0\0\x1cftypavif": "an AVIF",
    b"\0\0\0\x1cftypavis": "an AVIF",
    b"\0\0\0\x1cftypheic": "a HEIC",
    b"\0\0\0\x1cftypheix": "a HEIC",
    b"\0\0\0\x1cftypmp42": "a HEIF or video file",
    b"<svg/>": "an SVG",
    b"\xef\xbb\xbf \t\r\n<SVG": "an SVG",
    b"<?xml version='1.0'?>\n<!-- a comment -->\n<svg": "an SVG",
    b"<html>": "an HTML page",
    b"<!DOCTYPE html>": "an HTML page",
    b"<?xml version='1.0'?><html>": "an HTML page",
}


@pytest.mark.parametrize(("start", "name"), REFUSED.items())
def test_a_file_of_another_format_is_named(start: bytes, name: str) -> None:
    with pytest.raises(ImageError) as caught:
        read_header(start + b" " * 2000)
    assert caught.value.reason == "unsupported_image"
    assert caught.value.detail == f"this is {name}; PNG, JPEG and WebP are supported"


@pytest.mark.parametrize("data", [b"", b"x", b"text about <svg", b" " * 1021 + b"<svg>"])
def test_a_file_that_nobody_knows_is_said_to_be_that(data: bytes) -> None:
    with pytest.raises(ImageError, match=r"^this is no image of a known format; PNG, JPEG"):
        read_header(data)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
    ],
)
@pytest.mark.parametrize("extra", [False, True])
def test_the_header_is_that_of_the_file(
    kind: str, options: dict[str, Any], mode: str, *, extra: bool
) -> None:
    """Also where other segments and chunks, of odd lengths too, stand before what matters."""
    image = NOISE.convert("RGB" if kind == "JPEG" else mode)
    if extra:
        exif = Image.Exif()
        exif[ORIENTATION], exif[0x010E] = 6, "odd"
        options = options | {"exif": exif, "icc_profile": b"no profile at all"}
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    header = read_header(stream.getvalue())
    assert (header.format, header.width, header.height) == (kind.lower(), 203, 301)
    assert header.orientation == (6 if extra else 1)
    assert (header.profile, header.cmyk, header.transparent_grey) == (None, False, None)
