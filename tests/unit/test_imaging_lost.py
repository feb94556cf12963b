"""What packing loses of a picture is noticed: one colour all over, or nothing but transparency."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from im2rec.records import FetchedImage, Record, pack_image
from tagline.formats.rows import Lost
from tagline.formats.settings import ImageSpec
from tagline.imaging.lost import one_colour


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def artwork(colour: tuple[int, int, int], size: tuple[int, int] = (300, 200)) -> Image.Image:
    """Return a ring in one colour on transparency."""
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((20, 20, 180, 180), outline=(*colour, 255), width=25)
    return image.resize((size[0] // 2, size[1] // 2), Image.Resampling.BICUBIC)


def lost(data: bytes, **spec: Any) -> Lost | None:
    packed = pack_image(FetchedImage(1, "1", data), ImageSpec(size=96, **spec))
    assert isinstance(packed, Record)
    return packed.lost


@pytest.mark.parametrize("mode", ["letterbox", "crop", "stretch"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_white_artwork_is_one_colour_on_white_alone(kind: str, mode: str) -> None:
    data = encoded(artwork((255, 255, 255)), kind)
    assert lost(data, mode=mode) is Lost.ONE_COLOUR
    assert lost(data, mode=mode, background="#808080") is None
    assert lost(encoded(artwork((255, 0, 0)), kind), mode=mode) is None


def test_what_differs_so_little_that_nobody_sees_it_is_one_colour() -> None:
    assert lost(encoded(artwork((252, 253, 251)))) is Lost.ONE_COLOUR
    assert lost(encoded(artwork((240, 240, 240)))) is None
    assert lost(encoded(Image.new("RGB", (60, 60), (9, 120, 40)), "JPEG")) is Lost.ONE_COLOUR


@pytest.mark.parametrize("colour", [(255, 255, 255, 0), (200, 10, 10, 0)])
def test_nothing_but_transparency_is_told_apart(colour: tuple[int, int, int, int]) -> None:
    image = Image.new("RGBA", (60, 40), colour)
    assert lost(encoded(image)) is Lost.TRANSPARENT
    assert lost(encoded(Image.new("L", (60, 40), 7), transparency=7)) is Lost.TRANSPARENT
    image.putpixel((30, 20), (0, 0, 0, 255))
    assert lost(encoded(image.resize((6, 4), Image.Resampling.NEAREST))) is not None


@pytest.mark.parametrize("channel", [0, 1, 2])
@pytest.mark.parametrize("level", [0, 3, 128, 252, 255])
def test_one_pixel_of_another_colour_is_seen(level: int, channel: int) -> None:
    pixels = np.full((96, 96, 3), level, np.uint8)
    assert one_colour(pixels)
    for step, alike in ((4, True), (5, False)):
        for changed in (level - step, level + step):
            if 0 <= changed <= 255:
                pixels[50, 60, channel] = changed
                assert one_colour(pixels) is alike
