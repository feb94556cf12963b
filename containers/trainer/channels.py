"""A training job's channels: its description, the images to learn from and those to choose by."""

import json
from dataclasses import dataclass
from hashlib import blake2b

from tagline.formats.packed import PackedDataset
from trainer.contract import Base, JobRefused, read_json
from trainer.course import TrainingSet
from trainer.data import RecordSet, check_single, machine_memory, memory_for_images
from trainer.hyperparameters import Hyperparameters
from trainer.labels import LabelCounts
from trainer.records import Reading, RecordFiles
from trainer.streaming import BUFFER, StreamedSet
from trainer.team import Team
from trainer.undescribed import dataset_of

_IN_MEMORY = 0.5  # of a machine's memory: what files may have for the system to keep them there


@dataclass(frozen=True)
class Channels:
    """What this machine was given; `own` says that other machines have other training files."""

    dataset: PackedDataset
    training: RecordSet | StreamedSet
    validation: RecordSet
    own: bool


def read_channels(base: Base, asked: Hyperparameters, machines: int) -> Channels:
    """Return the dataset's description, training and validation images; raises JobRefused."""
    files = RecordFiles(base.records("train"))
    validation_files = base.records("validation")
    dataset = dataset_of(base, asked.num_classes, files.paths[0], asked.task)
    labels = dataset.labels
    if len(labels) != asked.num_classes:
        raise JobRefused(
            f"num_classes is {asked.num_classes}, but dataset.json names {len(labels)} labels"
        )
    if dataset.task is not asked.task:
        raise JobRefused(f"task is {asked.task}, but dataset.json says {dataset.task}")
    size = {"labels": len(labels), "side": asked.side, "packed": _packed_at(dataset, asked)}
    said = _said_of(base, "train")
    training: RecordSet | StreamedSet
    if _streams(files, dataset, asked, fast_file=said.get("TrainingInputMode") == "FastFile"):
        buffer = asked.shuffle_buffer or BUFFER
        training = StreamedSet(files, Reading(**size), buffer=buffer, single=asked.single)
    else:
        training = RecordSet(files.paths, **size)
    own = machines > 1 and said.get("S3DistributionType") == "ShardedByS3Key"
    return Channels(dataset, training, RecordSet(validation_files, **size), own)


def training_set(channels: Channels, asked: Hyperparameters, team: Team) -> TrainingSet:
    """Return what all machines train on together.

    Raises JobRefused, on all of them, where it is not what the job asks for.
    """
    records, validation = channels.training, channels.validation
    sets = {records.name: records} if isinstance(records, RecordSet) else {}
    fault = _not_single(sets | {validation.name: validation}) if asked.single else ""
    if not channels.own:
        found = TrainingSet(records, records.counts, records.digest)
    else:
        told = team.all((records.counts, records.digest, fault))[:: team.here]
        fault = next((text for _, _, text in told if text), "")
        counts = sum((one for one, _, _ in told[1:]), start=told[0][0])
        digest = blake2b(json.dumps([one for _, one, _ in told]).encode(), digest_size=16)
        machines = tuple(one.images for one, _, _ in told)
        found = TrainingSet(records, counts, digest.hexdigest(), machines)
    if fault:
        raise JobRefused(fault)
    where = "the machines' train channels hold" if found.machines else f"{records.name} holds"
    _check_counts(asked, found.counts, where)
    if not validation.labels.any():
        raise JobRefused("no validation image carries any label: no model could be judged")
    return found


def _streams(
    files: RecordFiles, dataset: PackedDataset, asked: Hyperparameters, *, fast_file: bool
) -> bool:
    """Return whether training images are streamed: as asked for, or because they do not fit.

    Images that fit decoded are held. Others are read as they are asked for, which is quick where
    the system keeps the files in memory: up to half of the machine's, and not of FastFile mode,
    whose files are S3's.
    """
    if asked.shuffle_buffer:
        return True
    if dataset.train and dataset.bytes.train:
        here = dataset.train * files.size / dataset.bytes.train
        if here * asked.side**2 * 3 <= memory_for_images():
            return False
    return fast_file or files.size > machine_memory() * _IN_MEMORY


def _said_of(base: Base, channel: str) -> dict[str, object]:
    """Return what SageMaker's inputdataconfig.json says of a channel; nothing without the file."""
    if not base.inputs.is_file():
        return {}
    found = read_json(base.inputs, "the training job").get(channel)
    return found if isinstance(found, dict) else {}


def _packed_at(dataset: PackedDataset, asked: Hyperparameters) -> int:
    """Return the pixels that images are packed at, which may be scaled down but not up."""
    packed = dataset.image.size
    if asked.side > packed:
        raise JobRefused(
            f"image_shape asks for {asked.side}x{asked.side} pixels, but the images are packed at "
            f"{packed}x{packed}"
        )
    return packed


def _not_single(sets: dict[str, RecordSet]) -> str:
    try:
        check_single(sets)
    except JobRefused as exc:
        return str(exc)
    return ""


def _check_counts(asked: Hyperparameters, counts: LabelCounts, where: str) -> None:
    told = asked.num_training_samples
    if told is not None and told != counts.images:
        raise JobRefused(f"num_training_samples is {told}, but {where} {counts.images} records")
    if asked.mini_batch_size > counts.images:
        raise JobRefused(
            f"mini_batch_size is {asked.mini_batch_size}, but {where} only "
            f"{counts.images} images; ask for a smaller batch or add images"
        )
    if not counts.positives.any():
        raise JobRefused("no training image carries any label: there is nothing to learn")
