"""Colours that a PNG tells by numbers, as the ICC profile that says the same."""

import struct
from functools import lru_cache

import numpy as np

from tagline.imaging.errors import UnsupportedImage
from tagline.imaging.headers.profile import Profile

_CACHED = 16
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)  # ICC's parametric type 3
_D65 = (0.3127, 0.3290)
_SRGB = (*_D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)  # x and y of white, red, green, blue
_GAMMA = 1 / 2.2  # what a PNG of sRGB says
# of ITU-T H.273; BT.709 and its kin are shown by sRGB's curve, as browsers do
_PRIMARIES = {
    1: _SRGB,
    5: (*_D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (*_D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    7: (*_D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
_CURVES = dict.fromkeys((1, 6, 13, 14, 15), _SRGB_CURVE) | {4: (2.2,), 5: (2.8,), 8: (1.0,)}
_HDR = {16: "PQ", 18: "HLG"}
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.03]]
)
_D50 = np.array([0.9642, 1.0, 0.8249])
_NEAR_PRIMARIES, _NEAR_GAMMA = 0.002, 0.05  # libpng's idea of "the same gamma"
_LEAST_GAMMA, _MOST_GAMMA = 0.1, 10


def profile_of_code_points(chunk: bytes, space: str) -> tuple[bool, Profile | None]:
    """Return whether a cICP chunk says colours that are known, and their profile if not sRGB.

    Raise UnsupportedImage for high dynamic range and video levels: there is no faithful way to the
    pixels of a model.
    """
    if len(chunk) != 4 or chunk[2]:  # noqa: PLR2004 - a PNG is RGB, matrix 0
        return False, None
    primaries, curve, full = _PRIMARIES.get(chunk[0]), _CURVES.get(chunk[1]), chunk[3]
    if chunk[1] in _HDR:
        raise UnsupportedImage(f"the PNG is of high dynamic range ({_HDR[chunk[1]]})")
    if primaries is None or curve is None:
        return False, None
    if not full:
        raise UnsupportedImage("the PNG has video levels (16 … 235)")
    if curve == _SRGB_CURVE and (primaries == _SRGB or space == "grey"):
        return True, None
    return True, _profile(space, primaries, curve)


def profile_of_gamma(gamma: bytes, chromaticities: bytes, space: str) -> Profile | None:
    """Return the profile of a PNG's gAMA and cHRM chunks; None where they say sRGB or nothing."""
    told = struct.unpack(">I", gamma)[0] / 100_000 if len(gamma) == 4 else _GAMMA  # noqa: PLR2004
    primaries = _SRGB
    if len(chromaticities) == 32 and space == "rgb":  # noqa: PLR2004
        primaries = tuple(value / 100_000 for value in struct.unpack(">8I", chromaticities))
        if all(abs(a - b) <= _NEAR_PRIMARIES for a, b in zip(primaries, _SRGB, strict=True)):
            primaries = _SRGB
    if not _LEAST_GAMMA <= told <= _MOST_GAMMA:
        told = _GAMMA
    if abs(told / _GAMMA - 1) > _NEAR_GAMMA:
        return _profile(space, primaries, (1 / told,))
    if primaries is _SRGB:
        return None
    return _profile(space, primaries, (1 / told,) if gamma else _SRGB_CURVE)


@lru_cache(_CACHED)
def _profile(space: str, primaries: tuple[float, ...], curve: tuple[float, ...]) -> Profile | None:
    """Return a version 4 monitor profile; None where the primaries make no colours."""
    tags = {b"wtpt": _xyz(_D50)}
    tone = struct.pack(">4sIHH", b"para", 0, 0 if len(curve) == 1 else 3, 0)
    tone += b"".join(_fixed(value) for value in curve)
    if space == "grey":
        tags[b"kTRC"] = tone
    else:
        try:
            columns = _columns(primaries)
        except (np.linalg.LinAlgError, ZeroDivisionError):
            return None
        for name, column in zip((b"r", b"g", b"b"), columns, strict=True):
            tags[name + b"XYZ"], tags[name + b"TRC"] = _xyz(column), tone
    return Profile(space, _icc(b"GRAY" if space == "grey" else b"RGB ", tags))


def _columns(primaries: tuple[float, ...]) -> list[np.ndarray]:
    """Return the XYZ of red, green and blue, adapted to D50 as Bradford does."""
    white, *corners = (
        np.array([x / y, 1, (1 - x - y) / y])
        for x, y in zip(primaries[::2], primaries[1::2], strict=True)
    )
    colours = np.stack(corners, 1)
    matrix = colours * np.linalg.solve(colours, white)
    gains = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(gains) @ _BRADFORD @ matrix
    if not np.isfinite(adapted).all() or np.abs(adapted).max() > 4:  # noqa: PLR2004 - real ones: 1
        raise np.linalg.LinAlgError
    return list(adapted.T)


def _icc(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    start = 128 + 4 + 12 * len(tags)
    table, body = b"", b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    head = struct.pack(">I4xI4s4s4s", start + len(body), 0x04300000, b"mntr", space, b"XYZ ")
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + _xyz(_D50)[8:]
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _xyz(values: np.ndarray) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(_fixed(float(value)) for value in values)


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))
