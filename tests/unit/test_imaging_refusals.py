"""Images that are refused: each with its stable code, before anything dangerous is decoded."""

import base64
import gzip
import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from tagline.formats.reasons import Reason
from tagline.formats.settings import ImageSpec
from tagline.imaging import ImageError, Limits, preprocess

SPEC = ImageSpec(size=16)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def encoded(kind: str, size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    stream = io.BytesIO()
    noise = Image.effect_noise(size, 90).convert("RGB")
    noise.save(stream, kind, **options)
    return stream.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"".join((PNG_SIGNATURE, chunk(b"IHDR", header), *chunks, chunk(b"IEND", b"")))


def jpeg_header(
    width: int, height: int, *, frame: int = 0xC0, bits: int = 8, parts: int = 3
) -> bytes:
    sof = struct.pack(">BBHBHHB", 0xFF, frame, 8 + 3 * parts, bits, height, width, parts)
    return b"\xff\xd8" + sof + b"\1\x11\0" * parts + b"\xff\xd9"


def animation(kind: str) -> bytes:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    stream = io.BytesIO()
    frames[0].save(stream, kind, save_all=True, append_images=frames[1:])
    return stream.getvalue()


BOMB = png(30_000, 30_000, chunk(b"IDAT", zlib.compress(b"\0" * 1_000_000)))
MANY_SEGMENTS = b"\xff\xd8" + b"\xff\xe2\0\2" * 6000 + jpeg_header(8, 8)[2:]
MANY_SCANS = jpeg_header(64, 64, frame=0xC2)[:-2] + b"\xff\xda\0\2" * 300
CASES: dict[str, tuple[bytes, Reason]] = {
    "nothing": (b"", Reason.EMPTY_OBJECT),
    "one byte": (b"\xff", Reason.UNSUPPORTED_IMAGE),
    "text": (b"hello world", Reason.UNSUPPORTED_IMAGE),
    "html as jpeg": (b"<!DOCTYPE html><html></html>", Reason.UNSUPPORTED_IMAGE),
    "svg": (b'<?xml version="1.0"?><svg xmlns="..."/>', Reason.UNSUPPORTED_IMAGE),
    "gif": (encoded("GIF"), Reason.UNSUPPORTED_IMAGE),
    "bmp": (encoded("BMP"), Reason.UNSUPPORTED_IMAGE),
    "tiff": (encoded("TIFF"), Reason.UNSUPPORTED_IMAGE),
    "jpeg 2000": (encoded("JPEG2000"), Reason.UNSUPPORTED_IMAGE),
    "jpeg 2000 codestream": (encoded("JPEG2000", no_jp2=True), Reason.UNSUPPORTED_IMAGE),
    "avif": (b"\0\0\0\x1cftypavif" + b"\0" * 40, Reason.UNSUPPORTED_IMAGE),
    "heic": (b"\0\0\0\x1cftypheic" + b"\0" * 40, Reason.UNSUPPORTED_IMAGE),
    "animated gif": (animation("GIF"), Reason.UNSUPPORTED_IMAGE),
    "animated png": (animation("PNG"), Reason.ANIMATED_IMAGE),
    "animated webp": (animation("WEBP"), Reason.ANIMATED_IMAGE),
    "half a jpeg": (encoded("JPEG")[:600], Reason.UNDECODABLE_IMAGE),
    "half a progressive jpeg": (encoded("JPEG", progressive=True)[:700], Reason.UNDECODABLE_IMAGE),
    "half a png": (encoded("PNG")[:1000], Reason.UNDECODABLE_IMAGE),
    "half a webp": (encoded("WEBP")[:300], Reason.UNDECODABLE_IMAGE),
    "jpeg start alone": (b"\xff\xd8\xff", Reason.UNDECODABLE_IMAGE),
    "png start alone": (PNG_SIGNATURE, Reason.UNDECODABLE_IMAGE),
    "webp start alone": (b"RIFF\0\0\0\0WEBP", Reason.UNDECODABLE_IMAGE),
    "jpeg without frame": (b"\xff\xd8\xff\xe0\0\2\xff\xda", Reason.UNDECODABLE_IMAGE),
    "png without data": (png(8, 8), Reason.UNDECODABLE_IMAGE),
    "png of no width": (png(0, 8), Reason.UNDECODABLE_IMAGE),
    "jpeg of no height": (jpeg_header(8, 0), Reason.UNDECODABLE_IMAGE),
    "png with a wrong checksum": (
        encoded("PNG").replace(b"IDAT", b"IDAU", 1),
        Reason.UNDECODABLE_IMAGE,
    ),
    "lossless jpeg": (jpeg_header(8, 8, frame=0xC3), Reason.UNSUPPORTED_IMAGE),
    "12-bit jpeg": (jpeg_header(8, 8, frame=0xC1, bits=12), Reason.UNSUPPORTED_IMAGE),
    "two-component jpeg": (jpeg_header(8, 8, parts=2), Reason.UNSUPPORTED_IMAGE),
    "jpeg of 6000 segments": (MANY_SEGMENTS, Reason.UNSUPPORTED_IMAGE),
    "jpeg of 300 scans": (MANY_SCANS, Reason.UNSUPPORTED_IMAGE),
    "png bomb": (BOMB, Reason.TOO_MANY_PIXELS),
    "png of 2^31 pixels a side": (png(2**31 - 1, 2**31 - 1), Reason.TOO_MANY_PIXELS),
    "jpeg of 65,535 pixels a side": (jpeg_header(65_535, 65_535), Reason.TOO_MANY_PIXELS),
    "long thin jpeg": (jpeg_header(65_535, 1), Reason.TOO_MANY_PIXELS),
    "webp of 16,383 pixels a side": (
        b"RIFF\x20\0\0\0WEBPVP8L\x0c\0\0\0\x2f\xff\xff\xff\x0f" + b"\0" * 16,
        Reason.TOO_MANY_PIXELS,
    ),
    "webp canvas of 2^24 pixels a side": (
        b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0" + b"\0" * 4 + b"\xff" * 6,
        Reason.TOO_MANY_PIXELS,
    ),
}


@pytest.mark.parametrize(("data", "reason"), CASES.values(), ids=CASES)
def test_a_refused_image_has_its_reason(data: bytes, reason: Reason) -> None:
    with pytest.raises(ImageError) as caught:
        preprocess(data, SPEC)
    assert caught.value.reason == reason
    assert caught.value.detail


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (CASES[case][0], named)
        for case, named in (
            ("html as jpeg", "HTML"),
            ("svg", "SVG"),
            ("gif", "GIF"),
            ("tiff", "TIFF"),
            ("jpeg 2000", "JPEG 2000"),
            ("avif", "AVIF"),
            ("heic", "HEIC"),
            ("bmp", "BMP"),
        )
    ],
)
def test_an_unsupported_format_is_named(data: bytes, named: str) -> None:
    with pytest.raises(ImageError, match=named):
        preprocess(data, SPEC)


