"""What a plan is made from: the version of the list that was dropped, and the files beside it."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedRandom
from typing import TYPE_CHECKING

import msgspec

from tagline.aws.faults import Absent, Conflict, TooLarge
from tagline.aws.s3 import Bucket, Version, copy_body
from tagline.formats.keys import MAX_LABELS_BYTES, MAX_SETTINGS_BYTES, DatasetKeys
from tagline.formats.list_lines import MAX_LIST_BYTES
from tagline.formats.plan import TRAIN_ANYWAY, TRIED, DroppedList, ListVersion
from tagline.formats.reasons import UnusableList
from tagline.formats.settings import Settings
from tagline.listing.label_names import parse_label_names
from tagline.listing.size import LOOKED_AT, ListSize, size_by
from tagline.settings import InvalidSettings, load_settings, read_tried, with_tried

if TYPE_CHECKING:
    from botocore.response import StreamingBody


def read_companions(
    bucket: Bucket, keys: DatasetKeys, tried: Sequence[str] = ()
) -> tuple[Settings, tuple[str, ...] | None]:
    """Return the dataset's settings and label names (None: unnamed); raises InvalidSettings.

    Settings that are tried (`training.epochs=20`) go before the dataset's.
    """
    settings = read_settings(bucket, keys, tried)
    try:
        names = bucket.find_bytes(keys.labels, MAX_LABELS_BYTES)
    except TooLarge as exc:
        raise InvalidSettings(str(exc)) from exc
    return settings, None if names is None else parse_label_names(names.content)


def read_settings(bucket: Bucket, keys: DatasetKeys, tried: Sequence[str] = ()) -> Settings:
    """Return the dataset's settings as they stand, those tried in place; raises InvalidSettings."""
    try:
        text = bucket.find_bytes(keys.settings, MAX_SETTINGS_BYTES)
    except TooLarge as exc:
        raise InvalidSettings(str(exc)) from exc
    content = b"" if text is None else text.content
    return with_tried(content, tried) if tried else load_settings(content)


def tried_with(dropped: DroppedList, bucket: Bucket) -> tuple[str, ...]:
    """Return what a dropped list is tried with, where it is a candidate's; nothing for others.

    Raises UnusableList for what no `tagline try` has written.
    """
    with _reading(dropped, bucket) as answer:
        told = answer.metadata.get(TRIED)
    if told is None:
        return ()
    try:
        return read_tried(told)
    except InvalidSettings as exc:
        raise UnusableList(f"{dropped.key}: the metadata {TRIED} {exc}") from exc


def look_at_list(dropped: DroppedList, bucket: Bucket) -> ListSize:
    """Return what the dropped version of a list seems to hold, by its first mebibyte.

    Raises UnusableList where that version is gone.
    """
    with _reading(dropped, bucket) as answer:
        return size_by(answer.content.read(LOOKED_AT), answer.size)


def read_list(dropped: DroppedList, bucket: Bucket, spool: BufferedRandom) -> ListVersion:
    """Copy the dropped version of a list to `spool`.

    Raises UnusableList where that version is gone or too large.
    """
    with _reading(dropped, bucket) as answer:
        size = copy_body(answer.content, spool, MAX_LIST_BYTES)
        anyway = answer.metadata.get(TRAIN_ANYWAY)
    if size > MAX_LIST_BYTES:
        raise UnusableList(
            f"the list is larger than {MAX_LIST_BYTES >> 30} GiB; split it into several"
        )
    spool.seek(0)
    digest = hashlib.file_digest(spool, "sha256")
    return ListVersion(
        **msgspec.structs.asdict(dropped), sha256=digest.hexdigest(), train_anyway=anyway
    )


@contextmanager
def _reading(dropped: DroppedList, bucket: Bucket) -> "Iterator[Version[StreamingBody]]":
    key = dropped.key
    try:
        with bucket.stream(key, version_id=dropped.version_id, etag=dropped.etag) as answer:
            yield answer
    except Conflict as exc:
        raise UnusableList(
            f"{key} was overwritten before this run read it; the newer version has a run of its own"
        ) from exc
    except Absent as exc:
        raise UnusableList(f"{key} was deleted before this run read it") from exc
