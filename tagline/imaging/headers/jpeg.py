"""The header of a JPEG (ITU-T T.81): size, orientation, profile, kinds that are refused."""

import re

from tagline.imaging.errors import UndecodableImage, UnsupportedImage
from tagline.imaging.headers import exif
from tagline.imaging.headers.bytefields import big16, take
from tagline.imaging.headers.header import ImageHeader
from tagline.imaging.headers.profile import useful_profile

SIGNATURE = b"\xff\xd8\xff"
_APP1, _APP2, _SOS, _EOI = 0xE1, 0xE2, 0xDA, 0xD9
_BARE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_DECODED_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended sequential, progressive
_PROGRESSIVE = 0xC2
_SPACES = {1: "grey", 3: "rgb", 4: "cmyk"}  # by components
_FILL = re.compile(rb"\xff*")  # such bytes may precede a marker, in any number
_NO_MARKERS = {0x00, *range(0x02, 0xC0)}  # stuffed bytes, reserved codes: decoders differ
_MAX_SEGMENTS = 5000  # many times what metadata of real files needs
_MAX_TABLES = 20  # between frame and scan
_MAX_SCANS = 200  # real progressive files have about 10; each costs a pass over all pixels


def read_header(data: bytes) -> ImageHeader:
    """Return the header of a JPEG.

    Raise UnsupportedImage for lossless, arithmetic, 12-bit and two-component files and for an
    absurd number of segments or scans, UndecodableImage when no frame is found.
    """
    turned = 1
    profile: dict[int, bytes] = {}
    at = 2
    for _ in range(_MAX_SEGMENTS):
        marker, at = _next_marker(data, at)
        if marker in {_SOS, _EOI}:
            raise UndecodableImage("the JPEG has no frame header before its data")
        if marker in _BARE:
            continue
        length = big16(data, at, "JPEG segment")
        if length < 2:  # noqa: PLR2004 - the length counts its own two bytes
            raise UndecodableImage("a JPEG segment has an impossible length")
        if marker == _APP1 and data[at + 2 : at + 8] == b"Exif\0\0" and turned == 1:
            turned = exif.orientation(data[at + 8 : at + length])
        if marker == _APP2 and data[at + 2 : at + 14] == b"ICC_PROFILE\0":
            profile[big16(data, at + 14, "ICC profile")] = data[at + 16 : at + length]
        if marker in _FRAMES:
            return _frame(data, marker, at, turned, _joined(profile))
        at += length
    raise UnsupportedImage(f"the JPEG has more than {_MAX_SEGMENTS} segments of metadata")


def _joined(parts: dict[int, bytes]) -> bytes:
    """Return the profile whose parts are numbered `n << 8 | count`; none when one is missing."""
    count = len(parts)
    if sorted(parts) != [n << 8 | count for n in range(1, count + 1)]:
        return b""
    return b"".join(parts[number] for number in sorted(parts))


def _next_marker(data: bytes, at: int) -> tuple[int, int]:
    if take(data, at, 1, "JPEG header") != b"\xff":
        raise UndecodableImage(f"no JPEG marker at byte {at}")
    filled = _FILL.match(data, at)
    at = filled.end() if filled else at
    marker = take(data, at, 1, "JPEG header")[0]
    if marker in _NO_MARKERS:
        raise UndecodableImage(f"no JPEG marker at byte {at}, but {marker:#04x}")
    return marker, at + 1


def _frame(data: bytes, marker: int, at: int, turned: int, profile: bytes) -> ImageHeader:
    precision, components = take(data, at + 2, 1, "JPEG frame")[0], take(data, at + 7, 1, "JPEG")[0]
    if marker not in _DECODED_FRAMES or precision != 8 or components not in _SPACES:  # noqa: PLR2004
        raise UnsupportedImage(
            f"a JPEG of process {marker - 0xC0}, {precision} bits and {components} components; "
            "save it as a baseline JPEG"
        )
    single = marker != _PROGRESSIVE and _first_scan(data, at) == components
    if not single and data.count(b"\xff\xda") > _MAX_SCANS:
        raise UnsupportedImage(f"the JPEG has more than {_MAX_SCANS} scans")
    height, width = big16(data, at + 3, "JPEG frame"), big16(data, at + 5, "JPEG frame")
    space = _SPACES[components]
    known = useful_profile(profile, space) if profile else None
    return ImageHeader("jpeg", width, height, turned, profile=known, cmyk=space == "cmyk")


def _first_scan(data: bytes, at: int) -> int:
    """Return how many components the first scan has, 0 where it is not found soon.

    When it has all of them, a decoder that is not progressive reads no further scan.
    """
    try:
        for _ in range(_MAX_TABLES):
            marker, at = _next_marker(data, at + big16(data, at, "JPEG segment"))
            if marker == _SOS:
                return take(data, at + 2, 1, "JPEG scan")[0]
    except UndecodableImage:
        return 0
    return 0
