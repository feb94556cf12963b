"""The seeded image sets of the benchmark: photographs-like JPEGs and transparent PNGs.

Each image depends on its number alone, so a set is the same for any order or process that draws it.
"""

import sys
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np

LABELS = 50
_SUBSAMPLED = 0x221111  # 4:2:0, as nearly all published JPEGs are
_OCTAVES = ((3, 50), (12, 30), (46, 34))  # cells a side, strength in levels
_SHAPES, _GRAIN, _QUALITY, _FINE = (2, 8), 11, (34, 52), (70, 82)
_MARK = "complete"


def draw_jpeg(number: int, qualities: tuple[int, int] = _QUALITY) -> bytes:
    """Return a JPEG of 0.1 to 2 megapixels: soft colour fields, shapes with edges, fine grain."""
    rng = np.random.default_rng([1, number])
    short = int(rng.integers(330, 1120))
    long = int(short * rng.uniform(1.0, 1.75))
    width, height = (long, short) if rng.random() < 0.6 else (short, long)  # noqa: PLR2004
    pixels = np.full((height, width, 3), 128, np.uint8)
    for cells, strength in _OCTAVES:
        noise = rng.normal(0, strength, (cells, cells, 3)).clip(-127, 127) + 128
        field = cv2.resize(noise.astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
        pixels = cv2.addWeighted(pixels, 1, field, 1, -128)
    _shapes(pixels, rng, int(rng.integers(*_SHAPES)))
    grain = rng.normal(128, _GRAIN, (height // 4 + 1, width // 4 + 1)).astype(np.uint8)
    grain = cv2.resize(grain, (width, height), interpolation=cv2.INTER_NEAREST)
    pixels = cv2.addWeighted(pixels, 1, cv2.cvtColor(grain, cv2.COLOR_GRAY2BGR), 1, -128)
    quality = int(rng.integers(*qualities))
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, _SUBSAMPLED]
    return bytes(cv2.imencode(".jpg", pixels, options)[1])


def draw_fine_jpeg(number: int) -> bytes:
    """Return the same at the quality of a camera: 150 kB instead of 82."""
    return draw_jpeg(number, _FINE)


def draw_png(number: int) -> bytes:
    """Return a 512 x 512 RGBA PNG: a design on a fully transparent ground, with soft edges."""
    rng = np.random.default_rng([2, number])
    pixels = np.zeros((512, 512, 4), np.uint8)
    for _ in range(int(rng.integers(4, 14))):
        colour = (*rng.integers(0, 256, 3).tolist(), 255)
        centre = tuple(rng.integers(60, 452, 2).tolist())
        axes = tuple(rng.integers(10, 150, 2).tolist())
        cv2.ellipse(
            pixels, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA
        )
    return bytes(cv2.imencode(".png", pixels)[1])


def _shapes(pixels: Any, rng: np.random.Generator, count: int) -> None:
    height, width = pixels.shape[:2]
    for _ in range(count):
        colour = rng.integers(0, 256, 3).tolist()
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        size = int(rng.integers(6, max(8, min(width, height) // 6)))
        kind = rng.integers(0, 3)
        if kind == 0:
            cv2.circle(pixels, (x, y), size, colour, -1, cv2.LINE_AA)
        elif kind == 1:
            corners = rng.integers(-size, size, (4, 2)) + np.array((x, y))
            cv2.fillPoly(pixels, [corners.astype(np.int32)], colour, cv2.LINE_AA)
        else:
            cv2.putText(pixels, "design", (x, y), 0, size / 30, colour, 2, cv2.LINE_AA)


KINDS: dict[str, Callable[[int], bytes]] = {
    "jpg": draw_jpeg, "fine-jpg": draw_fine_jpeg, "png": draw_png
}  # fmt: skip


def make_set(folder: Path, kind: str, count: int) -> Path:
    """Draw `count` images and their list into `folder`, unless that was done before.

    Return the list's prefix, as im2rec takes it: `<prefix>.lst` lies beside it.
    """
    prefix = folder / "set"
    mark = folder / _MARK
    if mark.is_file() and mark.read_text() == f"{kind} {count}":
        return prefix
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    with get_context("spawn").Pool(2) as pool:
        pool.starmap(_write, [(images, kind, n) for n in range(count)], chunksize=16)
    prefix.with_suffix(".lst").write_text("".join(_row(n, kind) for n in range(count)))
    mark.write_text(f"{kind} {count}")
    return prefix


def _write(images: Path, kind: str, number: int) -> None:
    (images / _name(number, kind)).write_bytes(KINDS[kind](number))


def _name(number: int, kind: str) -> str:
    return f"{number:05d}.{kind.rpartition('-')[2]}"


def _row(number: int, kind: str) -> str:
    rng = np.random.default_rng([3, number])
    labels = "\t".join(str(label) for label in (rng.random(LABELS) < 0.06).astype(int))  # noqa: PLR2004
    return f"{number}\t{labels}\t{_name(number, kind)}\n"


if __name__ == "__main__":
    make_set(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
