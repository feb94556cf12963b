"""Which of a plan's images an earlier run has packed already, so that nobody fetches them again."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tagline.aws import s3json, storage
from tagline.formats.image_index import PACKING, image_digest, read_index_line
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.planning.split.divide import PlannedRow
from tagline.settings.schema import Image

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_log = logging.getLogger(__name__)
_CHANNELS = {"train": "training", "validation": "validation"}  # as dataset.json names them


@dataclass(frozen=True)
class Reuse:
    """The rows of a plan, and the earlier run whose records some of them take.

    `earlier` is None where there is none; `sha256` holds its channels' digests (hex) by the
    channel's name, `images` the number of rows that are reused. `runs` are those that packed the
    dataset last, newest first.
    """

    rows: list[PlannedRow]
    earlier: str | None = None
    sha256: Mapping[str, str] = field(default_factory=dict)
    images: int = 0
    runs: Sequence[str] = ()

    def to_dict(self) -> dict[str, Any] | None:
        """Return what the plan tells the packing: run, packing and sha256; None without reuse."""
        if self.earlier is None:
            return None
        return {"run": self.earlier, "packing": PACKING, "sha256": dict(self.sha256)}


def find_reusable(
    client: "S3Client", bucket: str, dataset: str, image: Image, rows: Sequence[PlannedRow]
) -> Reuse:
    """Mark the rows whose image, in the very version that is planned, is in an earlier packed set.

    Of the last sets, the one that has most of them. A set counts where it is complete, lies in the
    bucket, and was made with the same image settings and PACKING.
    """
    runs = _packed_runs(client, bucket, dataset)
    best = Reuse(list(rows), runs=runs)
    wanted = {
        image_digest(row.row.bucket, row.row.key, row.etag): at for at, row in enumerate(rows)
    }
    for run in runs:
        keys = RunKeys(run)
        packed = s3json.find_json(client, bucket, keys.of("dataset.json"))
        if packed is None or not _same_making(packed.content, image):
            continue
        if not all(
            _is_there(client, bucket, keys.packed(channel), packed.content["bytes"][name])
            for name, channel in _CHANNELS.items()
        ):
            continue
        records = _look_up(client, bucket, keys, wanted)
        if len(records) > best.images:
            marked = [row._replace(reuse=records.get(at)) for at, row in enumerate(rows)]
            sha256 = {_CHANNELS[name]: hexa for name, hexa in packed.content["sha256"].items()}
            best = Reuse(marked, run, sha256, len(records), runs)
        if best.images == len(rows):
            break
    return best


def _packed_runs(client: "S3Client", bucket: str, dataset: str) -> list[str]:
    pointer = s3json.find_json(client, bucket, DatasetKeys(dataset).packed_run)
    if pointer is None:
        return []
    runs = (pointer.content.get("run"), *pointer.content.get("before", ()))
    return [run for run in runs if isinstance(run, str)]


def _same_making(packed: Mapping[str, Any], image: Image) -> bool:
    return packed.get("packing") == PACKING and packed.get("image") == asdict(image)


def _is_there(client: "S3Client", bucket: str, key: str, size: int) -> bool:
    try:
        return client.head_object(Bucket=bucket, Key=key)["ContentLength"] == size
    except ClientError as exc:
        if storage.error_code(exc) in {"404", "NoSuchKey"}:
            return False
        raise


def _look_up(
    client: "S3Client", bucket: str, keys: RunKeys, wanted: Mapping[str, int]
) -> dict[int, int]:
    """Return the ids of the run's records that hold wanted images, by the row's position.

    None, with a warning, where the run's index or rejects are not what a run leaves: then every
    image is fetched.
    """
    found: dict[int, int] = {}
    rows_at: dict[int, int] = {}
    try:
        for line in _lines(client, bucket, keys.images):
            indexed = read_index_line(line)
            at = wanted.get(indexed.image)
            if at is not None:
                found[at] = indexed.id
                rows_at[indexed.line] = at
        for line in _lines(client, bucket, keys.of("rejects.jsonl")):
            at = rows_at.get(json.loads(line)["line"])
            if at is not None:  # planned, but its image turned out to be of no use
                found.pop(at, None)
    except (_Absent, ValueError, KeyError, TypeError) as exc:
        _log.warning("No image of run %s is reused: %s: %s", keys.run, type(exc).__name__, exc)
        return {}
    return found


class _Absent(Exception):
    """A file of an earlier run was removed."""


def _lines(client: "S3Client", bucket: str, key: str) -> Iterator[bytes]:
    try:
        body = client.get_object(Bucket=bucket, Key=key)["Body"]
    except ClientError as exc:
        if storage.error_code(exc) in {"404", "NoSuchKey"}:
            raise _Absent(key) from exc
        raise
    with body:
        yield from body.iter_lines()
