"""A folder of images and the im2rec tool, for tests."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tagline.formats.recordio import ImageRecord, read_records, unpack_record

ROOT = Path(__file__).parents[2]


def picture(number: int, size: tuple[int, int] = (60, 40)) -> Image.Image:
    """Return a soft picture that differs from number to number."""
    rng = np.random.default_rng(number)
    coarse = Image.fromarray(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8))
    return coarse.resize(size, Image.Resampling.BICUBIC)


def save(path: Path, image: Image.Image, **options: Any) -> None:
    """Write an image in the format of the path's ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)


@dataclass(frozen=True)
class Done:
    """What the tool said and how it ended."""

    code: int
    out: str
    err: str


def im2rec(*arguments: object) -> Done:
    """Run the tool as its users do, in a process of its own: it forks its workers."""
    done = subprocess.run(
        [sys.executable, "-m", "im2rec.files", *(str(argument) for argument in arguments)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'containers'}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def records(path: Path) -> list[ImageRecord]:
    """Return the records of a file."""
    with path.open("rb") as stream:
        return [unpack_record(payload) for payload in read_records(stream)]


def decoded(record: ImageRecord) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """Return a record's pixels as Pillow sees them."""
    with Image.open(io.BytesIO(record.image)) as image:
        return np.asarray(image)


def lines(path: Path) -> Iterator[list[str]]:
    """Yield the fields of each row of a list or an index."""
    for line in path.read_text().splitlines():
        yield line.split("\t")
