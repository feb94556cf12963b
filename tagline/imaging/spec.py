"""How much an image may ask for, and a dataset's background as pixels."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What an image may ask for before a byte of it is decoded.

    The defaults keep a decoder below about 0.9 GB: 50 megapixels, 16-bit, four channels.
    """

    max_bytes: int = 64 * 1024 * 1024
    max_pixels: int = 50_000_000
    max_side: int = 30_000


def bgr(colour: str) -> tuple[int, int, int]:
    """Return `#rrggbb` in OpenCV's order, 0 … 255 each."""
    red, green, blue = bytes.fromhex(colour[1:])
    return blue, green, red
