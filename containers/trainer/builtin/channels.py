"""The channels of a job of the built-in algorithm, laid out as this trainer wants them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tagline.formats.document import encode
from tagline.formats.packed import PackedDataset
from tagline.formats.recordio import (
    ImageRecord,
    RecordError,
    RecordWriter,
    pack_record,
    unpack_record,
)
from trainer.contract import Base, JobRefused, read_document, read_json
from trainer.engine import Images
from trainer.pixels import Undecodable, decode, jpeg, shrink_to
from trainer.records import RecordFiles
from trainer.undescribed import described, numbered

_KNOWN = {"train": "train.rec", "validation": "val.rec"}
_DATASET = "dataset"  # not the algorithm's: ours, which knows the labels' names
_RECORDIO = "application/x-recordio"
_FORMAT = "label-format=multi-hot"


@dataclass(frozen=True)
class Wanted:
    """What a job's hyperparameters say of its records: labels a record, and pixels of an image.

    `resize` brings the shorter side to so many pixels before the image is cropped to `side`.
    """

    labels: int
    multi_label: bool
    side: int
    resize: int | None = None


def check(base: Base) -> None:
    """Raise JobRefused for channels that the algorithm, or its emulation, does not take."""
    found = read_json(base.inputs, "the training job")
    for name in _KNOWN:
        if name not in found:
            raise JobRefused(f"channel {name!r} is missing: RecordIO comes in train and validation")
    for name, config in found.items():
        if name not in (*_KNOWN, _DATASET):
            raise JobRefused(
                f"channel {name!r} is not emulated: it takes train and validation, of .rec files"
            )
        if not isinstance(config, dict):
            raise JobRefused(f"inputdataconfig.json: channel {name!r} is no object")
        if config.get("TrainingInputMode", "File") == "Pipe":
            raise JobRefused(f"channel {name!r}: Pipe mode is not emulated: use File or FastFile")
        if config.get("RecordWrapperType", "None") != "None":
            raise JobRefused(
                f"channel {name!r}: an augmented manifest, with RecordWrapperType, is not "
                "emulated: give a .rec file"
            )
        kind, _, label_format = str(config.get("ContentType", _RECORDIO)).partition(";")
        if name in _KNOWN and (
            kind.strip() != _RECORDIO or label_format.strip() not in ("", _FORMAT)
        ):
            raise JobRefused(
                f"channel {name!r}: the content type {config['ContentType']} is not emulated: "
                f"give {_RECORDIO}, whose labels are multi-hot"
            )


def sharded(base: Base) -> bool:
    """Return whether each machine has training files of its own."""
    found = read_json(base.inputs, "the training job")["train"]
    return isinstance(found, dict) and found.get("S3DistributionType") == "ShardedByS3Key"


def lay_out(base: Base, job: Base, wanted: Wanted) -> tuple[int, int]:
    """Write the channels of this trainer's `job`; return the training and validation images.

    Images are cropped about their centre, and the class of an image that has one becomes a label
    vector. Raises JobRefused for an image that is too small, and for unreadable files.
    """
    counts = []
    for name, file in _KNOWN.items():
        target = job.root / "input/data" / name / file
        target.parent.mkdir(parents=True)
        counts.append(_copy(_record_files(base, name), target, wanted))
    dataset = described(_names(base, wanted.labels), wanted.side, *counts)
    path = job.root / "input/data/dataset/dataset.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(encode(dataset))
    return counts[0], counts[1]


def _record_files(base: Base, channel: str) -> RecordFiles:
    folder = base.root / "input/data" / channel
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    records = [path for path in found if path.suffix == ".rec"]
    if not records:
        names = ", ".join(path.name for path in found[:5]) or "nothing"
        raise JobRefused(f"channel {channel!r} must hold .rec files, and it holds {names}")
    return RecordFiles(records)


def _copy(source: RecordFiles, target: Path, wanted: Wanted) -> int:
    count = 0
    with target.open("wb") as made:
        writer = RecordWriter(made)
        for offset, payload in source.scan():
            file = source.name_at(offset)
            try:
                record = unpack_record(payload)
            except RecordError as exc:
                raise JobRefused(f"{file}: {exc}") from exc
            image = _image(record, file)
            labels, encoded = record.labels, record.image
            if not wanted.multi_label:
                labels = _one_hot(record, wanted.labels, file)
            if wanted.resize is not None or image.shape[:2] != (wanted.side, wanted.side):
                encoded = jpeg(_cropped(image, wanted, record, file))
            writer.write(pack_record(record.identifier, labels, encoded))
            count += 1
    return count


def _image(record: ImageRecord, file: str) -> Images:
    try:
        return decode(record.image)
    except Undecodable as exc:
        raise JobRefused(f"{file}: record {record.identifier}: {exc}") from exc


def _one_hot(record: ImageRecord, classes: int, file: str) -> tuple[float, ...]:
    values = list(record.labels)
    if len(values) != 1 or values[0] not in range(classes):
        raise JobRefused(
            f"{file}: record {record.identifier} has the labels {values[:5]}, but with "
            f"multi_label=0 a record has one number, a class from 0 to {classes - 1} (num_classes)"
        )
    return tuple(float(number == values[0]) for number in range(classes))


def _cropped(image: Images, wanted: Wanted, record: ImageRecord, file: str) -> Images:
    side = wanted.side
    if wanted.resize is not None:
        image = shrink_to(image, wanted.resize)
    height, width = image.shape[:2]
    if min(height, width) < side:
        raise JobRefused(
            f"{file}: record {record.identifier} is {width}x{height} pixels, smaller than the "
            f"image_shape's {side}x{side}"
        )
    top, left = (height - side) // 2, (width - side) // 2
    part: Images = image[top : top + side, left : left + side]
    return part


def _names(base: Base, labels: int) -> Sequence[str]:
    """Return the labels' names: those of a dataset.json, where the job has one, or numbers."""
    if base.has_channel(_DATASET):
        path = base.channel(_DATASET, "dataset.json")
        names = read_document(path, f"channel {_DATASET!r}", PackedDataset).labels
        if len(names) != labels:
            raise JobRefused(f"num_classes is {labels}, but dataset.json names {len(names)} labels")
        return names
    return numbered(labels)
