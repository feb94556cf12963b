"""A packed dataset of the stack: what dataset.json says, its channels, its images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, cast

import pandas as pd
from sagemaker.inputs import TrainingInput

from tagline.aws.s3 import JSON, RECORDIO
from tagline.cli.errors import Refused
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.packed import CHANNELS, PackedDataset, PackedRuns
from tagline.formats.recordio import ImageRecord, read_records, unpack_record
from tagline.formats.rows import Side
from tagline.notebook.connection import Connection


@dataclass(frozen=True)
class Dataset:
    """The packed set of one run."""

    stack: Connection
    run: str
    description: PackedDataset
    """dataset.json: counts, labels, how images were made."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels' names, in column order."""
        return tuple(self.description.labels)

    @property
    def judged_on(self) -> Side:
        """The side that a model is judged on: test, or validation where a set is too small."""
        return Side.TEST if self.description.test else Side.VALIDATION

    def channels(self, *, described: bool = False) -> dict[str, TrainingInput]:
        """Return the input channels of a training job: train and validation.

        With `described` also dataset.json, as the channel `dataset`, which this repository's
        trainer wants and the built-in algorithm does not know.
        """
        keys = RunKeys(self.run)
        found = {
            "train": self._input(keys.of("training/"), RECORDIO),
            "validation": self._input(keys.of("validation/"), RECORDIO),
        }
        return found | {"dataset": self._input(keys.packed_dataset, JSON)} if described else found

    def images(self, side: Side, limit: int) -> list[ImageRecord]:
        """Return the first images of a side with their labels, `limit` at most.

        No more of the record file is read than that.
        """
        return list(islice(self._records(side), limit))

    def counts(self) -> pd.DataFrame:
        """Return how many images of each side have each label, the most frequent first."""
        rows = {
            label: {"train": found.train, "validation": found.validation, "test": found.test}
            for label, found in self.description.positives.items()
        }
        frame = pd.DataFrame.from_dict(rows, orient="index")
        return frame.sort_values("train", ascending=False)

    def _records(self, side: Side) -> Iterator[ImageRecord]:
        folder = RunKeys(self.run).packed_folder(CHANNELS[side])
        for file in self.description.record_files(side):
            with self.stack.target.bucket.stream(f"{folder}{file.name}") as answer:
                yield from map(unpack_record, read_records(cast("BinaryIO", answer.content)))

    def _input(self, key: str, content_type: str) -> TrainingInput:
        uri = f"s3://{self.stack.bucket}/{key}"
        return TrainingInput(
            uri, distribution="FullyReplicated", content_type=content_type, s3_data_type="S3Prefix"
        )


def open_dataset(stack: Connection, name: str, run: str | None = None) -> Dataset:
    """Return a dataset's newest packed set, or that of a run; raises Refused without one."""
    if run is None:
        packed = stack.target.bucket.get(DatasetKeys(name).packed_run, PackedRuns)
        if packed is None:
            raise Refused(
                f"dataset {name} has no packed images yet: `tagline drop {name} LIST`, "
                "or give the name of one that has"
            )
        run = packed.run
    description = stack.target.bucket.get(RunKeys(run).packed_dataset, PackedDataset)
    if description is None:
        raise Refused(f"run {run} has no dataset.json: it did not come as far as packing")
    return Dataset(stack, run, description)


def named(labels: Sequence[str], image: ImageRecord) -> list[str]:
    """Return the labels that an image has."""
    return [label for label, mark in zip(labels, image.labels, strict=True) if mark]
