"""A JPEG's segments: which are passed over, which are refused, and which tell something."""

import struct

import pytest

from tagline.imaging import ImageError
from tagline.imaging.headers.detect import read_header
from tagline.imaging.headers.profile import Profile
from tests.unit.test_imaging_colour import SWAPPED
from tests.unit.test_imaging_headers import ORIENTATION, SHORT, tiff


def segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def jpeg(*segments: bytes, frame: int = 0xC0, parts: int = 3) -> bytes:
    """Return the start of a JPEG of 203 x 301 pixels; `segments` stand before its frame."""
    sof = segment(frame, struct.pack(">BHHB", 8, 301, 203, parts) + b"\1\x11\0" * parts)
    return b"".join((b"\xff\xd8", *segments, sof))


def refusal(data: bytes) -> tuple[str, str]:
    with pytest.raises(ImageError) as caught:
        read_header(data)
    return caught.value.reason, caught.value.detail


@pytest.mark.parametrize("frame", [0xC0, 0xC1, 0xC2])
def test_a_jpeg_of_a_process_that_is_decoded(frame: int) -> None:
    header = read_header(jpeg(frame=frame))
    assert (header.format, header.width, header.height) == ("jpeg", 203, 301)


OTHERS = {
    "a lossless JPEG": (0xC3,),
    "a hierarchical JPEG": (0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF, 0xDE),
    "an arithmetic-coded JPEG": (0xC9, 0xCA),
    "an arithmetic-coded lossless JPEG": (0xCB,),
    "a JPEG-LS image": (0xF7,),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_jpeg_of_another_process_is_refused(name: str) -> None:
    told = f"this is {name}; save it as a baseline JPEG"
    for frame in OTHERS[name]:
        assert refusal(jpeg(frame=frame)) == ("unsupported_image", told)


@pytest.mark.parametrize("marker", [0xC4, 0xC8, 0xCC, 0xDB, 0xE0, 0xEF, 0xFE])
def test_a_segment_of_any_other_kind_is_passed_over(marker: int) -> None:
    # what it holds looks like a frame of another size
    assert read_header(jpeg(segment(marker, jpeg(parts=4)[2:]))).width == 203


@pytest.mark.parametrize("marker", [0x01, *range(0xD0, 0xD9)])
def test_a_marker_without_a_length_is_passed_over(marker: int) -> None:
    assert read_header(jpeg(bytes((0xFF, marker)) * 3)).width == 203


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (jpeg(b"\xff\xd9"), "no frame header before its data"),
        (jpeg(b"\xff\xda\0\2"), "no frame header before its data"),
        (jpeg(b"\xff\xe1\0\0"), "impossible length"),
        (jpeg(b"\xff\xe1\0\1"), "impossible length"),
        (jpeg(b"\xff\xbf\0\2"), "no JPEG marker at byte 3, but 0xbf"),
        (jpeg()[:-14], "ends inside its JPEG"),
    ],
)
def test_a_jpeg_without_a_frame_is_damaged(data: bytes, detail: str) -> None:
    reason, told = refusal(data)
    assert reason == "undecodable_image"
    assert detail in told


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("tables", [0, 19, 20, 30])
@pytest.mark.parametrize(("frame", "first"), [(0xC0, 1), (0xC0, 3), (0xC2, 1), (0xC2, 3)])
@pytest.mark.parametrize("scans", [200, 201])
def test_scans_are_counted_where_a_decoder_would_read_them(
    parts: int, tables: int, frame: int, first: int, scans: int
) -> None:
    """A sequential file whose first scan, found within 20 segments, has all parts has no other."""
    scan = segment(0xDA, bytes((first,)) + b"\1\0" * first + b"\0\x3f\0")
    start = jpeg(frame=frame, parts=parts) + segment(0xFE, b"") * tables
    data = start + scan * scans + b"\xff\xd9"
    if frame == 0xC0 and first == parts and tables < 20:
        assert read_header(data).scans == 1
    elif scans == 200:
        assert read_header(data).scans == 200
    else:
        assert refusal(data) == ("unsupported_image", "the JPEG has more than 200 scans")


@pytest.mark.parametrize(("more", "refused"), [(4998, False), (4999, False), (5000, True)])
def test_segments_are_counted(more: int, *, refused: bool) -> None:
    data = jpeg(segment(0xFE, b"") * more)
    if refused:
        told = "the JPEG has more than 5000 segments of metadata"
        assert refusal(data) == ("unsupported_image", told)
    else:
        assert read_header(data).width == 203


def icc(number: int, count: int, data: bytes) -> bytes:
    return segment(0xE2, b"ICC_PROFILE\0" + bytes((number, count)) + data)


HALVES = SWAPPED[:99], SWAPPED[99:]


@pytest.mark.parametrize(
    ("segments", "used"),
    [
        ((icc(1, 1, SWAPPED),), True),
        ((icc(2, 2, HALVES[1]), icc(1, 2, HALVES[0])), True),
        ((segment(0xE2, b"MPF\0" + bytes(40)), icc(1, 1, SWAPPED)), True),
        ((icc(1, 2, HALVES[0]),), False),
        ((icc(0, 1, SWAPPED),), False),
        ((icc(1, 2, SWAPPED), icc(3, 2, b"x")), False),
        ((segment(0xED, icc(1, 1, SWAPPED)[4:]),), False),
        ((), False),
    ],
)
def test_a_profile_is_taken_from_all_of_its_segments(
    segments: tuple[bytes, ...], *, used: bool
) -> None:
    profile = read_header(jpeg(*segments)).profile
    assert profile == (Profile("rgb", SWAPPED) if used else None)


def test_the_first_orientation_of_a_jpeg_counts() -> None:
    six, three = (
        segment(0xE1, b"Exif\0\0" + tiff((ORIENTATION, SHORT, value))) for value in (6, 3)
    )
    upright = segment(0xE1, b"Exif\0\0" + tiff())
    adobe = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + tiff((ORIENTATION, SHORT, 8)))
    assert read_header(jpeg(adobe, upright, six, three)).orientation == 6
    assert read_header(jpeg(segment(0xE2, six[4:]))).orientation == 1
