"""Ratings with a planted structure, laid into a bucket as a run of the flow leaves them."""

from hashlib import sha256
from pathlib import Path

from tagline.cli.cloud import RunningCloud
from tagline.formats.document import encode
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.outcomes import Newest
from tagline.formats.packed import BySide, Digests
from tagline.formats.ratings import RatingsDataset
from tagline.formats.ratings_keys import RatingsRunKeys
from tagline.formats.rows import Side
from tests.unit.recommender_world import GROUPS, ITEMS_A_GROUP, ratings, write_channels

USERS = 60


def put_ratings(cloud: RunningCloud, folder: Path, dataset: str) -> None:
    """Draw and upload ratings of USERS users, split by time."""
    run = f"{dataset}-{7:016x}"
    keys, rows = RatingsRunKeys(run), ratings(USERS)
    write_channels(folder, rows)
    s3, bucket = cloud.target.s3, cloud.target.outputs.bucket
    files = {side: (folder / str(side) / "ratings.csv.gz").read_bytes() for side in Side}
    for side, content in files.items():
        s3.put_object(Bucket=bucket, Key=keys.ratings(side), Body=content)
    s3.upload_file(str(folder / "items/items.csv"), bucket, keys.items)
    first, second = int(len(rows) * 0.8), int(len(rows) * 0.9)
    described = RatingsDataset(
        run=run,
        fingerprint="0" * 16,
        rows=len(rows),
        accepted=len(rows),
        rejected=0,
        train=first,
        validation=second - first,
        test=len(rows) - second,
        users=USERS,
        items=GROUPS * ITEMS_A_GROUP,
        titles=GROUPS * ITEMS_A_GROUP,
        by_time=True,
        first=int(rows[0][3]),
        last=int(rows[-1][3]),
        partitions=1,
        sha256=Digests(
            **{str(side): sha256(content).hexdigest() for side, content in files.items()}
        ),
        bytes=BySide(**{str(side): len(content) for side, content in files.items()}),
    )
    newest = Newest(run=run, started="2026-01-02T03:04:05Z")
    for key, document in (
        (RunKeys(run).packed_dataset, described),
        (DatasetKeys(dataset).newest, newest),
    ):
        s3.put_object(Bucket=bucket, Key=key, Body=encode(document))
