"""PlanDataset: a dropped list → every row accounted for, a split, shards, and a fingerprint."""

import hashlib
import json
import tempfile
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Self, TypedDict

from botocore.exceptions import ClientError

from tagline import planrows, s3json, storage
from tagline.fingerprint import fingerprint
from tagline.labels import MAX_LABELS_BYTES, parse_label_names
from tagline.labelstats import LabelCounter
from tagline.layout import DatasetKeys, RunKeys
from tagline.listlines import MAX_LIST_BYTES
from tagline.planrows import Judged, PlannedRow
from tagline.reasons import UnusableList
from tagline.settings import MAX_SETTINGS_BYTES, InvalidSettings, Settings, load_settings
from tagline.sharding import cut, shard_name
from tagline.sources import Source
from tagline.split import Side

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef

_WRITERS = 8
_CHUNK = 1 << 20


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
    settings, names = _read_companions(request, client)
    source = Source.of_dataset(request.dataset, request.bucket, settings.source, source_buckets)
    judged = Judged()
    try:
        with tempfile.TemporaryFile() as spool:
            sha256 = _download_list(request, client, spool)
            planrows.parse(judged, spool, source, names, settings.tolerance.rejected)
        rows = planrows.locate(judged, client, source, settings)
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
    shards = [] if unchanged else _write_shards(client, request.bucket, keys, rows)
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
        "train": plan["train"],
        "validation": plan["validation"],
        "shards": len(shards),
        "plan_key": keys.of("plan.json"),
        "shards_key": keys.of("shards.json"),
    }


def _read_companions(
    request: PlanRequest, client: "S3Client"
) -> tuple[Settings, tuple[str, ...] | None]:
    keys = DatasetKeys(request.dataset)
    try:
        text = storage.read_object(client, request.bucket, keys.settings, MAX_SETTINGS_BYTES)
        names = storage.read_object(client, request.bucket, keys.labels, MAX_LABELS_BYTES)
    except storage.DocumentTooLarge as exc:
        raise InvalidSettings(str(exc)) from exc
    return (
        Settings() if text is None else load_settings(text),
        None if names is None else parse_label_names(names),
    )


def _download_list(request: PlanRequest, client: "S3Client", spool: BinaryIO) -> str:
    """Copy the run's version of the list to `spool`; return its SHA-256 (hex)."""
    wanted: GetObjectRequestTypeDef = {
        "Bucket": request.bucket,
        "Key": request.key,
        "IfMatch": f'"{request.etag}"',
    }
    if request.version_id:
        wanted["VersionId"] = request.version_id
    try:
        answer = client.get_object(**wanted)
    except ClientError as exc:
        code = storage.error_code(exc)
        if code in {"PreconditionFailed", "412"}:
            raise UnusableList(
                f"{request.key} was overwritten before this run read it; the newer version has a "
                "run of its own"
            ) from exc
        if code in {"NoSuchKey", "NoSuchVersion", "404"}:
            raise UnusableList(f"{request.key} was deleted before this run read it") from exc
        raise
    with answer["Body"] as body:
        if storage.copy_body(body, spool, MAX_LIST_BYTES) > MAX_LIST_BYTES:
            raise UnusableList(
                f"the list is larger than {MAX_LIST_BYTES >> 30} GiB; split it into several"
            )
    spool.seek(0)
    digest = hashlib.sha256()
    while chunk := spool.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


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


def _write_shards(
    client: "S3Client", bucket: str, keys: RunKeys, rows: Sequence[PlannedRow]
) -> list[dict[str, object]]:
    def write(number: int, part: range) -> dict[str, object]:
        name = shard_name(number)
        body = b"".join(storage.json_line(rows[index].record()) for index in part)
        client.put_object(Bucket=bucket, Key=keys.shard_rows(name), Body=body)
        size = sum(rows[index].size for index in part)
        return {"shard": name, "rows": len(part), "bytes": size}

    parts = list(cut(row.size for row in rows))
    with ThreadPoolExecutor(_WRITERS) as pool:
        return list(pool.map(write, range(len(parts)), parts))


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
