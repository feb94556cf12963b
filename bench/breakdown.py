"""Where one image's time goes, in one process, beside the entropy-decoding floor."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from entropy import EntropyDecoder

from im2rec.files.images import _encoded, _read, _window, pack_file
from im2rec.files.options import read_options
from im2rec.files.rows import FileItem, RowReader
from imaging import geometry
from imaging.decode import decode
from imaging.preprocess import checked_header
from tagline.recordio import pack_record

_IMAGES, _REPEATS = 500, 5
_REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def main(prefix: str, root: str) -> None:
    """Print `name<tab>milliseconds` of each step: CPU time an image, the best of five passes."""
    cv2.setNumThreads(1)
    options = read_options(["--resize", "96", "--pack-label", prefix, root])
    rows = RowReader(options.root, pack_label=True).read(Path(f"{prefix}.lst"))
    items = [row for row in rows if isinstance(row, FileItem)][:_IMAGES]
    data = _timed("read the file", lambda item: _read(item.path), items)
    headers = _timed("check the header", checked_header, data)
    windows = [_window(header, options) for header in headers]
    needs = [w.needs(h.width, h.height) for w, h in zip(windows, headers, strict=True)]
    decoded = _timed(
        "decode, scaled", lambda job: decode(*job), zip(data, headers, needs, strict=True)
    )
    jobs = [
        (pixels, window, (header.width, header.height), scale)
        for (pixels, scale), window, header in zip(decoded, windows, headers, strict=True)
    ]
    small = _timed("resample", lambda job: geometry.resample(*job), jobs)
    encoded = _timed("encode", lambda pixels: _encoded(pixels, options), small)
    pairs = list(zip(items, encoded, strict=True))
    _timed("make the record", lambda p: pack_record(p[0].identifier, p[0].labels, p[1]), pairs)
    _timed("all of it", lambda item: pack_file(item, options), items)
    jobs = zip(data, (scale for _, scale in decoded), strict=True)
    _timed("(decode, scaled, by OpenCV)", lambda job: _by_opencv(*job), jobs)
    floor = EntropyDecoder()
    _timed("entropy decoding alone", floor.run, data)


def _by_opencv(data: bytes, scale: int) -> Any:
    flags = _REDUCED[scale] | cv2.IMREAD_IGNORE_ORIENTATION
    return cv2.imdecode(np.frombuffer(data, np.uint8), flags)


def _timed(name: str, step: Callable[[Any], Any], jobs: Any) -> list[Any]:
    jobs = list(jobs)
    best, found = float("inf"), []
    for _ in range(_REPEATS):
        started = time.process_time()
        found = [step(job) for job in jobs]
        best = min(best, time.process_time() - started)
    print(f"{name}\t{best / len(jobs) * 1000:.4f}", flush=True)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
