"""Copies images into the data bucket, leaving out those that are there already."""

import hashlib
import mimetypes
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tagline.cli.errors import Refused
from tagline.cli.output import ERR, say
from tagline.cli.target import Target
from tagline.formats.locations import plain_etag

_PARALLEL = 16
_BATCH = 1024  # images under way at most: a failure stops the upload after so many
_MAX_IMAGE_BYTES = 100 << 20


@dataclass(frozen=True)
class Uploaded:
    """How many images were sent, and how many were there already."""

    sent: int
    present: int


def upload_images(target: Target, dataset: str, files: Mapping[str, Path]) -> Uploaded:
    """Put each file at `<dataset>/<path>`; one with the same size and MD5 is not sent again."""
    present = _present(target, dataset, files)
    sent = 0
    progress = Progress(
        TextColumn("Upload images"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=ERR,
        disable=not ERR.is_terminal,
    )
    with progress, ThreadPoolExecutor(_PARALLEL) as pool:
        task = progress.add_task("images", total=len(files))

        def send(item: tuple[str, Path]) -> bool:
            path, file = item
            return _send(target, f"{dataset}/{path}", file, present.get(f"{dataset}/{path}"))

        waiting = iter(files.items())
        while batch := list(islice(waiting, _BATCH)):
            for was_sent in pool.map(send, batch):
                sent += was_sent
                progress.advance(task)
    say(f"✓ {sent:,} images uploaded, {len(files) - sent:,} were there already", style="green")
    return Uploaded(sent, len(files) - sent)


def _present(target: Target, dataset: str, files: Mapping[str, Path]) -> dict[str, tuple[int, str]]:
    """Return size and ETag of the objects below the folders that the files go to."""
    folders = {f"{dataset}/{PurePosixPath(path).parent}/".replace("/./", "/") for path in files}
    tops = {folder for folder in folders if not _has_parent(folder, folders)}
    return {key: known for top in tops for key, known in _listed(target, top)}


def _has_parent(folder: str, folders: set[str]) -> bool:
    parts = folder.rstrip("/").split("/")
    return any("/".join(parts[:end]) + "/" in folders for end in range(1, len(parts)))


def _listed(target: Target, prefix: str) -> Iterator[tuple[str, tuple[int, str]]]:
    pages = target.s3.get_paginator("list_objects_v2").paginate(
        Bucket=target.bucket.name, Prefix=prefix
    )
    for page in pages:
        for item in page.get("Contents", []):
            yield item["Key"], (item["Size"], plain_etag(item["ETag"]))


def _send(target: Target, key: str, file: Path, known: tuple[int, str] | None) -> bool:
    size = file.stat().st_size
    if size > _MAX_IMAGE_BYTES:
        raise Refused(f"{file} is larger than {_MAX_IMAGE_BYTES >> 20} MiB: no image of a dataset")
    body = file.read_bytes()
    # the ETag of an object sent in one part is its MD5; under a KMS key it is not: sent again
    if known == (size, hashlib.md5(body, usedforsecurity=False).hexdigest()):
        return False
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    target.bucket.put(key, body, kind)
    return True
