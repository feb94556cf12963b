"""What a plan is made from: the version of the list that was dropped, and the files beside it."""

import hashlib
from io import BufferedRandom

import msgspec

from tagline.aws.faults import Absent, Conflict, TooLarge
from tagline.aws.s3 import Bucket, copy_body
from tagline.formats.keys import MAX_LABELS_BYTES, MAX_SETTINGS_BYTES, DatasetKeys
from tagline.formats.list_lines import MAX_LIST_BYTES
from tagline.formats.plan import TRAIN_ANYWAY, DroppedList, ListVersion
from tagline.formats.reasons import UnusableList
from tagline.formats.settings import Settings
from tagline.listing.label_names import parse_label_names
from tagline.settings import InvalidSettings, load_settings


def read_companions(bucket: Bucket, keys: DatasetKeys) -> tuple[Settings, tuple[str, ...] | None]:
    """Return the dataset's settings and label names (None: unnamed); raises InvalidSettings."""
    settings = read_settings(bucket, keys)
    try:
        names = bucket.find_bytes(keys.labels, MAX_LABELS_BYTES)
    except TooLarge as exc:
        raise InvalidSettings(str(exc)) from exc
    return settings, None if names is None else parse_label_names(names.content)


def read_settings(bucket: Bucket, keys: DatasetKeys) -> Settings:
    """Return the dataset's settings as they stand; raises InvalidSettings."""
    try:
        text = bucket.find_bytes(keys.settings, MAX_SETTINGS_BYTES)
    except TooLarge as exc:
        raise InvalidSettings(str(exc)) from exc
    return Settings() if text is None else load_settings(text.content)


def read_list(dropped: DroppedList, bucket: Bucket, spool: BufferedRandom) -> ListVersion:
    """Copy the dropped version of a list to `spool`.

    Raises UnusableList where that version is gone or too large.
    """
    key = dropped.key
    try:
        with bucket.stream(key, version_id=dropped.version_id, etag=dropped.etag) as answer:
            size = copy_body(answer.content, spool, MAX_LIST_BYTES)
            anyway = answer.metadata.get(TRAIN_ANYWAY)
    except Conflict as exc:
        raise UnusableList(
            f"{key} was overwritten before this run read it; the newer version has a run of its own"
        ) from exc
    except Absent as exc:
        raise UnusableList(f"{key} was deleted before this run read it") from exc
    if size > MAX_LIST_BYTES:
        raise UnusableList(
            f"the list is larger than {MAX_LIST_BYTES >> 30} GiB; split it into several"
        )
    spool.seek(0)
    digest = hashlib.file_digest(spool, "sha256")
    return ListVersion(
        **msgspec.structs.asdict(dropped), sha256=digest.hexdigest(), train_anyway=anyway
    )
