"""`python -m im2rec.thumbnails`: small JPEGs of local images, as a run would pack them.

Standard input: the settings as JSON (an ImageSpec of the thumbnails' size), then a line
`[number, path]` an image. Standard output: a line an image, its JPEG in base64, or null.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import msgspec
import numpy as np

from im2rec.errors import PackFailed
from im2rec.pool import PackingPool
from im2rec.records import FetchedImage
from tagline.formats.machine import cores
from tagline.formats.printable import printable
from tagline.formats.settings import ImageSpec
from tagline.imaging import ImageError, Limits, preprocess

_QUALITY = 75


def thumbnail(image: FetchedImage, spec: ImageSpec) -> bytes | None:
    """Return an image as a small JPEG; None where it cannot be decoded."""
    try:
        pixels = preprocess(image.data, spec)
    except ImageError:
        return None
    pixels = np.ascontiguousarray(pixels[:, :, ::-1])  # RGB to OpenCV's order
    return cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))[1].tobytes()


def main() -> int:
    """Draw the images of standard input; return the exit code."""
    lines = sys.stdin.buffer
    spec = msgspec.json.decode(lines.readline(), type=ImageSpec)
    images = (msgspec.json.decode(line, type=tuple[int, str]) for line in lines)
    with PackingPool(spec, cores(), thumbnail) as pool:
        for answer in pool.pack(_fetched(images)):
            told = answer if isinstance(answer, bytes) else None  # a decoder that crashed, too
            sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    return 0


def _fetched(images: Iterator[tuple[int, str]]) -> Iterator[FetchedImage]:
    for number, path in images:
        with Path(path).open("rb") as file:
            yield FetchedImage(number, "0", file.read(Limits().max_bytes + 1))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, PackFailed) as exc:
        sys.exit(printable(exc))
