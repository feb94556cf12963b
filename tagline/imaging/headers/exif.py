"""The one EXIF field that changes pixels: orientation (tag 0x0112 of IFD0, TIFF 6.0 layout)."""

import struct

_ORIENTATION = 0x0112
_WIDTHS = {1: "B", 3: "H", 4: "I"}  # BYTE, SHORT as the standard has it, LONG
_UPRIGHT = 1


def orientation(block: bytes) -> int:
    """Return 1 … 8 as the EXIF standard numbers them; 1 (upright) when the block says nothing.

    `block` begins with the TIFF header. A damaged one counts as absent, as in every viewer: the
    pixels do not depend on it.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        return _UPRIGHT
    try:
        (ifd,) = struct.unpack_from(f"{order}I", block, 4)
        (count,) = struct.unpack_from(f"{order}H", block, ifd)
        for entry in range(count):
            at = ifd + 2 + 12 * entry
            tag, kind = struct.unpack_from(f"{order}HH", block, at)
            if tag == _ORIENTATION and kind in _WIDTHS:
                (value,) = struct.unpack_from(order + _WIDTHS[kind], block, at + 8)
                return int(value) if 1 <= value <= 8 else _UPRIGHT  # noqa: PLR2004
    except struct.error:
        return _UPRIGHT
    return _UPRIGHT