@pytest.mark.parametrize(("width", "height"), [(0, 8), (8, 0), (0, 0)])
def test_an_image_of_no_pixels_is_not_decoded(
    width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid_decoding(monkeypatch)
    for kind, data in (("png", png(width, height)), ("jpeg", jpeg_header(width, height))):
        with pytest.raises(ImageError, match=f"the {kind} says it is {width} x {height} pixels"):
            preprocess(data, SPEC)


def test_bytes_are_limited() -> None:
    data = encoded("PNG")
    preprocess(data, SPEC, Limits(max_bytes=len(data)))
    with pytest.raises(ImageError) as caught:
        preprocess(data, SPEC, Limits(max_bytes=len(data) - 1))
    assert caught.value.reason == Reason.OBJECT_TOO_LARGE


def test_pixels_are_limited() -> None:
    data = encoded("PNG", (40, 30))
    preprocess(data, SPEC, Limits(max_pixels=1200, max_side=40))
    for limits in (Limits(max_pixels=1199), Limits(max_side=39)):
        with pytest.raises(ImageError) as caught:
            preprocess(data, SPEC, limits)
        assert caught.value.reason == Reason.TOO_MANY_PIXELS


def forbid_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    for decoder in ("cv2.imdecode", "pyspng.load", "simplejpeg.decode_jpeg_header"):
        monkeypatch.setattr(decoder, lambda *_, **__: pytest.fail("decoded"))


def test_a_chunk_that_promises_gigabytes_never_reaches_the_decoder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forbid_decoding(monkeypatch)
    lying = bytearray(encoded("PNG"))
    at = lying.index(b"IDAT")
    lying[at - 4 : at] = b"\xff\xff\xff\xf0"
    with pytest.raises(ImageError, match=f"ends inside its chunk at byte {at - 4}") as caught:
        preprocess(bytes(lying), SPEC)
    assert caught.value.reason == Reason.UNDECODABLE_IMAGE


@pytest.mark.parametrize("case", [c for c, (_, r) in CASES.items() if r != "undecodable_image"])
def test_limits_and_formats_are_judged_without_the_decoder(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid_decoding(monkeypatch)
    with pytest.raises(ImageError):
        preprocess(CASES[case][0], SPEC)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_what_came_of_an_image_on_its_way_is_named(kind: str) -> None:
    data = encoded(kind)
    encodings: dict[str, tuple[Callable[[bytes], bytes], ...]] = {
        "base64": (base64.b64encode, base64.urlsafe_b64encode, lambda d: b"data:," + d),
        "hexadecimal": (lambda d: d.hex().encode(), lambda d: d.hex().upper().encode()),
        "a gzip file": (gzip.compress,),
        "text before it": (lambda d: b"\r\n" + d, lambda d: b"\xef\xbb\xbf" + d),
        "a form": (lambda d: b"--x\r\nContent-Disposition: form-data\r\n\r\n" + d,),
    }
    if kind != "WEBP":  # whose first bytes are ASCII
        encodings["saved as text"] = (
            lambda d: d.decode("latin-1").encode(),
            lambda d: d.decode("utf-8", "replace").encode(),
        )
    if kind == "PNG":
        encodings["line ends were changed"] = (
            lambda d: d.replace(b"\r\n", b"\n"),
            lambda d: d.replace(b"\n", b"\r\n"),
            lambda d: d.translate(None, b"\r\n"),
        )
    for name, ways in encodings.items():
        for way in ways:
            with pytest.raises(ImageError, match=name) as caught:
                preprocess(way(data), SPEC)
            assert caught.value.reason is Reason.UNSUPPORTED_IMAGE


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\n", "a Git LFS pointer"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Error><Code>BlobNotFound</Code>', "BlobNotFound"),
        (b"<Error><Code>AccessDenied</Code></Error>", r"S3's answer .*\(AccessDenied\)"),
        (b"\n\n<!-- x --><html>", "a web page"),
        (b'{"message":"Forbidden"}', "this is JSON"),
        (b"\0\x05\x16\x07\0\2\0\0Mac OS X        ", "what macOS stores beside a file"),
        (b"hello", "no image of a known format"),
    ],
)
def test_what_lies_in_place_of_an_image_is_named(data: bytes, named: str) -> None:
    with pytest.raises(ImageError, match=named):
        preprocess(data, SPEC)
