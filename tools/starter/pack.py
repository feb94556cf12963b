"""Icons rendered into a packed dataset, as packing would leave it."""

import platform
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from pathlib import Path
from random import Random

import cv2
import numpy as np
import resvg_py
from numpy.typing import NDArray

from tagline.formats.document import encode
from tagline.formats.packed import BySide, Digests, PackedDataset, Versions
from tagline.formats.recordio import RecordWriter, pack_record
from tagline.formats.settings import ImageSpec
from tools.starter.colours import COLOURS, colours
from tools.starter.drawing import draw
from tools.starter.icons import Icon

Drawn = tuple[bytes, NDArray[np.uint8]]  # JPEG, and COLOURS as 0 or 1
SIDE = 96
DRAWS = 4  # of each icon of the training side
_HELD_OUT = 30  # one in so many icons is for validation
_QUALITY = 95  # of JPEG, as packing has it


def rendered(svg: str) -> NDArray[np.uint8]:
    """Return an SVG's pixels, (S, S, 3) uint8 BGR."""
    data = np.frombuffer(resvg_py.svg_to_bytes(svg_string=svg), np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def pack(icons: list[Icon], words: list[str], folder: Path, processes: int) -> PackedDataset:
    """Write the channels dataset, train and validation under a folder; return dataset.json.

    Its labels are the words, then COLOURS.
    """
    labels = [*words, *COLOURS]
    order = list(range(len(icons)))
    Random(0).shuffle(order)
    held = set(order[: len(order) // _HELD_OUT])
    column = {word: place for place, word in enumerate(words)}
    sides: dict[str, tuple[int, str, int, NDArray[np.int64]]] = {}
    for side, file, draws in (("train", "train.rec", DRAWS), ("validation", "val.rec", 1)):
        work = [
            (icon, number * DRAWS + draw_number)
            for number, icon in enumerate(icons)
            for draw_number in range(draws)
            if (number in held) == (side == "validation")
        ]
        Random(1).shuffle(work)
        target = folder / side / file
        target.parent.mkdir(parents=True, exist_ok=True)
        counts = np.zeros(len(labels), np.int64)
        written = 0
        with target.open("wb") as stream:
            writer = RecordWriter(stream)
            for (icon, number), drawn in zip(work, _all_drawn(work, processes), strict=True):
                if drawn is None:
                    continue
                row = np.zeros(len(labels), np.int64)
                row[[column[word] for word in icon.words & column.keys()]] = 1
                row[len(words) :] = drawn[1]
                counts += row
                writer.write(pack_record(number, row.tolist(), drawn[0]))
                written += 1
        content = target.read_bytes()
        sides[side] = (written, sha256(content).hexdigest(), len(content), counts)
        sys.stdout.write(f"{side}: {written} images of {len(work)} drawn\n")
    dataset = _described(sides, labels)
    (folder / "dataset").mkdir(exist_ok=True)
    (folder / "dataset/dataset.json").write_bytes(encode(dataset))
    return dataset


def _all_drawn(work: list[tuple[Icon, int]], processes: int) -> Iterator[Drawn | None]:
    if processes == 1:
        yield from map(_drawn, work)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(_drawn, work, chunksize=256)


def _drawn(task: tuple[Icon, int]) -> Drawn | None:
    """Return a drawing as packing would store it, and its colours; None where nothing is seen."""
    icon, number = task
    rng = Random(number)
    try:
        pixels = rendered(draw(rng.choice(icon.drawings), SIDE, rng))
    except ValueError:  # resvg cannot draw it
        return None
    if pixels.std() < 4:
        return None
    ok, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return (jpeg.tobytes(), colours(pixels[..., ::-1])) if ok else None


def _described(
    sides: dict[str, tuple[int, str, int, NDArray[np.int64]]], labels: list[str]
) -> PackedDataset:
    train, validation = sides["train"], sides["validation"]
    return PackedDataset(
        run="starter",
        packing="starter",
        fingerprint=train[1],
        rows=train[0] + validation[0],
        accepted=train[0] + validation[0],
        rejected=0,
        train=train[0],
        validation=validation[0],
        labels=tuple(labels),
        positives={
            label: BySide(train=int(train[3][place]), validation=int(validation[3][place]))
            for place, label in enumerate(labels)
        },
        sha256=Digests(train=train[1], validation=validation[1]),
        bytes=BySide(train=train[2], validation=validation[2]),
        image=ImageSpec(size=SIDE),
        versions=Versions(
            tagline="starter",
            opencv=cv2.__version__,
            numpy=np.__version__,
            python=platform.python_version(),
        ),
    )
