"""Lists that lie in a bucket and started nothing: their event is given again.

A list is an object at once, but its event, the function that hears it and the execution which
that starts are later steps; a kill or a full disk may come between any two of them.
"""

import logging
from collections.abc import Iterator
from typing import Any

from local import patching
from local.executions import executions
from local.object_writes import FIRE
from tagline.formats.batch_keys import BatchKeys, batch_name
from tagline.formats.keys import RunKeys
from tagline.formats.names import InvalidName, run_name

_S3 = "ministack.services.s3"
_CREATED = "s3:ObjectCreated:Put"
_LISTS, _RATINGS, _BATCHES = "/lists/", "/ratings/", "/batches/"
logger = logging.getLogger("local.missed_lists")


def check() -> None:
    """Raise UnexpectedMinistack unless the names used here are what they were."""
    patching.function(_S3, "_fire_s3_event_async", *FIRE)
    for name in ("_buckets", "_bucket_notifications", "_object_versions"):
        patching.member(_S3, name, object)


def give_again() -> None:
    """Give the event of every list version that has neither an execution nor a status."""
    fire = patching.function(_S3, "_fire_s3_event_async", *FIRE)
    for bucket, key, version in sorted(_missed(), key=lambda item: str(item[2]["last_modified"])):
        logger.warning("s3://%s/%s started no run; its event is given again", bucket, key)
        fire(
            bucket,
            key,
            _CREATED,
            size=version["size"],
            etag=version["etag"],
            version_id=version["version_id"],
        )


def _missed() -> Iterator[tuple[str, str, dict[str, Any]]]:
    notified = patching.member(_S3, "_bucket_notifications", object)
    buckets = patching.member(_S3, "_buckets", object)
    known = {item["name"] for item in executions().all_values() if "mapRunArn" not in item}
    for (bucket, key), versions in patching.member(_S3, "_object_versions", object).items():
        if not any(folder in key for folder in (_LISTS, _RATINGS, _BATCHES)):
            continue
        if "EventBridgeConfiguration" not in notified.get(bucket, ""):
            continue
        objects = (buckets.get(bucket) or {}).get("objects", {})
        for version in versions:
            if version.get("is_delete_marker"):
                continue
            try:
                name, status = _started(bucket, key, version)
            except InvalidName:
                continue
            if name not in known and status not in objects:
                yield bucket, key, version


def _started(bucket: str, key: str, version: dict[str, Any]) -> tuple[str, str]:
    """Return the name of the run or batch of a list's version, and the key of its status."""
    given = bucket, key, version["version_id"], version["etag"]
    if _BATCHES in key:
        batch = batch_name(*given)
        return batch, BatchKeys(batch).status
    run = run_name(*given)
    return run, RunKeys(run).status
