"""The header of a JPEG (ITU-T T.81): size, orientation, profile, kinds that are refused."""

import re
from collections.abc import Iterator
from dataclasses import replace

from tagline.imaging.errors import UndecodableImage, UnsupportedImage
from tagline.imaging.headers import exif
from tagline.imaging.headers.bytefields import big16, take
from tagline.imaging.headers.header import ImageHeader
from tagline.imaging.headers.profile import useful_profile

SIGNATURE = b"\xff\xd8"
_APP1, _APP2, _SOS, _EOI = 0xE1, 0xE2, 0xDA, 0xD9
_BARE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
_DECODED_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended sequential, progressive
_PROGRESSIVE = 0xC2
_OTHER_FRAMES = {
    0xC3: "a lossless JPEG",
    **dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF, 0xDE), "a hierarchical JPEG"),
    **dict.fromkeys((0xC9, 0xCA), "an arithmetic-coded JPEG"),
    0xCB: "an arithmetic-coded lossless JPEG",
    0xF7: "a JPEG-LS image",
}
_SPACES = {1: "grey", 3: "rgb", 4: "cmyk"}  # by components
_FILL = re.compile(rb"\xff+")  # such bytes may precede a marker, in any number
_STRAY = re.compile(rb"(?:[^\xff]|\xff+\0)*")  # what libjpeg skips in search of a marker
_IN_DATA = re.compile(rb"\xff+[^\0\xd0-\xd7\xff]")  # a marker that ends a scan's data
_NO_MARKERS = {0x00, *range(0x02, 0xC0)}  # stuffed bytes, reserved codes: decoders differ
_MAX_SEGMENTS = 5000  # many times what metadata of real files needs
_MAX_STRAY = 1 << 16  # bytes between segments, all together
_MAX_TABLES = 20  # between frame and scan
_MAX_SCANS = 200  # real progressive files have about 10; each costs a pass over all pixels


def read_header(data: bytes) -> ImageHeader:
    """Return the header of a JPEG.

    Raise UnsupportedImage for lossless, arithmetic, 12-bit and two-component files and for an
    absurd number of segments or scans, UndecodableImage when no frame is found.
    """
    turned = 1
    profile: dict[int, bytes] = {}
    at, stray = 2, 0
    for _ in range(_MAX_SEGMENTS):
        marker, at, skipped = _next_marker(data, at)
        stray += skipped
        if marker in {_SOS, _EOI}:
            raise UndecodableImage("the JPEG has no frame header before its data")
        if stray > _MAX_STRAY:
            raise UndecodableImage(f"more than {_MAX_STRAY} bytes lie between the JPEG's segments")
        if marker in _BARE:
            continue
        length = _length(data, at)
        if marker == _APP1 and data[at + 2 : at + 8] == b"Exif\0\0" and turned == 1:
            turned = exif.orientation(data[at + 8 : at + length])
        if marker == _APP2 and data[at + 2 : at + 14] == b"ICC_PROFILE\0":
            profile[big16(data, at + 14, "ICC profile")] = data[at + 16 : at + length]
        if marker in _OTHER_FRAMES:
            raise UnsupportedImage(f"this is {_OTHER_FRAMES[marker]}; save it as a baseline JPEG")
        if marker in _DECODED_FRAMES:
            header = _frame(data, marker, at, _joined(profile))
            return replace(header, orientation=turned, stray=header.stray or stray > 0)
        at += length
    raise UnsupportedImage(f"the JPEG has more than {_MAX_SEGMENTS} segments of metadata")


def _joined(parts: dict[int, bytes]) -> bytes:
    """Return the profile whose parts are numbered `n << 8 | count`; none when one is missing."""
    count = len(parts)
    if sorted(parts) != [n << 8 | count for n in range(1, count + 1)]:
        return b""
    return b"".join(parts[number] for number in sorted(parts))


def _next_marker(data: bytes, at: int) -> tuple[int, int, int]:
    """Return the next marker, where its segment begins, and how many bytes were skipped."""
    skipped = 0
    if take(data, at, 1, "JPEG header") != b"\xff":
        stray = _STRAY.match(data, at, at + _MAX_STRAY + 1)
        skipped = stray.end() - at if stray else 0
        at += skipped
    filled = _FILL.match(data, at)
    if filled is None:
        raise UndecodableImage(f"no JPEG marker at byte {at}")
    at = filled.end()
    marker = take(data, at, 1, "JPEG header")[0]
    if marker in _NO_MARKERS:
        raise UndecodableImage(f"no JPEG marker at byte {at}, but {marker:#04x}")
    return marker, at + 1, skipped


