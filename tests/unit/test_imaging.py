"""Preprocessing: what a model sees of each kind of image, against Pillow as the judge."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tagline.formats.document import UnreadableDocument, decode
from tagline.formats.models import ModelDescription
from tagline.formats.settings import ImageMode, ImageSpec
from tagline.imaging import preprocess
from tagline.imaging.spec import bgr

SPEC = ImageSpec(size=32)
RED, WHITE = (255, 0, 0), (255, 255, 255)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def flat(mode: str, colour: Any, size: tuple[int, int] = (32, 32)) -> Image.Image:
    return Image.new(mode, size, colour)


def quarters() -> Image.Image:
    """Red, green / blue, white: 40 x 20, so that each turn and mirror looks different."""
    image = flat("RGB", WHITE, (40, 20))
    for at, colour in (((0, 0), RED), ((20, 0), (0, 255, 0)), ((0, 10), (0, 0, 255))):
        image.paste(colour, (*at, at[0] + 20, at[1] + 10))
    return image


SIXTEEN_BIT = Image.fromarray(np.full((32, 32), 40000, np.uint16))
PALETTE = flat("P", 1)
PALETTE.putpalette([0, 0, 0, 200, 100, 50])
KINDS: dict[str, tuple[bytes, tuple[int, int, int]]] = {
    "rgb png": (encoded(flat("RGB", (200, 100, 50))), (200, 100, 50)),
    "rgb jpeg": (encoded(flat("RGB", (200, 100, 50)), "JPEG", quality=100), (200, 100, 50)),
    "progressive jpeg": (encoded(flat("RGB", RED), "JPEG", quality=98, progressive=True), RED),
    "lossless webp": (
        encoded(flat("RGB", (200, 100, 50)), "WEBP", lossless=True),
        (200, 100, 50),
    ),
    "lossy webp": (encoded(flat("RGB", (120, 120, 120)), "WEBP"), (120, 120, 120)),
    "grey png": (encoded(flat("L", 77)), (77, 77, 77)),
    "grey jpeg": (encoded(flat("L", 77), "JPEG"), (77, 77, 77)),
    "one-bit png": (encoded(flat("1", 1)), WHITE),
    "palette png": (encoded(PALETTE), (200, 100, 50)),
    "16-bit png": (encoded(SIXTEEN_BIT), (156, 156, 156)),
    "cmyk jpeg": (encoded(flat("CMYK", (0, 255, 255, 0)), "JPEG", quality=98), RED),
    "half transparent": (encoded(flat("RGBA", (255, 0, 0, 128))), (255, 127, 127)),
    "fully transparent": (encoded(flat("RGBA", (1, 2, 3, 0))), WHITE),
    "opaque rgba": (encoded(flat("RGBA", (1, 2, 3, 255))), (1, 2, 3)),
    "grey with alpha": (encoded(flat("LA", (0, 0))), WHITE),
    "transparent palette": (encoded(PALETTE, transparency=1), WHITE),
    "palette, other transparent": (encoded(PALETTE, transparency=0), (200, 100, 50)),
    "transparent colour": (encoded(flat("RGB", (9, 8, 7)), transparency=(9, 8, 7)), WHITE),
    "transparent grey": (encoded(flat("L", 7), transparency=7), WHITE),
    "other grey transparent": (encoded(flat("L", 7), transparency=8), (7, 7, 7)),
    "transparent one-bit": (encoded(flat("1", 0), transparency=0), WHITE),
    "transparent webp": (
        encoded(flat("RGBA", (255, 0, 0, 0)), "WEBP", lossless=True, exact=True),
        WHITE,
    ),
    "interlaced size": (encoded(flat("RGB", RED, (1, 1))), RED),
}


@pytest.mark.parametrize(("data", "colour"), KINDS.values(), ids=KINDS)
def test_each_kind_of_image_keeps_its_colour(data: bytes, colour: tuple[int, int, int]) -> None:
    pixels = preprocess(data, SPEC)
    assert pixels.shape == (32, 32, 3)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.reshape(-1, 3).astype(int) - colour).max() <= 2


def test_the_background_is_the_dataset_s() -> None:
    pixels = preprocess(
        encoded(flat("RGBA", (255, 255, 255, 0), (8, 4))), ImageSpec(size=32, background="#102030")
    )
    assert {tuple(p) for p in pixels.reshape(-1, 3).tolist()} == {(0x10, 0x20, 0x30)}


def test_colours_under_full_transparency_do_not_bleed() -> None:
    image = flat("RGBA", (0, 255, 0, 0), (64, 64))
    image.paste((0, 0, 0, 255), (0, 0, 33, 64))
    pixels = preprocess(encoded(image), ImageSpec(size=16))
    assert (pixels[:, :, 0] == pixels[:, :, 1]).all()
    assert (pixels[:, :, 1] == pixels[:, :, 2]).all()
    assert set(pixels[:, 0].ravel()) == {0}
    assert set(pixels[:, 15].ravel()) == {255}


NOISE = np.random.default_rng(8).integers(0, 256, (40, 60, 3), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(20, 31), (20, 60), (33, 20), (40, 20)])
def test_crop_takes_the_centre_square_as_it_is(shape: tuple[int, int]) -> None:
    height, width = shape
    image = NOISE[:height, :width]
    top, left = (height - 20) // 2, (width - 20) // 2
    pixels = preprocess(encoded(Image.fromarray(image)), ImageSpec(size=20, mode="crop"))
    assert (pixels == image[top : top + 20, left : left + 20]).all()


@pytest.mark.parametrize(("across", "down"), [(3, 1), (1, 2), (3, 2)])
def test_stretch_averages_each_side_by_its_own_factor(across: int, down: int) -> None:
    image = NOISE[: 20 * down, : 20 * across]
    means = image.reshape(20, down, 20, across, 3).mean(axis=(1, 3))
    pixels = preprocess(encoded(Image.fromarray(image)), ImageSpec(size=20, mode="stretch"))
    assert np.abs(pixels - means).max() <= 0.5


@pytest.mark.parametrize(("shape", "fitted"), [((10, 25), (8, 20)), ((20, 13), (20, 13))])
def test_letterbox_fits_the_whole_in_the_middle(
    shape: tuple[int, int], fitted: tuple[int, int]
) -> None:
    """What cannot be divided evenly goes to the right and below."""
    (height, width), (down, across) = shape, fitted
    pixels = preprocess(encoded(flat("RGB", RED, (width, height))), ImageSpec(size=20))
    expected = np.full((20, 20, 3), WHITE, np.uint8)
    top, left = (20 - down) // 2, (20 - across) // 2
    expected[top : top + down, left : left + across] = RED
    assert (pixels == expected).all()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    stored = quarters()
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(stored, kind, exif=exif)
    stored.getexif()[0x0112] = orientation
    with Image.open(io.BytesIO(encoded(stored, "PNG", exif=exif))) as shown:
        from PIL import ImageOps

        upright = ImageOps.exif_transpose(shown)
    judged = preprocess(encoded(upright, "PNG"), ImageSpec(size=40)).astype(int)
    pixels = preprocess(data, ImageSpec(size=40)).astype(int)
    assert np.abs(pixels - judged).mean() < (0.01 if kind == "PNG" else 8)


@pytest.mark.parametrize("mode", ["letterbox", "crop", "stretch"])
@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (3, 2), (33, 31), (5000, 7)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_any_shape_becomes_the_square(kind: str, size: tuple[int, int], mode: ImageMode) -> None:
    pixels = preprocess(encoded(flat("RGB", RED, size), kind), ImageSpec(size=96, mode=mode))
    assert pixels.shape == (96, 96, 3)
    assert np.abs(pixels[47, 47].astype(int) - RED).max() <= 3


@pytest.mark.parametrize("mode", ["letterbox", "crop", "stretch"])
@pytest.mark.parametrize("size", [(97, 96), (193, 190), (801, 1203), (768, 768), (1501, 400)])
def test_scaled_jpeg_decoding_stays_close_to_a_full_decode(
    size: tuple[int, int], mode: ImageMode
) -> None:
    x, y = np.meshgrid(np.linspace(0, 6, size[0]), np.linspace(0, 9, size[1]))
    waves = np.stack([np.sin(x) * 100 + 128, np.cos(y) * 100 + 128, np.sin(x + y) * 90 + 128], 2)
    image = Image.fromarray(waves.astype(np.uint8))
    spec = ImageSpec(size=96, mode=mode)
    scaled = preprocess(encoded(image, "JPEG", quality=95), spec).astype(float)
    full = preprocess(encoded(image), spec).astype(float)
    psnr = 10 * np.log10(255**2 / ((scaled - full) ** 2).mean())
    assert psnr > 32


def test_a_square_of_the_right_size_is_left_alone() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    pixels = preprocess(encoded(Image.fromarray(noise)), ImageSpec(size=96))
    assert (pixels == noise).all()


def test_shrinking_averages_whole_areas() -> None:
    board = np.indices((64, 64)).sum(0) % 2 * 255
    pixels = preprocess(encoded(Image.fromarray(board.astype(np.uint8))), ImageSpec(size=16))
    assert set(np.unique(pixels)) <= {127, 128}


@pytest.mark.parametrize(
    ("values", "key"),
    [
        (b'{"size": 0}', "size"),
        (b'{"size": 15}', "size"),
        (b'{"size": 1025}', "size"),
        (b'{"size": 96.5}', "size"),
        (b'{"mode": "fill"}', "mode"),
        (b'{"background": "white"}', "background"),
        (b'{"background": "#fffffff"}', "background"),
    ],
)
def test_a_document_with_a_wrong_spec_is_refused(values: bytes, key: str) -> None:
    data = b'{"labels": ["red"], "image": %b}' % values
    with pytest.raises(UnreadableDocument, match=f"model.json: image.*{key}"):
        decode(data, ModelDescription, "model.json")


def test_a_background_is_told_as_opencv_takes_it() -> None:
    assert bgr("#0a0b0c") == (0x0C, 0x0B, 0x0A)
