"""What people really send: sound pictures in untidy files, and every shortened one noticed."""

import io
import itertools
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tagline.formats.settings import ImageSpec
from tagline.imaging import ImageError, preprocess
from tagline.imaging.decoders.decode import decode
from tagline.imaging.headers.detect import read_header

SPEC = ImageSpec(size=16)
_RNG = np.random.default_rng(3)
NOISE = Image.fromarray(_RNG.integers(0, 256, (37, 53, 4), dtype=np.uint8), "RGBA")
SMOOTH = NOISE.crop((0, 0, 6, 5)).resize((157, 203), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def same(data: bytes, other: bytes) -> bool:
    return bool((preprocess(data, SPEC) == preprocess(other, SPEC)).all())


def refusal(data: bytes) -> ImageError:
    with pytest.raises(ImageError) as caught:
        preprocess(data, SPEC)
    return caught.value


JPEG = encoded(NOISE.convert("RGB"), "JPEG")
PROGRESSIVE = encoded(NOISE.convert("RGB"), "JPEG", progressive=True)
CMYK = encoded(NOISE.convert("CMYK"), "JPEG")
PNG = encoded(NOISE, "PNG")
WEBP = encoded(NOISE, "WEBP")
LOSSLESS = encoded(NOISE, "WEBP", lossless=True)
JUNK = _RNG.bytes(300).replace(b"\xff", b"1")
JPEGS = {"baseline": JPEG, "progressive": PROGRESSIVE, "cmyk": CMYK}


def four_colours(subsampling: int, adobe: int | None, *, progressive: bool = False) -> bytes:
    """Return a JPEG of four colours; `adobe` is its marker's transform: 2 is YCCK."""
    inks = SMOOTH.convert("CMYK")
    data = bytearray(
        encoded(inks, "JPEG", quality=95, subsampling=subsampling, progressive=progressive)
    )
    at = data.index(b"\xff\xee")
    if adobe is None:
        del data[at : at + 16]
    else:
        data[at + 15] = adobe
    return bytes(data)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("adobe", [0, 2, None])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_four_colours_of_any_sampling_are_those_that_pillow_sees(
    scale: int, subsampling: int, adobe: int | None, progressive: bool
) -> None:
    data = four_colours(subsampling, adobe, progressive=progressive)
    wanted = (157 // scale, 203 // scale)
    pixels, found = decode(data, read_header(data), wanted)
    assert found == scale
    with Image.open(io.BytesIO(data)) as image:
        image.draft(None, wanted)
        judged = np.asarray(image.convert("RGB")).astype(int)
    assert judged.std() > 20
    assert np.abs(pixels[:, :, ::-1] - judged).max() <= 2


def apng(*, first: bool, frames: int, said: int = 1) -> bytes:
    """Return PNG as an animation of `frames` frames, of which the plain picture is the first."""
    control = struct.pack(">IIIIIHHBB", 0, 53, 37, 0, 0, 1, 10, 0, 0)
    at, end = PNG.index(b"IDAT") - 4, len(PNG) - 12
    before = chunk(b"acTL", struct.pack(">II", said, 0)) + (
        chunk(b"fcTL", control) if first else b""
    )
    after = (chunk(b"fcTL", control) + chunk(b"fdAT", bytes(4) + PNG[at + 8 : end - 4])) * (
        frames - first
    )
    return PNG[:at] + before + PNG[at:end] + after + PNG[end:]


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP"
    for kind, data in chunks:
        body += kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def three(*values: int) -> bytes:
    return b"".join(value.to_bytes(3, "little") for value in values)


def animated_webp(
    still: bytes,
    *,
    frames: int = 1,
    at: tuple[int, int] = (0, 0),
    canvas: tuple[int, int] = (53, 37),
) -> bytes:
    """Return an animation whose frames are all a still of 53 x 37 pixels."""
    body = still[12:] if still[12:16] != b"VP8X" else still[30:]
    frame = three(at[0] // 2, at[1] // 2, 52, 36, 100) + b"\2" + body
    return riff(
        (b"VP8X", b"\x12\0\0\0" + three(canvas[0] - 1, canvas[1] - 1)),
        (b"ANIM", bytes(6)),
        *[(b"ANMF", frame)] * frames,
    )


def test_an_animation_of_one_frame_is_the_picture_that_it_is() -> None:
    for said in (1, 5):
        assert same(apng(first=True, frames=1, said=said), PNG)
    assert same(apng(first=False, frames=0), PNG)  # an animation of nothing
    assert same(animated_webp(WEBP), WEBP)
    assert same(animated_webp(LOSSLESS), LOSSLESS)
    opaque = encoded(NOISE.convert("RGB"), "WEBP")
    assert same(animated_webp(opaque), opaque)


def test_a_still_that_says_it_is_animated_is_a_still() -> None:
    claims = riff((b"VP8X", b"\x12\0\0\0" + three(52, 36)), (b"VP8L", LOSSLESS[20:]))
    assert same(claims, LOSSLESS)


@pytest.mark.parametrize(
    "data",
    [
        apng(first=True, frames=2),
        apng(first=True, frames=2, said=2),
        apng(first=False, frames=1),  # another picture than the plain one
        animated_webp(WEBP, frames=2),
    ],
)
def test_several_frames_are_counted(data: bytes) -> None:
    found = refusal(data)
    assert found.reason == "animated_image"
    assert "2 frames" in found.detail


def test_a_frame_that_is_smaller_than_its_canvas_lies_on_nothing() -> None:
    opaque = encoded(Image.new("RGB", (53, 37), "red"), "WEBP", lossless=True)
    data = animated_webp(opaque, at=(20, 10), canvas=(100, 100))
    pixels, _ = decode(data, read_header(data), (100, 100))
    expected = np.zeros((100, 100, 4), np.uint8)
    expected[10:47, 20:73] = (0, 0, 255, 255)
    assert (pixels == expected).all()
    outside = animated_webp(opaque, at=(60, 10), canvas=(100, 100))
    assert refusal(outside).reason == "undecodable_image"


def test_a_frame_of_another_size_than_it_says_is_refused() -> None:
    large = encoded(Image.new("RGB", (500, 500)), "WEBP", lossless=True)
    assert refusal(animated_webp(large)).reason == "undecodable_image"


def boundaries(data: bytes) -> list[int]:
    """Return where the segments up to the first scan begin."""
    places = [2]
    while data[places[-1] + 1] != 0xDA:
        places.append(places[-1] + 2 + int.from_bytes(data[places[-1] + 2 : places[-1] + 4]))
    return places


@pytest.mark.parametrize(
    "stray", [b"\0", b"\0\xe1\0\x12" + bytes(16), b"ab\xff\0\xff\xff\0c", b"\x12" * 60_000]
)
@pytest.mark.parametrize("data", JPEGS.values(), ids=JPEGS)
def test_stray_bytes_between_segments_do_no_harm(data: bytes, stray: bytes) -> None:
    for at in boundaries(data):
        assert same(data[:at] + stray + data[at:], data), at


@pytest.mark.parametrize("data", JPEGS.values(), ids=JPEGS)
def test_stray_bytes_hide_no_damage_and_have_a_bound(data: bytes) -> None:
    untidy = data[:2] + b"\0\0" + data[2:]
    middle = len(untidy) * 3 // 4
    hole = untidy[:middle] + JUNK + untidy[middle + 300 :]
    assert refusal(hole).reason == "undecodable_image"
    endless = data[:2] + bytes(70_000) + data[2:]
    assert refusal(endless).reason == "undecodable_image"


def test_scans_in_what_follows_a_progressive_jpeg_do_not_count() -> None:
    assert same(PROGRESSIVE + b"\xff\xda\0\x0c" * 1000, PROGRESSIVE)


WHOLE = {
    **JPEGS,
    "sampling": four_colours(2, 0),
    "progressive sampling": four_colours(2, 2, progressive=True),
    "stray": JPEG[:20] + bytes(20) + JPEG[20:],
    "png": PNG,
    "apng": apng(first=True, frames=1),
    "webp": WEBP,
    "lossless": LOSSLESS,
    "animation": animated_webp(WEBP),
    "lossless animation": animated_webp(LOSSLESS),
    "webp with more": encoded(NOISE, "WEBP", exif=b"Exif\0\0MM\0*" + bytes(50)),
}


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
def test_every_shortened_file_is_noticed(data: bytes) -> None:
    preprocess(data, SPEC)
    few = len(data) // 300 + 1
    for end in itertools.chain(range(0, len(data), few), range(len(data) - 20, len(data))):
        refusal(data[:end])


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("surplus", [b"\0", b"<html>" * 99, bytes(100_000), JPEG, PNG, WEBP])
def test_what_follows_the_end_does_no_harm(data: bytes, surplus: bytes) -> None:
    assert same(data + surplus, data)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (PNG[:8] + chunk(b"CgBI", b"\x50\0\x20\2") + PNG[8:], "CgBI"),
        (JPEG.replace(b"\xff\xc0", b"\xff\xc3"), "a lossless JPEG"),
        (JPEG.replace(b"\xff\xc0", b"\xff\xc9"), "an arithmetic-coded JPEG"),
        (JPEG.replace(b"\xff\xc0", b"\xff\xca"), "an arithmetic-coded JPEG"),
        (JPEG.replace(b"\xff\xc0", b"\xff\xc5"), "a hierarchical JPEG"),
        (JPEG.replace(b"\xff\xc0", b"\xff\xf7"), "a JPEG-LS"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heic" + bytes(40), "a HEIC"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0avifmif1" + bytes(40), "an AVIF"),
    ],
)
def test_kinds_that_nobody_decodes_here_are_named(data: bytes, named: str) -> None:
    found = refusal(data)
    assert found.reason == "unsupported_image"
    assert named in found.detail


@pytest.mark.parametrize(("kind", "layout"), [(1, "B"), (3, "H"), (4, "I")])
@pytest.mark.parametrize("order", ["<", ">"])
def test_an_orientation_of_any_width_is_applied(order: str, kind: int, layout: str) -> None:
    start = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(f"{order}HHHI", 1, 0x0112, kind, 1) + struct.pack(order + layout, 6)
    block = start + struct.pack(f"{order}I", 8) + entry.ljust(14, b"\0") + bytes(4)
    for name in ("JPEG", "PNG", "WEBP"):
        data = encoded(NOISE.convert("RGB"), name, exif=b"Exif\0\0" + block)
        assert read_header(data).orientation == 6, name
