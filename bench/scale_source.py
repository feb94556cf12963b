"""What the scale run works on: many small images, no two alike, and a list with their labels."""

import functools
import io
import pickle
import random
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

LABELS = 334
_BASES = 240  # drawings; each image is one of them with a text of its own in the file
_PATTERNS = 2000
_SHARE = 0.01  # of labels that are 1
_PNG_HEADER = 8 + 25  # signature and IHDR
_JPEG_HEADER = 2  # SOI


@functools.cache
def _bases() -> list[bytes]:
    return [_drawing(number) for number in range(_BASES)]


def name(row: int) -> str:
    """Return the name of a row's image; names are in the order of rows."""
    return f"{row:07d}.{'jpg' if row % _BASES % 2 else 'png'}"


def content(row: int, bases: Sequence[bytes]) -> bytes:
    """Return the bytes of a row's image, about 1 kB and unlike those of any other."""
    base = bases[row % len(bases)]
    text = f"tagline scale run {row}".encode()
    if base.startswith(b"\xff\xd8"):
        comment = b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text
        return base[:_JPEG_HEADER] + comment + base[_JPEG_HEADER:]
    body = b"tEXtComment\0" + text
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return base[:_PNG_HEADER] + chunk + base[_PNG_HEADER:]


def images(rows: int) -> Iterator[tuple[str, bytes]]:
    """Yield each image's name and bytes; their contents (ETags) are distinct."""
    bases = _bases()
    return ((name(row), content(row, bases)) for row in range(rows))


def save_bases(path: Path) -> None:
    """Write the drawings to a file, from which `load_bases` has them where nothing can draw."""
    path.write_bytes(pickle.dumps(_bases()))


def load_bases(path: Path) -> list[bytes]:
    """Return the drawings that were saved."""
    found: list[bytes] = pickle.loads(path.read_bytes())  # noqa: S301 - the bench's own
    return found


def write_list(path: Path, rows: int) -> None:
    """Write the list of these images with 334 labels a row; the same bytes each time."""
    chance = random.Random(0)  # noqa: S311 - no secret
    patterns = [_labels(chance) for _ in range(_PATTERNS)]
    with path.open("w", encoding="ascii") as stream:
        for row in range(rows):
            _write_row(stream, row, patterns[chance.randrange(_PATTERNS)])


def _write_row(stream: TextIO, row: int, labels: str) -> None:
    stream.write(f"{row}\t{labels}\timages/{name(row)}\n")


def _labels(chance: random.Random) -> str:
    return "\t".join("1" if chance.random() < _SHARE else "0" for _ in range(LABELS))


def _drawing(number: int) -> bytes:
    """Return a drawing of 32 to 64 px: even numbers as transparent PNG, odd ones as JPEG."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - the cloud, which only reads them, has none

    chance = random.Random(number)  # noqa: S311 - no secret
    size = chance.randint(32, 64)
    image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    for _ in range(6):
        x, y, r = (chance.randint(0, size) for _ in range(3))
        colour = (*(chance.randint(0, 255) for _ in range(3)), 255)
        pen.ellipse((x - r / 3, y - r / 3, x + r / 3, y + r / 3), fill=colour)
    stream = io.BytesIO()
    if number % 2 == 0:
        image.save(stream, "PNG")
    else:
        image.convert("RGB").save(stream, "JPEG", quality=80)
    return stream.getvalue()
