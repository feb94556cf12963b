"""The size that a header says, held against a decoder that we did not write."""

import io
from typing import Any

import pytest
from PIL import Image

from tagline.formats.image_headers import image_size

KINDS: list[tuple[str, dict[str, object]]] = [
    ("PNG", {}),
    ("JPEG", {}),
    ("JPEG", {"progressive": True}),
    ("WEBP", {}),
]
KINDS += [("WEBP", {"lossless": True}), ("WEBP", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"})]


def encoded(kind: str, size: tuple[int, int], **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_sizes_are_pillows(kind: str, options: dict[str, object]) -> None:
    for size in [(1, 1), (7, 300), (513, 2)]:
        assert image_size(encoded(kind, size, **options)) == size


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_what_ends_early_or_is_no_image_has_no_size(kind: str, options: dict[str, object]) -> None:
    data = encoded(kind, (40, 30), **options)
    for end in range(20):
        assert image_size(data[:end]) is None
    assert image_size(b"GIF89a" + data[6:]) is None
    assert image_size(b"\xff\xd8\xff" + b"\xff" * 100) is None


def test_no_pixels_are_no_image() -> None:
    data = bytearray(encoded("PNG", (4, 4)))
    data[16:20] = bytes(4)
    assert image_size(bytes(data)) is None