def _length(data: bytes, at: int) -> int:
    length = big16(data, at, "JPEG segment")
    if length < 2:  # noqa: PLR2004 - the length counts its own two bytes
        raise UndecodableImage("a JPEG segment has an impossible length")
    return length


def _frame(data: bytes, marker: int, at: int, profile: bytes) -> ImageHeader:
    precision, components = take(data, at + 2, 1, "JPEG frame")[0], take(data, at + 7, 1, "JPEG")[0]
    if precision != 8 or components not in _SPACES:  # noqa: PLR2004
        raise UnsupportedImage(
            f"this is a JPEG of {precision} bits and {components} components; "
            "save it as a baseline JPEG"
        )
    first, skipped = _first_scan(data, at)
    scans = 1 if marker != _PROGRESSIVE and first == components else _scans(data, at)
    height, width = big16(data, at + 3, "JPEG frame"), big16(data, at + 5, "JPEG frame")
    space = _SPACES[components]
    return ImageHeader(
        "jpeg",
        width,
        height,
        profile=useful_profile(profile, space) if profile else None,
        cmyk=space == "cmyk",
        pixel_bytes=4 if space == "cmyk" else 3,
        stored_bytes=0 if scans == 1 else _stored_bytes(data, at, components),
        scans=scans,
        stray=skipped > 0,
    )


def _stored_bytes(data: bytes, at: int, components: int) -> int:
    """Return how many bytes of coefficients a decoder keeps a pixel, to read them scan by scan."""
    factors = [divmod(take(data, at + 9 + 3 * n, 1, "JPEG")[0], 16) for n in range(components)]
    whole = max(across for across, _ in factors) * max(down for _, down in factors)
    return -(-2 * sum(across * down for across, down in factors) // max(1, whole))


def _first_scan(data: bytes, at: int) -> tuple[int, int]:
    """Return how many components the first scan has, 0 where it is not found soon.

    When it has all of them, a decoder that is not progressive reads no further scan. With it, the
    number of stray bytes on the way there.
    """
    stray = 0
    try:
        for _ in range(_MAX_TABLES):
            marker, at, skipped = _next_marker(data, at + big16(data, at, "JPEG segment"))
            stray += skipped
            if marker == _SOS:
                return take(data, at + 2, 1, "JPEG scan")[0], stray
    except UndecodableImage:
        return 0, stray
    return 0, stray


def _scans(data: bytes, at: int) -> int:
    """Return at most how many scans the file has; raise UnsupportedImage when they are too many."""
    count = data.count(b"\xff\xda", at)
    if count <= _MAX_SCANS:
        return max(1, count)
    count = 0  # what follows the image may hold such bytes
    for marker, _ in _segments(data):
        count += marker == _SOS
        if count > _MAX_SCANS:
            raise UnsupportedImage(f"the JPEG has more than {_MAX_SCANS} scans")
    return count


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield each marker up to the end's (EOI) and where its segment begins."""
    at = 2
    while True:
        marker, at, _ = _next_marker(data, at)
        yield marker, at
        if marker == _EOI:
            return
        if marker in _BARE:
            continue
        at += _length(data, at)
        if marker == _SOS:
            found = _IN_DATA.search(data, at)
            if found is None:
                raise UndecodableImage("the JPEG is damaged or incomplete: it has no end")
            at = found.start()


def check_end(data: bytes) -> None:
    """Raise UndecodableImage unless the file goes on to its end (EOI)."""
    for _ in _segments(data):
        pass


def without_stray_bytes(data: bytes) -> bytes:
    """Return the JPEG without the bytes that lie between the segments before its first scan.

    They say nothing, and a decoder that reports damage reports them.
    """
    kept = [SIGNATURE]
    for marker, at in _segments(data):
        if marker == _SOS:
            kept.append(b"\xff\xda" + data[at:])
            break
        if marker not in _BARE:
            kept.append(bytes((0xFF, marker)) + data[at : at + _length(data, at)])
    return b"".join(kept)
