"""A training job's channels: its description, the images to learn from and those to choose by."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from tagline.formats.packed import PackedDataset
from tagline.formats.rows import Side
from trainer.contract import Base, JobRefused, read_json
from trainer.course import TrainingSet
from trainer.data import RecordSet, check_single, machine_memory, memory_for_images
from trainer.hyperparameters import Hyperparameters
from trainer.labels import LabelCounts
from trainer.records import Reading, RecordFiles
from trainer.streaming import BUFFER, StreamedSet, Told
from trainer.team import Team
from trainer.undescribed import dataset_of

_IN_MEMORY = 0.5  # of a machine's memory: what files may have for the system to keep them there


@dataclass(frozen=True)
class Channels:
    """What this machine was given; `own` says that other machines have other training files.

    `whole` are the labels of all machines' training images, where dataset.json tells of them.
    """

    dataset: PackedDataset
    training: RecordSet | StreamedSet
    validation: RecordSet
    own: bool
    whole: LabelCounts | None = None


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
    own = machines > 1 and said.get("S3DistributionType") == "ShardedByS3Key"
    told, whole = _told_of(files, dataset), None
    if told:
        positives = [dataset.positives[label].train for label in labels]
        whole = LabelCounts(dataset.train, np.array(positives, np.int64))
    training: RecordSet | StreamedSet
    if _streams(files, dataset, asked, fast_file=said.get("TrainingInputMode") == "FastFile"):
        buffer = asked.shuffle_buffer or BUFFER
        training = StreamedSet(
            files, Reading(**size), told=told, buffer=buffer, single=asked.single
        )
    else:
        training = RecordSet(files.paths, **size)
    return Channels(dataset, training, RecordSet(validation_files, **size), own, whole)


def training_set(channels: Channels, asked: Hyperparameters, team: Team) -> TrainingSet:
    """Return what all machines train on together.

    Raises JobRefused, on all of them, where it is not what the job asks for.
    """
    records, validation = channels.training, channels.validation
    sets = {records.name: records} if isinstance(records, RecordSet) else {}
    fault = _not_single(sets | {validation.name: validation}) if asked.single else ""
    mine = _Told(len(records), records.counts, channels.whole, records.digest, fault)
    every = team.all(mine)[:: team.here] if channels.own else [mine]
    counts = _counts_of(every)
    where = "the machines' train channels hold" if channels.own else f"{records.name} holds"
    _check_counts(asked, counts, where)
    if not validation.labels.any():
        raise JobRefused("no validation image carries any label: no model could be judged")
    if not channels.own:
        return TrainingSet(records, counts, records.digest)
    digests = json.dumps([one.digest for one in every]).encode()
    machines = tuple(one.images for one in every)
    digest = blake2b(digests, digest_size=16).hexdigest()
    return TrainingSet(records, counts, digest, machines)


@dataclass(frozen=True)
class _Told:
    """What a machine says of its training files: its own counts, or the whole channel's."""

    images: int
    counts: LabelCounts | None
    whole: LabelCounts | None
    digest: str
    fault: str


def _counts_of(every: Sequence[_Told]) -> LabelCounts:
    for one in every:
        if one.fault:
            raise JobRefused(one.fault)
    own = [one.counts for one in every if one.counts]
    if len(own) == len(every):
        return sum(own[1:], start=own[0])
    images, whole = sum(one.images for one in every), every[0].whole
    if whole is None or any(one.whole is None for one in every) or whole.images != images:
        raise JobRefused(
            f"the train channels hold {images} images, which are not those that dataset.json tells "
            "of: give all machines the dataset.json of these record files, or none"
        )
    return whole


def _told_of(files: RecordFiles, dataset: PackedDataset) -> Told | None:
    """Return what dataset.json tells of these files; None where they are to be counted."""
    known = {one.name: one for one in dataset.record_files(Side.TRAIN)}
    here = [(path, known.get(path.name)) for path in files.paths]
    found = [one for path, one in here if one and one.bytes == path.stat().st_size]
    if len(found) < len(here) or not set(dataset.labels) <= dataset.positives.keys():
        return None
    digest = blake2b("".join(one.sha256 for one in found).encode(), digest_size=16)
    return Told(sum(one.images for one in found), digest.hexdigest())


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
