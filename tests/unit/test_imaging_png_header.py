"""A PNG's chunks: which tell how its pixels are to be taken, and which are refused."""

import struct
import zlib

import pytest

from tagline.imaging import ImageError
from tagline.imaging.headers.detect import read_header
from tagline.imaging.headers.png import SIGNATURE
from tagline.imaging.headers.profile import Profile
from tests.unit.test_imaging_colour import DARK_GREY, SWAPPED
from tests.unit.test_imaging_headers import ORIENTATION, SHORT, tiff


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def png(*chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """Return a PNG of 203 x 301 pixels with these chunks and no pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 203, 301, depth, colour, 0, 0, 0))
    return b"".join((SIGNATURE, header, *chunks, chunk(b"IEND")))


def icc(profile: bytes) -> bytes:
    return chunk(b"iCCP", b"a name\0\0" + zlib.compress(profile))


def refusal(data: bytes) -> tuple[str, str]:
    with pytest.raises(ImageError) as caught:
        read_header(data)
    return caught.value.reason, caught.value.detail


KINDS = {
    0: ({1, 2, 4, 8, 16}, "RGB"),
    2: ({8, 16}, "RGB"),
    3: ({1, 2, 4, 8}, "RGB"),
    4: ({8, 16}, "RGBA"),
    6: ({8, 16}, "RGBA"),
}


@pytest.mark.parametrize("colour", range(8))
@pytest.mark.parametrize("depth", range(18))
def test_libspng_gets_all_of_up_to_eight_bits_without_a_key(colour: int, depth: int) -> None:
    depths, samples = KINDS.get(colour, (set(), ""))
    data = png(depth=depth, colour=colour)
    if depth not in depths:
        told = f"the PNG says it has colour type {colour} with {depth} bits"
        assert refusal(data) == ("undecodable_image", told)
        return
    header = read_header(data)
    assert (header.format, header.width, header.height) == ("png", 203, 301)
    assert header.samples == (samples if depth <= 8 else "")
    assert header.orientation == 1
    assert (header.profile, header.transparent_grey, header.cmyk) == (None, None, False)
    assert read_header(png(chunk(b"tRNS", b"\0\0"), depth=depth, colour=colour)).samples == ""


@pytest.mark.parametrize(
    ("depth", "sample", "decoded"),
    [
        (1, 1, 255),
        (1, 2, 0),
        (2, 2, 170),
        (4, 0x19, 153),
        (8, 7, 7),
        (8, 0x1FF, 255),
        (16, 40_000, 40_000),
    ],
)
def test_a_transparent_grey_is_told_as_the_decoder_widens_it(
    depth: int, sample: int, decoded: int
) -> None:
    key = chunk(b"tRNS", struct.pack(">H", sample))
    assert read_header(png(key, depth=depth, colour=0)).transparent_grey == decoded
    assert read_header(png(key, depth=8, colour=3)).transparent_grey is None


@pytest.mark.parametrize("key", [b"", b"\0", b"\0\7\0\7", bytes(6)])
def test_a_key_that_is_no_grey_is_none(key: bytes) -> None:
    assert read_header(png(chunk(b"tRNS", key), colour=0)).transparent_grey is None


@pytest.mark.parametrize(
    ("chunks", "colour", "profile"),
    [
        ((icc(SWAPPED),), 2, Profile("rgb", SWAPPED)),
        ((icc(SWAPPED),), 3, Profile("rgb", SWAPPED)),
        ((icc(SWAPPED),), 6, Profile("rgb", SWAPPED)),
        ((icc(DARK_GREY),), 0, Profile("grey", DARK_GREY)),
        ((icc(DARK_GREY),), 4, Profile("grey", DARK_GREY)),
        ((icc(DARK_GREY),), 2, None),
        ((chunk(b"sRGB", b"\0"), icc(SWAPPED)), 2, None),
        ((icc(b""), icc(SWAPPED)), 2, None),  # the first one counts
        ((chunk(b"iCCP", b"a name\0\0" + b"no deflate"),), 2, None),
        ((chunk(b"iCCP", zlib.compress(SWAPPED)),), 2, None),
    ],
)
def test_the_profile_of_a_png(
    chunks: tuple[bytes, ...], colour: int, profile: Profile | None
) -> None:
    assert read_header(png(*chunks, colour=colour)).profile == profile


def test_the_orientation_of_a_png() -> None:
    six, three = (chunk(b"eXIf", tiff((ORIENTATION, SHORT, value))) for value in (6, 3))
    assert read_header(png(chunk(b"tEXt", b"odd"), six, three)).orientation == 6


DAMAGED = {
    "the file ends inside its PNG header": [png()[:end] for end in (14, 18, 22, 25)],
    "the file ends inside its chunks": [png()[:-12], png()[:-5]],
    "the PNG ends inside its chunk at byte 45": [png(chunk(b"tEXt"))[:-1]],
    "the PNG does not begin with its header chunk": [SIGNATURE + chunk(b"IDAT", bytes(13))],
    "the PNG has an unknown critical chunk at byte 45": [png(chunk(b"tEXt"), chunk(b"ABcd"))],
}


@pytest.mark.parametrize("told", DAMAGED)
def test_a_damaged_png_says_where(told: str) -> None:
    for data in DAMAGED[told]:
        assert refusal(data) == ("undecodable_image", told)


@pytest.mark.parametrize(
    ("kinds", "frames"),
    [
        ([b"acTL", b"fcTL", b"IDAT", b"fcTL"], 2),
        ([b"acTL", b"IDAT", b"fcTL", b"fcTL"], 3),  # a still, and two frames without it
        ([b"acTL", b"fcTL", b"IDAT", b"IDAT"], 1),
        ([b"acTL", b"IDAT"], 0),
        ([b"fcTL", b"IDAT", b"fcTL"], 0),
    ],
)
def test_an_animation_of_several_frames_is_refused(kinds: list[bytes], frames: int) -> None:
    data = png(*(chunk(kind) for kind in kinds))
    if frames > 1:
        assert refusal(data) == ("animated_image", f"the PNG has {frames} frames")
    else:
        assert read_header(data).width == 203


def test_chunks_are_counted() -> None:
    """With the header's and the last one, behind which nobody looks, a hundred thousand."""
    after = chunk(b"ABCD")
    assert read_header(png(chunk(b"teXt") * 99_998) + after).width == 203
    told = "the PNG has more than 100000 chunks"
    assert refusal(png(chunk(b"teXt") * 99_999)) == ("unsupported_image", told)
