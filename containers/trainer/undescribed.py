"""A job without the channel `dataset`: what its records and its hyperparameters say of it."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tagline.formats.packed import BySide, Digests, PackedDataset, Versions
from tagline.formats.recordio import RecordError, read_records, unpack_record
from tagline.formats.settings import ImageSpec
from tagline.formats.tasks import Task
from trainer.contract import Base, JobRefused, read_document
from trainer.pixels import Undecodable, decode


def dataset_of(
    base: Base, classes: int, train_file: Path, task: Task = Task.MULTI
) -> PackedDataset:
    """Return a job's dataset.json; without that channel what is known all the same, and say so."""
    if base.has_channel("dataset"):
        path = base.channel("dataset", "dataset.json")
        return read_document(path, "channel 'dataset'", PackedDataset)
    sys.stdout.write("no channel 'dataset': labels are called label_001 and so on\n")
    return described(numbered(classes), packed_side(train_file), task=task)


def numbered(count: int) -> tuple[str, ...]:
    """Return names for labels that have none: label_001 and so on."""
    width = max(3, len(str(count)))
    return tuple(f"label_{number:0{width}}" for number in range(1, count + 1))


def described(
    labels: Sequence[str],
    side: int,
    train: int = 0,
    validation: int = 0,
    *,
    task: Task = Task.MULTI,
) -> PackedDataset:
    """Return as much of a dataset.json as this trainer reads; nothing else is known."""
    return PackedDataset(
        run="",
        packing="",
        fingerprint="",
        rows=train + validation,
        accepted=train + validation,
        rejected=0,
        train=train,
        validation=validation,
        labels=tuple(labels),
        positives={},
        sha256=Digests(train="", validation=""),
        bytes=BySide(train=0, validation=0),
        image=ImageSpec(size=side),
        task=task,
        versions=Versions(tagline="", opencv="", numpy="", python=""),
    )


def packed_side(path: Path) -> int:
    """Return the pixels that a file's images are packed at, by the first; raises JobRefused."""
    try:
        with path.open("rb") as stream:
            payload = next(read_records(stream), None)
        if payload is None:
            raise JobRefused(f"{path.name} holds no records")
        height, width = decode(unpack_record(payload).image).shape[:2]
    except (RecordError, Undecodable) as exc:
        raise JobRefused(f"{path.name}: the first record: {exc}") from exc
    if height != width:
        raise JobRefused(f"{path.name}: the first image is {width}x{height}, and no square")
    return int(height)
