"""The packed sets that models are compared on, made by the product's own split and packing."""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "containers")]

from im2rec.records import FetchedImage, Record, labelled, pack_image  # noqa: E402 - as above
from tagline.designs import draw_designs  # noqa: E402
from tagline.formats.recordio import RecordWriter  # noqa: E402
from tagline.formats.rows import Side  # noqa: E402
from tagline.formats.settings import ImageSpec, Split  # noqa: E402
from tagline.listing.label_names import parse_label_names  # noqa: E402
from tagline.planning.sharding import packing_rank  # noqa: E402
from tagline.split.sides import assign_sides, content_hash  # noqa: E402

_SEED = 0
DESIGNS, _DESIGNS_SIZE, _DESIGNS_SEED = 1500, 64, 1  # those of `tagline demo`


@dataclass(frozen=True)
class PackedSet:
    """A folder with train.rec and val.rec; `test` are the validation images of the side test."""

    folder: Path
    names: tuple[str, ...]  # of the labels
    size: int
    train: int
    validation: int
    test: tuple[int, ...]

    @property
    def labels(self) -> int:
        """How many labels there are."""
        return len(self.names)


def demo_designs(folder: Path) -> Path:
    """Draw the demo's designs where they are missing; return their list."""
    if not folder.is_dir():
        draw_designs(folder, count=DESIGNS, seed=_DESIGNS_SEED, workers=1)
    return next(folder.glob("*.lst"))


def pack(list_path: Path, folder: Path, size: int, *, keep_alpha: bool = True) -> PackedSet:
    """Pack a list's images, letterbox on white, into a folder; the split is the product's.

    The sides are train and the rest, which was validation before there was a side test; `test`
    says who of them is on it now. Without `keep_alpha` the colours that lie under transparency
    are taken as they are, which is what MXNet's im2rec.py does.
    """
    rows: list[tuple[int, str, str]] = []
    for line in list_path.read_text().splitlines():
        number, *marks, path = line.split("\t")
        rows.append((int(number), "".join(str(int(float(mark))) for mark in marks), path))
    rows.sort(key=lambda row: packing_rank(row[0], _SEED))
    content = [(list_path.parent / path).read_bytes() for *_, path in rows]
    hashes = [content_hash(hashlib.md5(data).hexdigest(), _SEED) for data in content]  # noqa: S324 - S3's ETag
    sides = assign_sides(hashes, [labels.encode() for _, labels, _ in rows], Split().shares, {})
    spec = ImageSpec(size=size, mode="letterbox", background="#ffffff")
    folder.mkdir(parents=True, exist_ok=True)
    counts, test = [0, 0], []
    with (folder / "train.rec").open("wb") as train, (folder / "val.rec").open("wb") as rest:
        writers = [RecordWriter(train), RecordWriter(rest)]
        for (identifier, labels, _), data, at in zip(rows, content, hashes, strict=True):
            packed = pack_image(FetchedImage(identifier, labels, data), spec)
            if not isinstance(packed, Record):
                raise SystemExit(f"{list_path}: image {identifier} cannot be packed: {packed}")
            payload = packed.payload
            if not keep_alpha:
                payload = labelled(identifier, labels, _without_alpha(data, size))
            held_out = sides[at] is not Side.TRAIN
            if sides[at] is Side.TEST:
                test.append(counts[1])
            writers[held_out].write(payload)
            counts[held_out] += 1
    names = parse_label_names((list_path.parent / "labels.txt").read_bytes())
    return PackedSet(folder, names, size, counts[0], counts[1], tuple(test))


def _without_alpha(data: bytes, size: int) -> bytes:
    image = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
    scale = size / max(image.shape[:2])
    high, wide = (max(1, round(scale * side)) for side in image.shape[:2])
    canvas = np.full((size, size, 3), 255, np.uint8)
    top, left = (size - high) // 2, (size - wide) // 2
    small = cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA)
    canvas[top : top + high, left : left + wide] = small
    return bytes(cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, 95])[1])
