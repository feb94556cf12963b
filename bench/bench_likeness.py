"""How many near-copies the likenesses find, and how many other pictures they take for ones.

    PYTHONPATH=.:containers .venv/bin/python bench/bench_likeness.py [--images FOLDER]

Each original (drawn designs, or a folder's images) is packed beside copies of it in other sizes,
formats and shades, by the product's own code. Told is the share of copies that are near their
original, and that are within so many bits of it; then the pairs of different originals that are.
"""

import argparse
import io
import random
import tempfile
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

from PIL import Image

from im2rec.records import FetchedImage, Record, pack_image
from tagline.designs import draw_designs
from tagline.formats.near_copies import are_near
from tagline.formats.settings import ImageSpec

BITS = (5, 8, 12, 16, 24)
Copy = Callable[[Image.Image], bytes]


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    if kind == "JPEG":
        flat = Image.new("RGB", image.size, "white")
        flat.paste(image, mask=image.getchannel("A"))
        image = flat
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def _scaled(image: Image.Image, by: float) -> bytes:
    width, height = (max(16, round(side * by)) for side in image.size)
    return _saved(image.resize((width, height), Image.Resampling.LANCZOS), "PNG")


def _shaded(image: Image.Image, shade: Callable[[float], float]) -> bytes:
    bands = list(image.split())
    bands[:3] = [band.point([round(shade(level)) for level in range(256)]) for band in bands[:3]]
    return _saved(Image.merge("RGBA", bands), "PNG")


COPIES: dict[str, Copy] = {
    "half the size": lambda image: _scaled(image, 0.5),
    "three quarters": lambda image: _scaled(image, 0.75),
    "twice the size": lambda image: _scaled(image, 2),
    "JPEG 60": lambda image: _saved(image, "JPEG", quality=60),
    "JPEG 90": lambda image: _saved(image, "JPEG", quality=90),
    "WebP 50": lambda image: _saved(image, "WEBP", quality=50),
    "WebP lossless": lambda image: _saved(image, "WEBP", lossless=True),
    "lighter by 5 %": lambda image: _shaded(image, lambda level: 255 - (255 - level) * 0.95),
    "lighter by 10 %": lambda image: _shaded(image, lambda level: 255 - (255 - level) * 0.9),
    "lighter by 20 %": lambda image: _shaded(image, lambda level: 255 - (255 - level) * 0.8),
    "darker by 5 %": lambda image: _shaded(image, lambda level: level * 0.95),
    "darker by 10 %": lambda image: _shaded(image, lambda level: level * 0.9),
    "darker by 20 %": lambda image: _shaded(image, lambda level: level * 0.8),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Near-copies found, and others taken for ones.")
    parser.add_argument("--images", type=Path, help="a folder; without it designs are drawn")
    parser.add_argument("--originals", type=int, default=300)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.images is None:
            draw_designs(Path(folder), count=asked.originals, seed=1, held_out=0, workers=1)
        files = [p for p in sorted((asked.images or Path(folder)).rglob("*")) if _is_image(p)]
        random.Random(1).shuffle(files)  # noqa: S311 - no secret
        originals = [Image.open(path).convert("RGBA") for path in files[: asked.originals]]
        _tell(originals)


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in {".png", ".jpg", ".jpeg", ".webp", ".gif"}


def _likeness(data: bytes) -> int | None:
    record = pack_image(FetchedImage(1, "1", data), ImageSpec())
    return int(record.likeness, 16) if isinstance(record, Record) and record.likeness else None


def _tell(originals: list[Image.Image]) -> None:
    own = {at: _likeness(_saved(image, "PNG")) for at, image in enumerate(originals)}
    kept = {at: found for at, found in own.items() if found is not None}
    _row(f"{len(kept)} originals", ["near", *(f"<= {bits}" for bits in BITS)])
    for name, copy in COPIES.items():
        found = {at: _likeness(copy(originals[at])) for at in kept}
        pairs = [(kept[at], it) for at, it in found.items() if it is not None]
        _row(name, [f"{sum(hits) / len(pairs):.1%}" for hits in _near(pairs)])
    pairs = list(combinations(kept.values(), 2))
    _row(f"of {len(pairs):,} other pairs", [str(sum(hits)) for hits in _near(pairs)])


def _near(pairs: list[tuple[int, int]]) -> Iterator[list[bool]]:
    yield [are_near(one, two) for one, two in pairs]
    for bits in BITS:
        yield [(one ^ two).bit_count() <= bits for one, two in pairs]


def _row(name: str, cells: list[str]) -> None:
    print(f"{name:<24}" + "".join(f"{cell:>9}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
