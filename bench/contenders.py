"""The same job by other libraries: `python bench/contenders.py METHOD LIST ROOT OUT`.

Each is a pool of two processes that read, decode, resize the shorter side to 96 pixels, encode as
JPEG of quality 95 and hand the record to the parent, which writes .rec and .idx.
"""

import io
import sys
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyvips
import simplejpeg
from PIL import Image

from tagline.formats.recordio import RecordWriter, pack_record

SIZE, QUALITY, WORKERS = 96, 95, 2
_REDUCED = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
)
Pixels = Any


def target(width: int, height: int) -> tuple[int, int]:
    """Return the (width, height) that im2rec.py resizes to."""
    shorter = min(width, height)
    return width * SIZE // shorter, height * SIZE // shorter


def opencv(data: bytes) -> bytes:
    """Decode in full, interpolate linearly: what im2rec.py does."""
    pixels: Pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return _encode(cv2.resize(pixels, target(pixels.shape[1], pixels.shape[0])))


def opencv_reduced(data: bytes) -> bytes:
    """Decode at the largest reduction that keeps the shorter side, average areas."""
    height, width = simplejpeg.decode_jpeg_header(data)[:2]
    flags = next((f for scale, f in _REDUCED if min(width, height) >= scale * SIZE), 1)
    pixels: Pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    return _encode(cv2.resize(pixels, target(width, height), interpolation=cv2.INTER_AREA))


def pillow_draft(data: bytes) -> bytes:
    """Decode with Pillow's draft mode, average areas."""
    with Image.open(io.BytesIO(data)) as image:
        size = target(image.width, image.height)
        image.draft("RGB", size)
        small = image.convert("RGB").resize(size, Image.Resampling.BOX)
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=QUALITY, subsampling=2)
    return stream.getvalue()


def simplejpeg_scaled(data: bytes) -> bytes:
    """Decode with libjpeg-turbo's own scaling, average areas with OpenCV."""
    height, width = simplejpeg.decode_jpeg_header(data)[:2]
    size = target(width, height)
    pixels = simplejpeg.decode_jpeg(data, "BGR", min_height=size[1], min_width=size[0])
    return _encode(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def pyvips_thumbnail(data: bytes) -> bytes:
    """Let libvips shrink on load and resample."""
    header = pyvips.Image.new_from_buffer(data, "")
    width, height = target(header.width, header.height)
    small = pyvips.Image.thumbnail_buffer(data, width, height=height, size="force")
    return bytes(small.jpegsave_buffer(Q=QUALITY, keep="none", subsample_mode="on"))


METHODS: dict[str, Callable[[bytes], bytes]] = {
    "opencv": opencv,
    "opencv-reduced": opencv_reduced,
    "pillow-draft": pillow_draft,
    "simplejpeg": simplejpeg_scaled,
    "pyvips": pyvips_thumbnail,
}


def _encode(pixels: Pixels) -> bytes:
    return bytes(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])


def _pack(task: tuple[str, str, str]) -> tuple[int, bytes]:
    method, root, row = task
    identifier, *labels, path = row.rstrip("\n").split("\t")
    image = METHODS[method]((Path(root) / path).read_bytes())
    return int(identifier), pack_record(int(identifier), [float(x) for x in labels], image)


def main(method: str, listing: str, root: str, out: str) -> None:
    """Pack a list with one of the methods."""
    cv2.setNumThreads(1)
    with Path(listing).open() as stream:
        tasks = [(method, root, row) for row in stream]
    with (
        get_context("fork").Pool(WORKERS) as pool,
        Path(f"{out}.rec").open("wb") as rec,
        Path(f"{out}.idx").open("w") as idx,
    ):
        writer = RecordWriter(rec)
        packed = pool.imap(_pack, tasks, chunksize=32)
        idx.writelines(f"{number}\t{writer.write(payload)}\n" for number, payload in packed)


if __name__ == "__main__":
    main(*sys.argv[1:])
