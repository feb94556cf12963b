"""How close packed images are to a full decode averaged over areas: `quality.py PREFIX.rec…`."""

import sys
from pathlib import Path

import cv2
import numpy as np
from contenders import target

from tagline.formats.recordio import read_records, unpack_record

_IMAGES = 300


def psnr(path: Path, images: Path) -> float:
    """Return the mean PSNR in dB of the first records of a file against their originals."""
    found = []
    with path.open("rb") as stream:
        for _, payload in zip(range(_IMAGES), read_records(stream), strict=False):
            record = unpack_record(payload)
            original = cv2.imread(str(images / f"{record.identifier:05d}.jpg"))
            if original is None:
                raise SystemExit(f"image {record.identifier} is missing in {images}")
            size = target(original.shape[1], original.shape[0])
            ideal = cv2.resize(original, size, interpolation=cv2.INTER_AREA)
            packed = cv2.imdecode(np.frombuffer(record.image, np.uint8), cv2.IMREAD_COLOR)
            if packed is None or packed.shape != ideal.shape:
                raise SystemExit(f"{path}: image {record.identifier} has another size")
            found.append(10 * np.log10(255**2 / np.mean((packed.astype(float) - ideal) ** 2)))
    return float(np.mean(found))


def ground(path: Path) -> str:
    """Return the median colour (r, g, b) that the top left corners of a file's images have."""
    corners = []
    with path.open("rb") as stream:
        for _, payload in zip(range(_IMAGES), read_records(stream), strict=False):
            data = np.frombuffer(unpack_record(payload).image, np.uint8)
            pixels = cv2.imdecode(data, cv2.IMREAD_COLOR)
            if pixels is None:
                raise SystemExit(f"{path}: a record is no image")
            corners.append(pixels[0, 0, ::-1])
    return str(tuple(int(value) for value in np.median(corners, axis=0)))


if __name__ == "__main__":
    images = Path(sys.argv[1])
    for name in sys.argv[2:]:
        print(f"{psnr(Path(name), images):.2f}")
