"""Where one image's time goes, in one process, beside the entropy-decoding floor."""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from entropy import EntropyDecoder

from im2rec.allocator import keep_freed_memory
from im2rec.files.images import _encoded, _read, _window, pack_file
from im2rec.files.options import read_options
from im2rec.files.rows import ImageFile, RowReader
from tagline.formats.recordio import pack_record
from tagline.imaging import geometry
from tagline.imaging.decoders.decode import decode
from tagline.imaging.preprocess import checked_header

_IMAGES, _ROUNDS = 500, 9
_REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def main(prefix: str, root: str) -> None:
    """Print `name<tab>milliseconds` of each step: CPU time an image, the best of some rounds."""
    cv2.setNumThreads(1)
    keep_freed_memory()  # as a worker does
    options = read_options(["--resize", "96", "--pack-label", prefix, root])
    rows = RowReader(options.root, pack_label=True).read(Path(f"{prefix}.lst"))
    items = [row for row in rows if isinstance(row, ImageFile)][:_IMAGES]
    data = [_read(item.path) for item in items]
    headers = [checked_header(each) for each in data]
    windows = [_window(header, options) for header in headers]
    needs = [w.needs(h.width, h.height) for w, h in zip(windows, headers, strict=True)]
    to_decode = list(zip(data, headers, needs, strict=True))
    decoded = [decode(*job) for job in to_decode]
    to_resample = [
        (pixels, window, (header.width, header.height), scale)
        for (pixels, scale), window, header in zip(decoded, windows, headers, strict=True)
    ]
    small = [geometry.resample(*job) for job in to_resample]
    encoded = [_encoded(pixels, options) for pixels in small]
    by_opencv = [(each, scale) for each, (_, scale) in zip(data, decoded, strict=True)]
    steps: list[tuple[str, Callable[[Any], Any], Sequence[Any]]] = [
        ("read the file", lambda item: _read(item.path), items),
        ("check the header", checked_header, data),
        ("decode, scaled", lambda job: decode(*job), to_decode),
        ("resample", lambda job: geometry.resample(*job), to_resample),
        ("encode", lambda pixels: _encoded(pixels, options), small),
        (
            "make the record",
            lambda pair: pack_record(pair[0].identifier, pair[0].labels, pair[1]),
            list(zip(items, encoded, strict=True)),
        ),
        ("all of it", lambda item: pack_file(item, options), items),
        ("(decode, scaled, by OpenCV)", lambda job: _by_opencv(*job), by_opencv),
        ("entropy decoding alone", EntropyDecoder().run, data),
    ]
    best = {name: float("inf") for name, _, _ in steps}
    for _ in range(_ROUNDS):  # in turn, for the machine's speed changes
        for name, step, jobs in steps:
            started = time.process_time()
            for job in jobs:
                step(job)
            best[name] = min(best[name], time.process_time() - started)
    for name, seconds in best.items():
        print(f"{name}\t{seconds / len(items) * 1000:.4f}", flush=True)


def _by_opencv(data: bytes, scale: int) -> Any:
    flags = _REDUCED[scale] | cv2.IMREAD_IGNORE_ORIENTATION
    return cv2.imdecode(np.frombuffer(data, np.uint8), flags)


if __name__ == "__main__":
    main(*sys.argv[1:])
