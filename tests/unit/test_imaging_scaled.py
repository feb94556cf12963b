"""Scaled JPEG decoding: the picture stays where a full decode has it, to the last column."""

import io
from unittest.mock import Mock

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from tagline.formats.settings import ImageMode, ImageSpec
from tagline.imaging import geometry, preprocess
from tagline.imaging.decoders.decode import scale_of
from tagline.imaging.headers.header import ImageHeader


def encoded(image: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **({"quality": 95, "subsampling": 0} if kind == "JPEG" else {}))
    return stream.getvalue()


@pytest.mark.parametrize("mode", ["letterbox", "crop", "stretch"])
@pytest.mark.parametrize("size", [(775, 775), (769, 1001), (1537, 771), (1201, 399), (201, 197)])
def test_texture_survives_scaling(size: tuple[int, int], mode: ImageMode) -> None:
    """Waves of eight pixels of the result: a shift by half of one would cost more than 10 dB."""
    cycles = 12 * np.pi * 2
    x, y = np.meshgrid(np.linspace(0, cycles, size[0]), np.linspace(0, cycles, size[1]))
    grey = (128 + 60 * np.sin(x) + 60 * np.sin(y)).astype(np.uint8)
    image = Image.fromarray(np.dstack([grey] * 3))
    spec = ImageSpec(size=96, mode=mode)
    scaled = preprocess(encoded(image, "JPEG"), spec).astype(float)
    full = preprocess(encoded(image, "PNG"), spec).astype(float)
    psnr = 10 * np.log10(255**2 / ((scaled - full) ** 2).mean())
    assert psnr > 36, psnr


def line_art(side: int) -> Image.Image:
    """Return a square of thin lines and frames, which tell a shift by half a pixel."""
    rng = np.random.default_rng(side)
    image = Image.new("RGB", (side, side), "white")
    pen = ImageDraw.Draw(image)
    for _ in range(60):
        colour = tuple(rng.integers(0, 200, 3).tolist())
        pen.line(rng.integers(0, side, 4).tolist(), fill=colour, width=2)
        left, top = rng.integers(0, side * 3 // 4, 2).tolist()
        pen.rectangle((left, top, left + side // 5, top + side // 7), outline=colour)
    return image


@pytest.mark.parametrize("mode", ["letterbox", "crop", "stretch"])
@pytest.mark.parametrize(
    ("side", "least"), [(385, 27.5), (700, 31), (750, 33), (767, 36), (1530, 36), (1535, 44.5)]
)
def test_squares_lose_little_at_any_side(side: int, least: float, mode: ImageMode) -> None:
    """Sides where the scaled decode has just the wanted number of pixels, or nearly twice it."""
    data = encoded(line_art(side), "JPEG")
    with Image.open(io.BytesIO(data)) as image:
        full = np.asarray(image.convert("RGB")).astype(np.float32)
    averaged = cv2.resize(full, (96, 96), interpolation=cv2.INTER_AREA)
    found = preprocess(data, ImageSpec(size=96, mode=mode)).astype(np.float32)
    psnr = 10 * np.log10(255**2 / ((found - averaged) ** 2).mean())
    assert psnr > least, psnr


@pytest.mark.parametrize(
    ("size", "mode", "wanted", "least"),
    [
        ((30, 23), "letterbox", (32, 25), (32, 25)),  # 24.53 is rounded
        ((23, 30), "letterbox", (25, 32), (25, 32)),
        ((2000, 3), "letterbox", (32, 1), (32, 1)),
        ((2000, 3), "stretch", (32, 32), (32, 32)),
        ((256, 333), "crop", (32, 32), (32, 42)),  # the centre of 41.6 rows has 32
        ((333, 256), "crop", (32, 32), (42, 32)),
    ],
)
def test_what_is_wanted_of_an_image(
    size: tuple[int, int], mode: ImageMode, wanted: tuple[int, int], least: tuple[int, int]
) -> None:
    window = geometry.window(*size, ImageSpec(size=32, mode=mode))
    assert (window.size, window.centre) == (wanted, mode == "crop")
    assert window.needs(*size) == least


@pytest.mark.parametrize(
    ("kind", "size", "scale"),
    [
        ("jpeg", (800, 8000), 8),
        ("jpeg", (799, 8000), 4),
        ("jpeg", (8000, 399), 2),
        ("jpeg", (199, 199), 1),
        ("jpeg", (50, 50), 1),
        ("png", (8000, 8000), 1),
    ],
)
def test_both_sides_keep_what_is_wanted_of_them(
    kind: str, size: tuple[int, int], scale: int
) -> None:
    assert scale_of(ImageHeader(kind, *size), (100, 100)) == scale


@pytest.mark.parametrize(
    ("side", "scale", "steps"),
    [
        (39, 1, [10]),
        (40, 1, [20, 10]),
        (79, 1, [40, "by a factor"]),
        (80, 1, [40, 20, 10]),
        (40, 2, [20, 10]),
    ],
)
def test_pixels_are_halved_while_twice_the_size_is_left(
    side: int, scale: int, steps: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    resize = Mock(wraps=cv2.resize)
    monkeypatch.setattr(cv2, "resize", resize)
    stored, window = (side * scale, side * scale), geometry.Window((10, 10))
    found = geometry.resample(np.zeros((side, side, 3), np.uint8), window, stored, scale)
    assert found.shape == (10, 10, 3)
    sizes = [call.args[1] for call in resize.call_args_list]
    assert [size[0] if size else "by a factor" for size in sizes] == steps
