"""What a plan is made from: the version of the list that was dropped, and the files beside it."""

import hashlib
from typing import TYPE_CHECKING, BinaryIO

from botocore.exceptions import ClientError

from tagline.aws import storage
from tagline.formats.keys import DatasetKeys
from tagline.formats.list_lines import MAX_LIST_BYTES
from tagline.formats.reasons import UnusableList
from tagline.listing.label_names import MAX_LABELS_BYTES, parse_label_names
from tagline.settings.schema import MAX_SETTINGS_BYTES, InvalidSettings, Settings, load_settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef

_CHUNK = 1 << 20


def read_companions(
    client: "S3Client", bucket: str, keys: DatasetKeys
) -> tuple[Settings, tuple[str, ...] | None]:
    """Return the dataset's settings and label names (None: unnamed); raises InvalidSettings."""
    try:
        text = storage.read_object(client, bucket, keys.settings, MAX_SETTINGS_BYTES)
        names = storage.read_object(client, bucket, keys.labels, MAX_LABELS_BYTES)
    except storage.DocumentTooLarge as exc:
        raise InvalidSettings(str(exc)) from exc
    return (
        Settings() if text is None else load_settings(text),
        None if names is None else parse_label_names(names),
    )


def download_list(wanted: "GetObjectRequestTypeDef", client: "S3Client", spool: BinaryIO) -> str:
    """Copy the wanted version of the list to `spool`; return its SHA-256 (hex).

    Raises UnusableList where that version is gone or too large.
    """
    key = wanted["Key"]
    try:
        answer = client.get_object(**wanted)
    except ClientError as exc:
        code = storage.error_code(exc)
        if code in {"PreconditionFailed", "412"}:
            raise UnusableList(
                f"{key} was overwritten before this run read it; the newer version has a "
                "run of its own"
            ) from exc
        if code in {"NoSuchKey", "NoSuchVersion", "404"}:
            raise UnusableList(f"{key} was deleted before this run read it") from exc
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
