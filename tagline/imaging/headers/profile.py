"""Embedded ICC profiles (ICC.1:2022): which of them change colours, and how large they may be."""

import struct
from dataclasses import dataclass
from functools import lru_cache

from tagline.imaging.errors import UnsupportedImage

MAX_BYTES = 4 * 1024 * 1024  # profiles of printing presses have up to about 2 MiB
_HEADER, _TAG = 128, 12
_MAX_TAGS = 100
_CACHED = 16  # profiles; a dataset has a handful
_SPACES = {b"RGB ": "rgb", b"GRAY": "grey", b"CMYK": "cmyk"}
# sRGB's primaries as XYZ, adapted to D50, and how far a profile's may be from them: below one level
_PRIMARIES = {
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
}
_NEAR = 0.0003
_HALF_A_LEVEL = 0.5 / 255


@dataclass(frozen=True)
class Profile:
    """A profile that is not sRGB: `space` is rgb, grey or cmyk, `data` the profile itself."""

    space: str
    data: bytes


@lru_cache(_CACHED)
def useful_profile(data: bytes, space: str) -> Profile | None:
    """Return the profile of an image of that `space`, or None where it changes nothing.

    That is so for sRGB, by its primaries and tone curves, and for a profile that is damaged or of
    another space: every viewer ignores those. Raise UnsupportedImage when it is too large to be
    looked at.
    """
    if len(data) > MAX_BYTES:
        raise UnsupportedImage(f"the ICC profile has more than {MAX_BYTES} bytes")
    if len(data) <= _HEADER or data[36:40] != b"acsp" or _SPACES.get(data[16:20]) != space:
        return None
    if space == "rgb" and data[20:24] == b"XYZ " and _is_srgb(_tags(data)):
        return None
    return Profile(space, data)


def _is_srgb(tags: dict[bytes, bytes]) -> bool:
    """Return whether primaries and curves are sRGB's; false where that is not plain to see."""
    if any(name.startswith((b"A2B", b"D2B")) for name in tags):  # tables that count for more
        return False
    for name, wanted in _PRIMARIES.items():
        if len(tags.get(name, b"")) < 20 or tags[name][:4] != b"XYZ ":  # noqa: PLR2004
            return False
        found = struct.unpack_from(">3i", tags[name], 8)
        if any(abs(f / 65536 - w) > _NEAR for f, w in zip(found, wanted, strict=True)):
            return False
    curves = {tags.get(name, b"") for name in (b"rTRC", b"gTRC", b"bTRC")}
    return all(_is_srgb_curve(curve) for curve in curves)


def _is_srgb_curve(curve: bytes) -> bool:
    """Return whether a tone curve is sRGB's within half a level."""
    try:
        if curve[:4] == b"curv":
            return _is_srgb_table(curve)
        if curve[:4] == b"para" and curve[8:10] == b"\0\3":
            gamma, a, b, c, d = (value / 65536 for value in struct.unpack_from(">5i", curve, 12))
            levels = (level / 255 for level in range(256))
            return all(
                _near_srgb((a * x + b) ** gamma if x >= d else c * x, x)
                for x in levels
                if x < d or a * x + b >= 0
            )
    except (struct.error, OverflowError):
        return False
    return False


def _is_srgb_table(curve: bytes) -> bool:
    (count,) = struct.unpack_from(">I", curve, 8)
    if not 2 <= count <= len(curve) // 2:  # noqa: PLR2004 - a line needs two points
        return False
    table = struct.unpack_from(f">{count}H", curve, 12)
    for level in range(256):
        place = level * (count - 1) / 255
        below = min(int(place), count - 2)
        value = table[below] + (table[below + 1] - table[below]) * (place - below)
        if not _near_srgb(value / 65535, level / 255):
            return False
    return True


def _near_srgb(linear: float, level: float) -> bool:
    encoded = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055  # noqa: PLR2004
    return bool(abs(encoded - level) <= _HALF_A_LEVEL)


def _tags(data: bytes) -> dict[bytes, bytes]:
    """Return the data of each tag, as far as the table can be read."""
    tags: dict[bytes, bytes] = {}
    try:
        (count,) = struct.unpack_from(">I", data, _HEADER)
        for entry in range(min(count, _MAX_TAGS)):
            name, at, length = struct.unpack_from(">4sII", data, _HEADER + 4 + entry * _TAG)
            tags.setdefault(name, data[at : at + length])
    except struct.error:
        return tags
    return tags
