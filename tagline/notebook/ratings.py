"""Ratings of the stack as a run has split them: what dataset.json says, channels, rows, titles."""

import io
from dataclasses import dataclass

import pandas as pd
from sagemaker.inputs import TrainingInput

from tagline.aws.s3 import CSV
from tagline.cli.errors import Refused
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.outcomes import Newest
from tagline.formats.ratings import RatingsDataset
from tagline.formats.ratings_keys import RatingsRunKeys
from tagline.formats.rows import Side
from tagline.notebook.connection import Connection


@dataclass(frozen=True)
class RatedDataset:
    """The ratings of one run."""

    stack: Connection
    run: str
    description: RatingsDataset
    """dataset.json: counts, the split, why rows were left out."""

    def channels(self) -> dict[str, TrainingInput]:
        """Return the input channels of a training job by `stack.recommender_image`."""
        keys = RatingsRunKeys(self.run)
        prefixes = {
            "train": keys.channel(Side.TRAIN),
            "validation": keys.channel(Side.VALIDATION),
            "items": keys.items_channel,
        }
        return {name: self._input(prefix) for name, prefix in prefixes.items()}

    def frame(self, side: Side) -> pd.DataFrame:
        """Return a side's rows, the oldest first: user, item, rating, timestamp."""
        body = self._read(RatingsRunKeys(self.run).ratings(side))
        return pd.read_csv(io.BytesIO(body), compression="gzip", dtype={"user": str, "item": str})

    def titles(self) -> pd.Series:
        """Return the items' titles by id; an item without one has its id."""
        found = pd.read_csv(io.BytesIO(self._read(RatingsRunKeys(self.run).items)), dtype=str)
        return found.set_index("item")["title"].fillna(found.set_index("item").index.to_series())

    def _input(self, prefix: str) -> TrainingInput:
        return TrainingInput(
            f"s3://{self.stack.bucket}/{prefix}",
            distribution="FullyReplicated",
            content_type=CSV,
            s3_data_type="S3Prefix",
        )

    def _read(self, key: str) -> bytes:
        answer = self.stack.target.s3.get_object(Bucket=self.stack.bucket, Key=key)
        return answer["Body"].read()


def open_ratings(stack: Connection, name: str, run: str | None = None) -> RatedDataset:
    """Return a dataset's newest ratings, or those of a run; raises Refused without any."""
    if run is None:
        newest = stack.target.bucket.get(DatasetKeys(name).newest, Newest)
        if newest is None:
            raise Refused(f"dataset {name} has no ratings yet: `tagline drop {name} RATINGS.csv`")
        run = newest.run
    description = stack.target.bucket.get(RunKeys(run).packed_dataset, RatingsDataset)
    if description is None:
        raise Refused(f"run {run} has no dataset.json: it did not come as far as planning")
    return RatedDataset(stack, run, description)
