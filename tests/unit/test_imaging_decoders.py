"""The decoders for JPEG and PNG: what counts as damage, and pixels as other libraries have them."""

import base64
import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imaging import ImageError, ImageSpec, preprocess
from imaging.decode import decode
from imaging.headers import read_header
from imaging.png import critical_chunks

SPEC = ImageSpec(16)
_RNG = np.random.default_rng(11)
NOISE = Image.fromarray(_RNG.integers(0, 256, (203, 157, 4), dtype=np.uint8), "RGBA")
# 7 x 9, RGB, Adam7, by libvips: red 40 x, green 30 y, blue 17
INTERLACED = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAcAAAAJCAIAAAEGPZFiAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAf0lEQVQImRWMMRFAMQjFnoUY6IyIimCuEpQwI6IimKsECf/+mEsukpAGlVANUlCBXIyQB/PTML/b+KY2s5EufqnLXGQiRAvZJja9kQURdCC7xKX/boih/9fCFr6IRS16MQvpYAc/xKEOfZiDlFjiSSSVdDKJ9LCHP+JRj37M4wOPMT9AyhxATQAAAABJRU5ErkJggg=="
)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def rgb(data: bytes) -> Any:
    """Return all pixels of an opaque image as RGB."""
    pixels, scale = decode(data, read_header(data), (10_000, 10_000))
    assert scale == 1
    return pixels[:, :, ::-1]


def refusal(data: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        preprocess(data, SPEC)
    assert caught.value.reason == "undecodable_image"
    return caught.value.detail


JPEG = encoded(NOISE.convert("RGB"), "JPEG", quality=80)
PROGRESSIVE = encoded(NOISE.convert("RGB"), "JPEG", quality=80, progressive=True)


@pytest.mark.parametrize(
    "junk", [bytes(400), b"\xaa" * 400, _RNG.bytes(400).replace(b"\xff", b"1")]
)
@pytest.mark.parametrize("data", [JPEG, PROGRESSIVE], ids=["baseline", "progressive"])
def test_a_jpeg_with_damage_inside_and_an_intact_end_is_rejected(data: bytes, junk: bytes) -> None:
    """OpenCV, Pillow and im2rec.py decode such a file and make up the rest."""
    middle = len(data) // 2
    damaged = data[:middle] + junk + data[middle + 400 :]
    assert damaged.endswith(b"\xff\xd9")
    Image.open(io.BytesIO(damaged)).load()
    assert "damaged or incomplete" in refusal(damaged)


@pytest.mark.parametrize("data", [JPEG, PROGRESSIVE], ids=["baseline", "progressive"])
def test_bytes_between_the_last_pixel_and_the_end_do_no_harm(data: bytes) -> None:
    padded = data[:-2] + b"\x11" * 5 + data[-2:]
    assert (rgb(padded) == rgb(data)).all()


def test_what_follows_an_image_does_no_harm() -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        data = encoded(NOISE.convert("RGB"), kind)
        assert (rgb(data + b"after the end") == rgb(data)).all()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("size", [(157, 203), (15, 15), (17, 9), (8, 8), (33, 64)])
@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_a_jpeg_is_decoded_at_the_scale_that_is_said(
    mode: str, size: tuple[int, int], scale: int
) -> None:
    data = encoded(NOISE.convert("RGB").resize(size).convert(mode), "JPEG")
    header = read_header(data)
    wanted = (max(1, size[0] // scale), max(1, size[1] // scale))
    pixels, found = decode(data, header, wanted)
    fits = min(size[0] // wanted[0], size[1] // wanted[1])
    assert found == max(s for s in (1, 2, 4, 8) if s <= fits)
    assert pixels.shape == (-(-size[1] // found), -(-size[0] // found), 3)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1"])
def test_a_png_has_the_pixels_that_pillow_sees(mode: str) -> None:
    opaque = NOISE.convert("RGB")
    image = opaque.quantize(200) if mode == "P" else opaque.convert(mode)
    assert (rgb(encoded(image, "PNG"))[:, :, -3:] == np.asarray(image.convert("RGB"))).all()


@pytest.mark.parametrize("colours", [2, 4, 16, 256])
def test_a_palette_may_have_any_depth(colours: int) -> None:
    image = NOISE.convert("RGB").quantize(colours)
    assert (rgb(encoded(image, "PNG")) == np.asarray(image.convert("RGB"))).all()


def test_an_interlaced_png_is_decoded() -> None:
    y, x = np.mgrid[0:9, 0:7]
    assert (rgb(INTERLACED) == np.dstack((40 * x, 30 * y, np.full_like(x, 17)))).all()


@pytest.mark.parametrize("kind", [b"IHDR", b"IDAT", b"PLTE", b"tRNS"])
def test_a_png_whose_checksum_is_wrong_is_rejected(kind: bytes) -> None:
    image = NOISE.convert("RGB").quantize(16)
    data = bytearray(encoded(image, "PNG", transparency=3))
    at = data.index(kind)
    data[at + 4 + int.from_bytes(data[at - 4 : at], "big")] ^= 1  # the checksum itself
    assert f"{kind.decode()} chunk at byte {at - 4}" in refusal(bytes(data))


def test_a_damaged_png_is_rejected() -> None:
    data = bytearray(encoded(NOISE, "PNG"))
    data[len(data) // 2] ^= 0x10
    assert "IDAT" in refusal(bytes(data))


def test_a_png_with_too_few_rows_is_rejected() -> None:
    data = encoded(NOISE, "PNG")
    taller = data[16:20] + struct.pack(">I", 400) + data[24:29]
    checksum = struct.pack(">I", zlib.crc32(b"IHDR" + taller))
    assert refusal(data[:16] + taller + checksum + data[33:])


def test_no_decoder_sees_the_texts_of_a_png() -> None:
    """A text may inflate to a thousand times its bytes, and libspng would let it."""
    data = encoded(NOISE, "PNG")
    text = b"zTXtx\0\0" + zlib.compress(bytes(1 << 20))
    framed = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    with_text = data[:33] + framed + data[33:]
    assert critical_chunks(with_text) == critical_chunks(data)
    assert (preprocess(with_text, SPEC) == preprocess(data, SPEC)).all()
