"""Limits are held against what decoding costs: decoded pixels, memory, passes over the pixels."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from tagline.formats.settings import ImageSpec
from tagline.imaging import SERVING, ImageError, Limits, decoding_cost, preprocess

SPEC = ImageSpec(size=96)


def encoded(size: tuple[int, int], kind: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.new(mode, size, 200).save(stream, kind, **options)
    return stream.getvalue()


def refusal(data: bytes, limits: Limits, spec: ImageSpec = SPEC) -> str:
    with pytest.raises(ImageError) as caught:
        preprocess(data, spec, limits)
    assert caught.value.reason == "too_many_pixels"
    return caught.value.detail


def test_the_limits_where_nobody_says() -> None:
    assert Limits() == Limits(
        max_bytes=67_108_864,
        max_pixels=100_000_000,
        max_memory=400_000_000,
        max_work=4_000_000_000,
        max_side=30_000,
    )
    assert Limits(max_pixels=50_000_000, max_memory=200_000_000, max_work=1_000_000_000) == SERVING


def test_a_photo_of_the_commonest_phone_of_50_megapixels_is_taken() -> None:
    """8160 x 6144, 0.27 % over 50 million; decoded at 1/8 it is 0.8."""
    assert preprocess(encoded((8160, 6144)), SPEC).shape == (96, 96, 3)


def test_a_jpeg_is_measured_at_the_scale_it_is_decoded_at() -> None:
    data = encoded((800, 800))
    limits = Limits(max_pixels=10_000)
    assert preprocess(data, SPEC, limits).shape == (96, 96, 3)
    assert "640000 are decoded" in refusal(data, limits, ImageSpec(size=500))
    assert "640000 are decoded" in refusal(encoded((800, 800), "PNG"), limits)


def test_memory_counts_depth_and_channels() -> None:
    sides = (100, 100)
    for mode, bytes_a_pixel in (("L", 3), ("RGB", 3), ("RGBA", 4), ("LA", 4), ("I;16", 6)):
        data = encoded(sides, "PNG", mode) if mode != "I;16" else sixteen_bits(*sides)
        preprocess(data, SPEC, Limits(max_memory=10_000 * bytes_a_pixel))
        refusal(data, Limits(max_memory=10_000 * bytes_a_pixel - 1))


def sixteen_bits(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("I;16", (width, height)).save(stream, "PNG")
    return stream.getvalue()


def test_a_progressive_jpeg_keeps_its_coefficients_at_any_scale() -> None:
    """Two bytes of each: 4:2:0 has 1.5 a pixel, 4:4:4 has 3."""
    for subsampling, bytes_a_pixel in ((2, 3), (0, 6)):
        options: dict[str, Any] = {"progressive": True, "subsampling": subsampling}
        data = encoded((800, 800), **options)
        cost = 640_000 * bytes_a_pixel + 10_000 * 3
        preprocess(data, SPEC, Limits(max_memory=cost))
        refusal(data, Limits(max_memory=cost - 1))
        preprocess(encoded((800, 800), subsampling=subsampling), SPEC, Limits(max_memory=30_000))


def test_each_scan_goes_through_all_pixels() -> None:
    data = encoded((800, 800), progressive=True)
    scans = data.count(b"\xff\xda")
    assert scans > 5
    preprocess(data, SPEC, Limits(max_work=640_000 * scans))
    assert f"{scans} scans" in refusal(data, Limits(max_work=640_000 * scans - 1))
    preprocess(encoded((800, 800)), SPEC, Limits(max_work=640_000))


def test_serving_takes_less_than_packing_and_every_phone_s_photos() -> None:
    preprocess(encoded((8160, 6144)), SPEC, SERVING)
    preprocess(encoded((16_320, 12_240), mode="L"), SPEC, SERVING)
    png = blank_png(8000, 8, 2)
    refusal(png, SERVING)
    with pytest.raises(ImageError, match="IDAT") as caught:  # the decoder was asked
        preprocess(png, SPEC)
    assert caught.value.reason == "undecodable_image"


def blank_png(side: int, depth: int, colour: int) -> bytes:
    """Return a PNG whose header says so much; there are no pixels in it."""
    header = struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", b""), (b"IEND", b""))
    )


def test_serving_weighs_pixels_by_depth_and_channels() -> None:
    grey, colours, transparent = 0, 2, 6
    assert decoding_cost(blank_png(7071, 8, transparent), SPEC, SERVING).memory < 200_000_000
    for depth, colour, most in ((16, colours, 5773), (16, transparent, 5000)):
        decoding_cost(blank_png(most, depth, colour), SPEC, SERVING)
        refusal(blank_png(most + 1, depth, colour), SERVING)
    costs = [
        decoding_cost(blank_png(5000, depth, colour), SPEC, SERVING).seconds
        for depth, colour in ((8, grey), (8, colours), (8, transparent), (16, colours))
    ]
    assert costs == sorted(costs)


def test_a_scaled_jpeg_costs_little_cpu_and_each_scan_more() -> None:
    png, jpeg = (decoding_cost(encoded((1600, 1600), kind), SPEC) for kind in ("PNG", "JPEG"))
    progressive = decoding_cost(encoded((1600, 1600), progressive=True), SPEC)
    assert jpeg.seconds * 10 < progressive.seconds * 2 < png.seconds * 4
    assert (png.pixels, jpeg.pixels) == (1600 * 1600, 200 * 200)


def test_the_cost_is_judged_before_the_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simplejpeg.decode_jpeg", lambda *_, **__: pytest.fail("decoded"))
    header = struct.pack(">BBHBHHB", 0xFF, 0xC0, 17, 8, 29_000, 29_000, 3)
    data = b"\xff\xd8" + header + b"\1\x11\0" * 3 + b"\xff\xd9"
    assert "are decoded" in refusal(data, Limits(max_pixels=13_000_000))
