"""How much an image may ask for, and a dataset's background as pixels."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What an image may ask for before a byte of it is decoded.

    Decoded pixels count, not stored ones: a JPEG is decoded at 1/2, 1/4 or 1/8 where the result
    is that small. `max_memory` is what samples and a progressive JPEG's coefficients take at once,
    in bytes; `max_work` is stored pixels times the scans that go through them. The defaults keep a
    decoder below about 1 GB.
    """

    max_bytes: int = 64 * 1024 * 1024
    max_pixels: int = 100_000_000
    max_memory: int = 400_000_000
    max_work: int = 4_000_000_000
    max_side: int = 30_000


# A client waits, and one core decodes: a second of CPU, 450 MB. A photo of any phone takes less, a
# print of 7632 x 6480 pixels with transparency that, and 16 bits a sample half as many pixels.
SERVING = Limits(max_pixels=50_000_000, max_memory=200_000_000, max_work=1_000_000_000)


def bgr(colour: str) -> tuple[int, int, int]:
    """Return `#rrggbb` in OpenCV's order, 0 … 255 each."""
    red, green, blue = bytes.fromhex(colour[1:])
    return blue, green, red
