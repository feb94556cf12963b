"""Embedded ICC profiles (ICC.1:2022): which of them change colours, and how large they may be."""

import struct
from dataclasses import dataclass

from tagline.imaging.errors import UnsupportedImage

MAX_BYTES = 4 * 1024 * 1024  # profiles of printing presses have up to about 2 MiB
_HEADER, _TAG = 128, 12
_MAX_TAGS = 100
_SRGB = (b"sRGB", "sRGB".encode("utf-16-be"))
_SPACES = {b"RGB ": "rgb", b"GRAY": "grey", b"CMYK": "cmyk"}


@dataclass(frozen=True)
class Profile:
    """A profile that is not sRGB: `space` is rgb, grey or cmyk, `data` the profile itself."""

    space: str
    data: bytes


def useful_profile(data: bytes, space: str) -> Profile | None:
    """Return the profile of an image of that `space`, or None where it changes nothing.

    That is so for sRGB, by its description, and for a profile that is damaged or of another space:
    every viewer ignores those. Raise UnsupportedImage when it is too large to be looked at.
    """
    if len(data) > MAX_BYTES:
        raise UnsupportedImage(f"the ICC profile has more than {MAX_BYTES} bytes")
    if len(data) <= _HEADER or data[36:40] != b"acsp" or _SPACES.get(data[16:20]) != space:
        return None
    if any(name in _tag(data, b"desc") for name in _SRGB) and not _linear(_tag(data, b"rTRC")):
        return None
    return Profile(space, data)


def _linear(curve: bytes) -> bool:
    """Return whether a tone curve is a straight line: "linear sRGB" has the same primaries only."""
    if curve[:4] == b"curv":
        return curve[8:12] == b"\0\0\0\0" or curve[8:14] == b"\0\0\0\1\1\0"
    return curve[:4] == b"para" and curve[8:16] == b"\0\0\0\0\0\1\0\0"


def _tag(data: bytes, wanted: bytes) -> bytes:
    """Return the data of a tag; none where the profile has it not."""
    try:
        (count,) = struct.unpack_from(">I", data, _HEADER)
        for entry in range(min(count, _MAX_TAGS)):
            name, at, length = struct.unpack_from(">4sII", data, _HEADER + 4 + entry * _TAG)
            if name == wanted:
                return data[at : at + length]
    except struct.error:
        return b""
    return b""
