"""The decoders for JPEG and PNG: what counts as damage, and pixels as other libraries have them."""

import base64
import dataclasses
import io
import struct
import zlib
from typing import Any
from unittest.mock import Mock

import cv2
import numpy as np
import pytest
from PIL import Image

from tagline.formats.settings import ImageSpec
from tagline.imaging import ImageError, preprocess
from tagline.imaging.decoders.decode import decode
from tagline.imaging.headers.detect import read_header
from tagline.imaging.headers.png import pixel_chunks

SPEC = ImageSpec(size=16)
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


def test_a_jpeg_of_another_size_than_its_header_says_is_not_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("simplejpeg.decode_jpeg", lambda *_, **__: pytest.fail("decoded"))
    header = dataclasses.replace(read_header(JPEG), width=100)
    with pytest.raises(ImageError, match="the JPEG says two different sizes"):
        decode(JPEG, header, (16, 16))


def test_an_error_of_libspng_is_one_of_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyspng.load", Mock(side_effect=RuntimeError("pyspng: read: bad deflate")))
    assert refusal(encoded(NOISE, "PNG")) == "the PNG is damaged or incomplete: bad deflate"


def test_an_error_of_opencv_is_one_of_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        error = cv2.error("words")
        error.err = "no memory"
        raise error

    monkeypatch.setattr(cv2, "imdecode", fail)
    assert refusal(encoded(NOISE, "WEBP")) == "the webp decoder failed: no memory"


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


@pytest.mark.parametrize(
    ("sample", "eight"), [(0, 0), (128, 0), (129, 1), (40_000, 156), (65_406, 254), (65_535, 255)]
)
def test_sixteen_bits_are_rounded_to_eight(sample: int, eight: int) -> None:
    image = Image.fromarray(np.full((5, 4), sample, np.uint16))
    assert (rgb(encoded(image, "PNG")) == eight).all()


CLEAR = {"L": 7, "P": 1, "1": 0, "RGB": (9, 8, 7), "RGBA": (9, 8, 7, 0), "LA": (7, 0)}


@pytest.mark.parametrize(("mode", "clear"), CLEAR.items())
@pytest.mark.parametrize("background", ["#000000", "#102030", "#ffffff"])
def test_what_is_transparent_is_the_background(mode: str, clear: Any, background: str) -> None:
    image = Image.new(mode, (16, 16), clear)
    if mode == "P":
        image.putpalette([0, 0, 0, 200, 100, 50])
    data = encoded(image, "PNG", **({} if mode.endswith("A") else {"transparency": clear}))
    pixels = preprocess(data, ImageSpec(size=16, background=background))
    assert (pixels == list(bytes.fromhex(background[1:]))).all()


@pytest.mark.parametrize(
    ("decoder", "made", "told"),
    [
        ("decode_png", np.zeros((202, 157, 3), np.uint8), "has not the size that it says"),
        ("decode_png", np.zeros((203, 156, 3), np.uint8), "has not the size that it says"),
        ("decode_png", np.zeros((203, 157, 5), np.uint8), "returned 5 channels"),
        ("decode_by_opencv", np.zeros((203, 157, 3), np.float32), "samples of type float32"),
        ("decode_by_opencv", np.zeros((203, 157), np.int16), "samples of type int16"),
    ],
)
def test_what_no_decoder_should_make_is_refused(
    decoder: str, made: np.ndarray, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"tagline.imaging.decoders.decode.{decoder}", lambda *_: made)
    data = encoded(NOISE, "WEBP" if decoder == "decode_by_opencv" else "PNG")
    assert told in refusal(data)


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
    assert pixel_chunks(with_text) == pixel_chunks(data)
    assert (preprocess(with_text, SPEC) == preprocess(data, SPEC)).all()


@pytest.mark.parametrize("harm", [b"\xaa" * 400, None], ids=["a hole", "the end cut off"])
def test_a_damaged_four_colour_jpeg_is_rejected(harm: bytes | None) -> None:
    data = encoded(NOISE.convert("CMYK"), "JPEG")
    middle = len(data) // 2
    damaged = data[:middle] + (b"\xff\xd9" if harm is None else harm + data[middle + 400 :])
    assert "damaged or incomplete" in refusal(damaged)


def odd(data: bytes, kind: str) -> bytes:
    """Return a JPEG with numbers in its headers that other programs write and nobody needs."""
    changed = bytearray(data)
    if kind == "no spectral selection":
        at = data.index(b"\xff\xda")
        changed[at + 11 : at + 14] = b"\0\0\0"
    else:
        changed[data.index(b"JFIF\0") + 5] = 2
    return bytes(changed)


@pytest.mark.parametrize("kind", ["no spectral selection", "JFIF 2"])
@pytest.mark.parametrize("scale", [1, 4])
def test_odd_numbers_in_a_header_do_no_harm(kind: str, scale: int) -> None:
    wanted = (157 // scale, 203 // scale)
    pixels, found = decode(odd(JPEG, kind), read_header(JPEG), wanted)
    assert found == scale
    assert np.abs(pixels.astype(int) - decode(JPEG, read_header(JPEG), wanted)[0]).max() <= 2


@pytest.mark.parametrize("kind", ["no spectral selection", "JFIF 2"])
def test_with_odd_numbers_a_cut_file_is_still_rejected(kind: str) -> None:
    data = odd(JPEG, kind)
    assert refusal(data[: len(data) // 2])


def segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def one_colour(factors: list[tuple[int, int]]) -> bytes:
    """Return a JPEG of 64 x 64 pixels of one colour with these sampling factors (ITU-T T.81)."""
    widest, highest = (max(factor[axis] for factor in factors) for axis in (0, 1))
    units = (64 // (8 * widest)) * (64 // (8 * highest))
    # code 0: no difference, 10: one of five bits; of the other coefficients, 0: none
    codes = segment(0xC4, b"\0\1\1" + bytes(14) + b"\0\5") + segment(
        0xC4, b"\x10\1" + bytes(15) + b"\0"
    )
    parts = b"".join(bytes((n, h << 4 | v, 0)) for n, (h, v) in enumerate(factors, 1))
    bits = "".join(f"10{24 - 4 * n:05b}0" + "00" * (h * v - 1) for n, (h, v) in enumerate(factors))
    bits += "00" * sum(h * v for h, v in factors) * (units - 1)
    bits += "1" * (-len(bits) % 8)
    body = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    return b"".join((
        b"\xff\xd8",
        segment(0xDB, b"\0" + b"\x08" * 64),
        codes,
        segment(0xC0, struct.pack(">BHHB", 8, 64, 64, 3) + parts),
        segment(0xDA, b"\3\1\0\2\0\3\0\0\x3f\0"),
        body,
        b"\xff\xd9",
    ))  # fmt: skip


@pytest.mark.parametrize(
    "factors",
    [
        [(2, 2), (1, 1), (1, 1)],
        [(4, 2), (1, 1), (1, 1)],
        [(2, 1), (1, 1), (2, 1)],
        [(1, 1), (2, 2), (2, 2)],
    ],
)
@pytest.mark.parametrize("scale", [1, 2, 4])
def test_any_sampling_is_decoded(factors: list[tuple[int, int]], scale: int) -> None:
    data = one_colour(factors)
    pixels, found = decode(data, read_header(data), (64 // scale, 64 // scale))
    with Image.open(io.BytesIO(data)) as image:
        colour = np.asarray(image.convert("RGB"))[32, 32].astype(int)
    assert found == scale
    assert np.abs(pixels[:, :, ::-1].astype(int) - colour).max() <= 2
