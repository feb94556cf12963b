"""Embedded ICC profiles (ICC.1:2022): which of them change colours, and how large they may be."""

import struct
from dataclasses import dataclass

from imaging.errors import UnsupportedImage

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
    description = _description(data)
    if any(name in description for name in _SRGB):
        return None
    return Profile(space, data)


def _description(data: bytes) -> bytes:
    try:
        (count,) = struct.unpack_from(">I", data, _HEADER)
        for entry in range(min(count, _MAX_TAGS)):
            name, at, length = struct.unpack_from(">4sII", data, _HEADER + 4 + entry * _TAG)
            if name == b"desc":
                return data[at : at + length]
    except struct.error:
        return b""
    return b""
