"""Which of a plan's images an earlier run has packed already, so that nobody fetches them again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tagline import s3json, storage
from tagline.imageindex import PACKING, image_digest, read_index_line
from tagline.layout import DatasetKeys, RunKeys
from tagline.plansplit import PlannedRow
from tagline.settings import Image

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHANNELS = {"train": "training", "validation": "validation"}  # as dataset.json names them


class UnreadableIndex(ValueError):
    """A run's images.jsonl is not what a plan writes."""


@dataclass(frozen=True)
class Reuse:
    """The rows of a plan, and the earlier run whose records some of them take.

    `earlier` is None where there is none; `sha256` holds its channels' digests (hex) by the
    channel's name, `images` the number of rows that are reused.
    """

    rows: list[PlannedRow]
    earlier: str | None = None
    sha256: Mapping[str, str] = field(default_factory=dict)
    images: int = 0

    def to_dict(self) -> dict[str, Any] | None:
        """Return what the plan tells the packing: run, packing and sha256; None without reuse."""
        if self.earlier is None:
            return None
        return {"run": self.earlier, "packing": PACKING, "sha256": dict(self.sha256)}


def find_reusable(
    client: "S3Client", bucket: str, dataset: str, image: Image, rows: Sequence[PlannedRow]
) -> Reuse:
    """Mark the rows whose image, in the very version that is planned, is in the newest packed set.

    A set counts where it is complete, lies in the bucket, and was made with the same image settings
    and PACKING. Raises UnreadableIndex for an index that no plan has written.
    """
    pointer = s3json.find_json(client, bucket, DatasetKeys(dataset).packed_run)
    run = pointer.content.get("run") if pointer else None
    if not isinstance(run, str):
        return Reuse(list(rows))
    keys = RunKeys(run)
    packed = s3json.find_json(client, bucket, keys.of("dataset.json"))
    if packed is None or not _same_making(packed.content, image):
        return Reuse(list(rows))
    if not all(
        _is_there(client, bucket, keys.packed(channel), packed.content["bytes"][name])
        for name, channel in _CHANNELS.items()
    ):
        return Reuse(list(rows))
    records = _look_up(client, bucket, keys, rows)
    if not records:
        return Reuse(list(rows))
    marked = [row._replace(reuse=records.get(at)) for at, row in enumerate(rows)]
    sha256 = {_CHANNELS[name]: digest for name, digest in packed.content["sha256"].items()}
    return Reuse(marked, run, sha256, len(records))


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
    client: "S3Client", bucket: str, keys: RunKeys, rows: Sequence[PlannedRow]
) -> dict[int, int]:
    """Return the ids of the run's records that hold rows' images, by the row's position."""
    wanted = {
        image_digest(row.row.bucket, row.row.key, row.etag): at for at, row in enumerate(rows)
    }
    found: dict[int, int] = {}
    rows_at: dict[int, int] = {}
    for line in _lines(client, bucket, keys.images):
        try:
            indexed = read_index_line(line)
        except ValueError as exc:
            raise UnreadableIndex(f"{keys.images}: {exc}") from exc
        at = wanted.get(indexed.image)
        if at is not None:
            found[at] = indexed.id
            rows_at[indexed.line] = at
    for line in _lines(client, bucket, keys.of("rejects.jsonl")):
        at = rows_at.get(json.loads(line)["line"])
        if at is not None:  # planned, but its image turned out to be of no use
            found.pop(at, None)
    return found


def _lines(client: "S3Client", bucket: str, key: str) -> Iterator[bytes]:
    try:
        body = client.get_object(Bucket=bucket, Key=key)["Body"]
    except ClientError as exc:
        if storage.error_code(exc) in {"404", "NoSuchKey"}:
            return
        raise
    with body:
        yield from body.iter_lines()
