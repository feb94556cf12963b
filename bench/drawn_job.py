"""A training job of drawn images, laid out as SageMaker does."""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from tagline.formats.document import encode
from tagline.formats.packed import BySide, Digests, PackedDataset, Versions
from tagline.formats.recordio import RecordWriter, pack_record
from tagline.formats.settings import ImageSpec

_SHARE = 0.03  # of the labels that an image carries
_KINDS = 64  # different drawings: a record is one of them, its labels are its own


def records(path: Path, count: int, side: int, labels: int, seed: int) -> None:
    """Write a .rec of noise in patches, each image with some 3 % of the labels."""
    rng = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = []
    for _ in range(_KINDS):
        small = rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)
        image = cv2.resize(small, (side, side), interpolation=cv2.INTER_NEAREST)
        drawn.append(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes())
    with path.open("wb") as stream:
        writer = RecordWriter(stream)
        for number in range(count):
            marks = [int(chance < _SHARE) for chance in rng.random(labels)]
            marks[number % labels] = 1
            writer.write(pack_record(number, marks, drawn[number % _KINDS]))


def learnable(path: Path, count: int, side: int, labels: int, seed: int) -> None:
    """Write a .rec of noise, in which each label of an image is a faint spot at its place."""
    rng = np.random.default_rng(seed)
    wide = int(np.ceil(np.sqrt(labels)))
    spot = side // wide
    with path.open("wb") as stream:
        writer = RecordWriter(stream)
        for number in range(count):
            image = rng.normal(128, 40, (side, side, 3))
            marks = [int(chance < 0.3) for chance in rng.random(labels)]  # noqa: PLR2004
            for label in np.flatnonzero(marks):
                top, left = spot * (label // wide), spot * (label % wide)
                image[top : top + spot, left : left + spot, label % 3] += 8
            jpeg = cv2.imencode(".jpg", image.clip(0, 255).astype(np.uint8))[1].tobytes()
            writer.write(pack_record(number, marks, jpeg))


def lay_out(base: Path, asked: argparse.Namespace) -> dict[str, str]:
    """Lay a training job out and return its hyperparameters."""
    data = base / "input/data"
    records(data / "train/train.rec", asked.images, asked.side, asked.labels, 1)
    records(data / "validation/val.rec", asked.batch, asked.side, asked.labels, 2)
    names = tuple(f"label {number}" for number in range(asked.labels))
    count = asked.images + asked.batch
    sides = {"train": asked.images, "validation": asked.batch}
    dataset = PackedDataset(
        run="bench-0", packing="", fingerprint="", rows=count, accepted=count, rejected=0,
        labels=names, positives={}, sha256=Digests(train="", validation=""),
        bytes=BySide(train=0, validation=0), image=ImageSpec(size=asked.side),
        versions=Versions(tagline="", opencv="", numpy="", python=""),
        **sides,
    )  # fmt: skip
    (data / "dataset").mkdir()
    (data / "dataset/dataset.json").write_bytes(encode(dataset))
    hyperparameters = {
        "epochs": str(asked.epochs), "learning_rate": "0.0001", "num_classes": str(asked.labels),
        "mini_batch_size": str(asked.batch), "network": asked.network, "seed": "1",
        "image_shape": f"3,{asked.side},{asked.side}", "augmentation_type": asked.augmentation,
        "start_from": "none",
    }  # fmt: skip
    (base / "input/config").mkdir(parents=True)
    (base / "input/config/hyperparameters.json").write_text(json.dumps(hyperparameters))
    return hyperparameters
