"""Reads what runs leave in the data bucket."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tagline.cli.errors import Refused
from tagline.cli.target import Target
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import RUN, InvalidName, check_dataset

_PARALLEL = 16
_MAX_JSON_BYTES = 64 << 20


@dataclass(frozen=True)
class RunRecord:
    """One run, as far as it has come; what is not there yet is None."""

    run: str
    dataset: str
    status: dict[str, Any] | None
    metrics: dict[str, Any] | None


def read_json(target: Target, key: str) -> dict[str, Any] | None:
    """Return a JSON object of the data bucket, or None where there is none."""
    try:
        answer = target.s3.get_object(Bucket=target.outputs.bucket, Key=key)
    except ClientError as exc:
        if exc.response["Error"].get("Code") == "NoSuchKey":
            return None
        raise
    if answer["ContentLength"] > _MAX_JSON_BYTES:
        raise Refused(f"{key} is larger than {_MAX_JSON_BYTES >> 20} MiB")
    found = json.loads(answer["Body"].read())
    if not isinstance(found, dict):
        raise Refused(f"{key} is not a JSON object")
    return found


def read_json_lines(target: Target, key: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON Lines object; nothing where there is none."""
    try:
        answer = target.s3.get_object(Bucket=target.outputs.bucket, Key=key)
    except ClientError as exc:
        if exc.response["Error"].get("Code") == "NoSuchKey":
            return
        raise
    for line in answer["Body"].iter_lines():
        if line:
            yield json.loads(line)


def read_run(target: Target, run: str) -> RunRecord:
    """Return what a run says about itself."""
    keys = RunKeys(run)
    status = read_json(target, keys.of("status.json"))
    return RunRecord(run, keys.dataset, status, read_json(target, keys.of("metrics.json")))


def read_runs(target: Target, dataset: str | None = None) -> list[RunRecord]:
    """Return every run of one dataset or of all."""
    datasets = [check_dataset(dataset)] if dataset else _datasets(target)
    names = [
        name
        for each in datasets
        for name in _folders(target, DatasetKeys(each).runs)
        if RUN.fullmatch(name)
    ]
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return list(pool.map(lambda name: read_run(target, name), names))


def _datasets(target: Target) -> list[str]:
    found = []
    for name in _folders(target, ""):
        try:
            found.append(check_dataset(name))
        except InvalidName:  # somebody's other folder in the bucket
            continue
    return found


def _folders(target: Target, prefix: str) -> list[str]:
    pages = target.s3.get_paginator("list_objects_v2").paginate(
        Bucket=target.outputs.bucket, Prefix=prefix, Delimiter="/"
    )
    return [
        item["Prefix"].removeprefix(prefix).rstrip("/")
        for page in pages
        for item in page.get("CommonPrefixes", [])
    ]
