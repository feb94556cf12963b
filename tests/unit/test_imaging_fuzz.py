"""A corpus of broken images, made from good ones: pixels or a reason, and nothing else."""

import io
import time
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from tagline.formats.reasons import Reason
from tagline.formats.settings import ImageSpec
from tagline.imaging import ImageError, preprocess
from tests.unit.test_imaging_colour import DARK_GREY, SWAPPED

SPEC = ImageSpec(size=16)
FLIPS = 150
SECONDS = 2.0  # 50 megapixels decode in less
_RNG = np.random.default_rng(7)
_NOISE = Image.fromarray(_RNG.integers(0, 256, (37, 53, 4), dtype=np.uint8), "RGBA")
_EXIF = Image.Exif()
_EXIF[0x0112] = 6
_EXIF[0x010E] = "a description " * 20


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, exif=_EXIF, **options)
    return stream.getvalue()


SEEDS = {
    "jpeg": encoded(_NOISE.convert("RGB"), "JPEG", quality=70),
    "progressive": encoded(_NOISE.convert("RGB"), "JPEG", progressive=True),
    "cmyk": encoded(_NOISE.convert("CMYK"), "JPEG"),
    "png": encoded(_NOISE, "PNG"),
    "palette": encoded(_NOISE.convert("RGB").quantize(16), "PNG", transparency=3),
    "grey": encoded(_NOISE.convert("L"), "PNG", transparency=9),
    "webp": encoded(_NOISE, "WEBP", quality=60),
    "profile": encoded(_NOISE.convert("RGB"), "JPEG", icc_profile=SWAPPED),
    "profile in png": encoded(_NOISE, "PNG", icc_profile=SWAPPED),
    "grey profile": encoded(_NOISE.convert("L"), "PNG", icc_profile=DARK_GREY),
    "lossless": encoded(_NOISE, "WEBP", lossless=True),
}


def broken(data: bytes) -> Iterator[bytes]:
    """Yield cut, flipped, blanked, stretched and shuffled versions of an image."""
    rng = np.random.default_rng(len(data))
    for share in np.linspace(0, 1, 40):
        yield data[: int(share * len(data))]
    for at in range(min(64, len(data))):
        yield data[:at]
    for reach in (64, 300, len(data)):
        for _ in range(FLIPS):
            copy = bytearray(data)
            for at in rng.integers(0, min(reach, len(data)), rng.integers(1, 6)):
                copy[at] = rng.integers(0, 256)
            yield bytes(copy)
    for start in range(0, len(data), max(1, len(data) // 20)):
        yield data[:start] + b"\0" * 40 + data[start + 40 :]
        yield data[:start] + b"\xff" * 40 + data[start:]
        yield data[:start] + data[start + 7 :]
    yield data + data
    yield data + b"<html></html>" * 100


def judged(case: bytes) -> str:
    """Return "pixels" or the reason; a case also may not take long, whatever it promises."""
    started = time.process_time()
    try:
        pixels = preprocess(case, SPEC)
    except ImageError as exc:
        answer: str = exc.reason
    else:
        assert pixels.shape == (16, 16, 3)
        assert pixels.dtype == np.uint8
        answer = "pixels"
    assert time.process_time() - started < SECONDS, case[:100]
    return answer


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # about EXIF blocks that are broken too
@pytest.mark.parametrize("data", SEEDS.values(), ids=SEEDS)
def test_a_broken_image_gives_pixels_or_a_reason(data: bytes) -> None:
    assert preprocess(data, SPEC).shape == (16, 16, 3)
    answers = [judged(case) for case in broken(data)]
    assert set(answers) <= {"pixels", *Reason}
    assert answers.count("undecodable_image") > 80


@pytest.mark.parametrize("start", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b""])
def test_noise_behind_a_signature_is_refused(start: bytes) -> None:
    rng = np.random.default_rng(1)
    for length in (1, 10, 100, 5000):
        for _ in range(20):
            with pytest.raises(ImageError):
                preprocess(start + rng.bytes(length), SPEC)
