"""The header of a JPEG (ITU-T T.81): frame size, EXIF orientation, kinds that are refused."""

from imaging import exif
from imaging.bytefields import big16, take
from imaging.errors import UndecodableImage, UnsupportedImage
from imaging.header import ImageHeader

SIGNATURE = b"\xff\xd8\xff"
_APP1, _SOS, _EOI = 0xE1, 0xDA, 0xD9
_BARE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_DECODED_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended sequential, progressive
_COMPONENTS = {1, 3, 4}
_MAX_SEGMENTS, _MAX_FILL = 5000, 64  # many times what metadata of real files needs
_MAX_SCANS = 200  # real progressive files have about 10; each costs a pass over all pixels


def read_header(data: bytes) -> ImageHeader:
    """Return the header of a JPEG.

    Raise UnsupportedImage for lossless, arithmetic, 12-bit and two-component files and for an
    absurd number of segments or scans, UndecodableImage when no frame is found.
    """
    turned = 1
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
        if marker in _FRAMES:
            return _frame(data, marker, at, turned)
        at += length
    raise UnsupportedImage(f"the JPEG has more than {_MAX_SEGMENTS} segments of metadata")


def _next_marker(data: bytes, at: int) -> tuple[int, int]:
    if take(data, at, 1, "JPEG header") != b"\xff":
        raise UndecodableImage(f"no JPEG marker at byte {at}")
    head = data[at : at + _MAX_FILL]
    at += len(head) - len(head.lstrip(b"\xff"))  # fill bytes may precede a marker
    return take(data, at, 1, "JPEG header")[0], at + 1


def _frame(data: bytes, marker: int, at: int, turned: int) -> ImageHeader:
    precision, components = take(data, at + 2, 1, "JPEG frame")[0], take(data, at + 7, 1, "JPEG")[0]
    if marker not in _DECODED_FRAMES or precision != 8 or components not in _COMPONENTS:  # noqa: PLR2004
        raise UnsupportedImage(
            f"a JPEG of process {marker - 0xC0}, {precision} bits and {components} components; "
            "save it as a baseline JPEG"
        )
    if data.count(b"\xff\xda") > _MAX_SCANS:
        raise UnsupportedImage(f"the JPEG has more than {_MAX_SCANS} scans")
    height, width = big16(data, at + 3, "JPEG frame"), big16(data, at + 5, "JPEG frame")
    return ImageHeader("jpeg", width, height, turned)
