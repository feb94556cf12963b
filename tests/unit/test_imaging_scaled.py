"""Scaled JPEG decoding: the picture stays where a full decode has it, to the last column."""

import io

import numpy as np
import pytest
from PIL import Image

from imaging import ImageSpec, preprocess


def encoded(image: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **({"quality": 95, "subsampling": 0} if kind == "JPEG" else {}))
    return stream.getvalue()


@pytest.mark.parametrize("mode", ["letterbox", "crop", "stretch"])
@pytest.mark.parametrize("size", [(775, 775), (769, 1001), (1537, 771), (1201, 399), (201, 197)])
def test_texture_survives_scaling(size: tuple[int, int], mode: str) -> None:
    """Waves of eight pixels of the result: a shift by half of one would cost more than 10 dB."""
    cycles = 12 * np.pi * 2
    x, y = np.meshgrid(np.linspace(0, cycles, size[0]), np.linspace(0, cycles, size[1]))
    grey = (128 + 60 * np.sin(x) + 60 * np.sin(y)).astype(np.uint8)
    image = Image.fromarray(np.dstack([grey] * 3))
    spec = ImageSpec(96, mode)
    scaled = preprocess(encoded(image, "JPEG"), spec).astype(float)
    full = preprocess(encoded(image, "PNG"), spec).astype(float)
    psnr = 10 * np.log10(255**2 / ((scaled - full) ** 2).mean())
    assert psnr > 36, psnr
