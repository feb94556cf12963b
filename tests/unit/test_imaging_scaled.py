"""Scaled JPEG decoding: the picture stays where a full decode has it, to the last column."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from tagline.formats.settings import ImageMode, ImageSpec
from tagline.imaging import preprocess


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
