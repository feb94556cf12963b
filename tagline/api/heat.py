"""A label's heat map as a PNG of a few pixels: red, and clear where the label hangs on nothing."""

import base64
import math
import struct
import zlib
from collections.abc import Sequence

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGBA, _DEPTH = 6, 8


def heat_url(lost: Sequence[float]) -> str | None:
    """Return a data: URL of a square PNG, one pixel for each value, row by row.

    A pixel is the more opaque, the more is lost where it is covered; the largest loss is whole.
    None where the values make no square.
    """
    side = math.isqrt(len(lost))
    if not lost or side * side != len(lost):
        return None
    most = max(1e-9, *lost)
    alphas = [max(0, min(255, round(255 * value / most))) for value in lost]
    rows = (alphas[start : start + side] for start in range(0, len(alphas), side))
    raw = b"".join(b"\0" + b"".join(bytes((255, 0, 0, alpha)) for alpha in row) for row in rows)
    header = struct.pack(">IIBBBBB", side, side, _DEPTH, _RGBA, 0, 0, 0)
    png = _SIGNATURE + b"".join(
        _chunk(kind, data)
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
    )
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _chunk(kind: bytes, data: bytes) -> bytes:
    checked = kind + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))
