"""PlanDataset: a dropped list → every row accounted for, a split, shards, and a fingerprint."""

import json
import tempfile
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypedDict

from tagline.aws import s3json, storage
from tagline.formats.image_index import Indexed, image_digest
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.reasons import UnusableList
from tagline.listing.label_counts import LabelCounter
from tagline.listing.sources import Source
from tagline.planning import locating
from tagline.planning.fingerprint import fingerprint
from tagline.planning.inputs import download_list, read_companions
from tagline.planning.locating import Judged
from tagline.planning.reuse import Reuse, find_reusable
from tagline.planning.sharding import cut, shard_name
from tagline.planning.split.divide import PlannedRow, divide
from tagline.planning.split.sides import Side

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef

_WRITERS = 8


@dataclass(frozen=True)
class PlanRequest:
    """A run and the version of the list it is for."""

    bucket: str
    dataset: str
    run: str
    key: str
    version_id: str
    etag: str

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Read an execution's input; raises KeyError naming what is absent."""
        version = event["list"]
        return cls(
            bucket=event["bucket"],
            dataset=event["dataset"],
            run=event["run"],
            key=version["key"],
            version_id=version.get("version_id") or "",
            etag=version["etag"].strip('"'),
        )

    def wanted(self) -> "GetObjectRequestTypeDef":
        """Return the request for the list's version and no other."""
        wanted: GetObjectRequestTypeDef = {
            "Bucket": self.bucket,
            "Key": self.key,
            "IfMatch": f'"{self.etag}"',
        }
        if self.version_id:
            wanted["VersionId"] = self.version_id
        return wanted

    def version(self, sha256: str) -> dict[str, str]:
        """Return what identifies the list's version, for the plan."""
        return {
            "key": self.key,
            "version_id": self.version_id,
            "etag": self.etag,
            "sha256": sha256,
        }


class PlanAnswer(TypedDict):
    """What the flow goes on with: small facts and keys, never rows."""

    unchanged: bool
    reason: str
    rows: int
    accepted: int
    rejected: int
    reused: int
    train: int
    validation: int
    shards: int
    plan_key: str
    shards_key: str


def plan_dataset(
    request: PlanRequest, client: "S3Client", source_buckets: Collection[str]
) -> PlanAnswer:
    """Plan a run and leave its files; the plan itself is written last.

    Raises UnusableList or InvalidSettings with a sentence for the list's owner; rows rejected
    until then are left in the run's rejects.
    """
    keys = RunKeys(request.run)
    settings, names = read_companions(client, request.bucket, DatasetKeys(request.dataset))
    source = Source.of_dataset(request.dataset, request.bucket, settings.source, source_buckets)
    judged = Judged()
    try:
        with tempfile.TemporaryFile() as spool:
            sha256 = download_list(request.wanted(), client, spool)
            locating.parse(judged, spool, source, names, settings.tolerance.rejected)
        usable = locating.locate(judged, client, source, settings.tolerance.rejected)
        rows = divide(usable, client, request.bucket, request.dataset, settings.split)
    except UnusableList:
        if judged.rejects:
            _write_rejects(client, request.bucket, keys.of("rejects.jsonl"), judged)
        raise
    _write_rejects(client, request.bucket, keys.of("plan-rejects.jsonl"), judged)
    mark = fingerprint(
        judged.names,
        settings,
        ((r.row.id, r.row.labels, r.row.bucket, r.row.key, r.etag) for r in rows),
    )
    unchanged, reason = _compare(request, client, mark)
    if unchanged:
        _write_rejects(client, request.bucket, keys.of("rejects.jsonl"), judged)
    reuse = Reuse(rows)
    if not unchanged:
        reuse = find_reusable(client, request.bucket, request.dataset, settings.image, rows)
        _write_index(client, request.bucket, keys, rows)
    shards = [] if unchanged else _write_shards(client, request.bucket, keys, reuse.rows)
    client.put_object(
        Bucket=request.bucket, Key=keys.of("shards.json"), Body=json.dumps(shards).encode()
    )
    plan = {
        "run": request.run,
        "dataset": request.dataset,
        "bucket": request.bucket,
        "list": request.version(sha256),
        "fingerprint": mark,
        **_facts(judged, rows),
        "reused": reuse.images,
        "reuse": reuse.to_dict(),
        "packed_before": list(reuse.runs),
        "settings": settings.to_dict(),
        "shards": len(shards),
    }
    s3json.write_json(client, request.bucket, keys.of("plan.json"), plan)
    return {
        "unchanged": unchanged,
        "reason": reason,
        "rows": plan["rows"],
        "accepted": plan["accepted"],
        "rejected": plan["rejected"],
        "reused": reuse.images,
        "train": plan["train"],
        "validation": plan["validation"],
        "shards": len(shards),
        "plan_key": keys.of("plan.json"),
        "shards_key": keys.of("shards.json"),
    }


def _compare(request: PlanRequest, client: "S3Client", mark: str) -> tuple[bool, str]:
    """Return whether the newest judged run was made of the same, and the reason in words."""
    found = s3json.find_json(client, request.bucket, DatasetKeys(request.dataset).latest)
    if found is None:
        return False, "the dataset has no finished run yet"
    latest = found.content
    run, outcome = latest.get("run"), latest.get("outcome")
    if latest.get("fingerprint") == mark:
        return True, f"list, labels, settings and images are those of run {run} ({outcome})"
    return False, f"the list, labels, settings or images changed since run {run}"


def _write_rejects(client: "S3Client", bucket: str, key: str, judged: Judged) -> None:
    storage.write_lines(client, bucket, key, (dict(r.record()) for r in judged.rejects))


def _write_index(
    client: "S3Client", bucket: str, keys: RunKeys, rows: Sequence[PlannedRow]
) -> None:
    lines = (
        Indexed(image_digest(r.row.bucket, r.row.key, r.etag), r.row.id, r.row.line)._asdict()
        for r in rows
    )
    storage.write_lines(client, bucket, keys.images, lines)


def _write_shards(
    client: "S3Client", bucket: str, keys: RunKeys, rows: Sequence[PlannedRow]
) -> list[dict[str, object]]:
    def write(number: int, part: range) -> dict[str, object]:
        name = shard_name(number)
        body = b"".join(storage.json_line(rows[index].record()) for index in part)
        client.put_object(Bucket=bucket, Key=keys.shard_rows(name), Body=body)
        size = sum(_to_fetch(rows[index]) for index in part)
        return {"shard": name, "rows": len(part), "bytes": size}

    parts = list(cut(map(_to_fetch, rows)))
    with ThreadPoolExecutor(_WRITERS) as pool:
        return list(pool.map(write, range(len(parts)), parts))


def _to_fetch(row: PlannedRow) -> int:
    """Return how many bytes of a row's image are read from the source."""
    return row.size if row.reuse is None else 0


def _facts(judged: Judged, rows: Sequence[PlannedRow]) -> dict[str, Any]:
    counter = LabelCounter(len(judged.names))
    for row in rows:
        counter.add(row.row.labels)
    validation = sum(row.side is Side.VALIDATION for row in rows)
    return {
        "rows": judged.total,
        "accepted": len(rows),
        "rejected": len(judged.rejects),
        "train": len(rows) - validation,
        "validation": validation,
        "labels": list(judged.names),
        "positives": dict(zip(judged.names, counter.positives(), strict=True)),
    }
