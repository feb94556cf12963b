"""The kind of an image's file, beside Pillow and the readers that packing trusts."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tagline.formats.image_kind import kind_of, parts_of
from tagline.imaging.headers.detect import read_header


def encoded(form: str, mode: str, size: tuple[int, int], **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, form, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("form", "mode", "size", "options", "kind"),
    [
        ("PNG", "RGB", (64, 10), {}, "png 64 opaque"),
        ("PNG", "RGBA", (65, 10), {}, "png 128 alpha"),
        ("PNG", "LA", (10, 512), {}, "png 512 alpha"),
        ("PNG", "P", (10, 20), {"transparency": 0}, "png 64 alpha"),
        ("PNG", "P", (10, 20), {}, "png 64 opaque"),
        ("JPEG", "RGB", (300, 1025), {}, "jpeg 2048 opaque"),
        ("JPEG", "L", (4097, 1), {"progressive": True}, "jpeg more opaque"),
        ("JPEG", "RGB", (9, 9), {"exif": b"Exif\0\0" + b"\xff" * 900}, "jpeg 64 opaque"),
        ("WEBP", "RGB", (256, 256), {}, "webp 256 opaque"),
        ("WEBP", "RGBA", (257, 256), {"lossless": True}, "webp 512 alpha"),
        ("WEBP", "RGB", (20, 30), {"lossless": True}, "webp 64 opaque"),
    ],
)
def test_a_kind_is_what_the_file_says(
    form: str, mode: str, size: tuple[int, int], options: dict[str, Any], kind: str
) -> None:
    data = encoded(form, mode, size, **options)
    assert kind_of(data) == kind
    header = read_header(data)
    assert (header.width, header.height) == size
    assert kind.startswith(header.format)


def test_a_lossy_webp_with_alpha_has_alpha() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (40, 40), (255, 0, 0, 90)).save(out, "WEBP")
    assert kind_of(out.getvalue()) == "webp 64 alpha"


@given(st.sampled_from(["PNG", "JPEG", "WEBP"]), st.integers(0, 200), st.binary(max_size=8))
def test_no_damage_makes_it_fail(form: str, keep: int, noise: bytes) -> None:
    whole = encoded(form, "RGB", (33, 44))
    found = kind_of(whole[:keep] + noise + whole[keep + len(noise) :])
    assert found is None or parts_of(found) is not None
    assert kind_of(whole[:keep]) in {None, kind_of(whole)}


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xd9"])
def test_what_is_no_image_has_no_kind(data: bytes) -> None:
    assert kind_of(data) is None
    assert parts_of("nothing") is None
