"""What a list's images are in S3, found by listing instead of one request an image.

The wanted keys, sorted as S3 sorts them, are merged with the bucket's listing; every page begins at
the next wanted key, so that stretches nobody asked for are skipped. A dense source costs a call for
1,000 keys, a sparse one at most a call a wanted key (save for keys that hold U+10FFFF).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, Self

from botocore.exceptions import ClientError

from tagline.aws.faults import error_code
from tagline.aws.s3 import Bucket
from tagline.formats.locations import MAX_KEY_BYTES, plain_etag
from tagline.formats.reasons import Reason

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectTypeDef

MAX_OBJECT_BYTES = 64 << 20
WORKERS = 8
_SEGMENT = 4000  # keys of one sequential scan
_PAGE = 1000
_ARCHIVED = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_LAST_CHARACTER = "\U0010ffff"


class Unlistable(Exception):
    """A prefix that cannot be listed: what that makes of its images, and a sentence on the cure."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Found(NamedTuple):
    """An object as listed; `etag` without its quotes, `size` in bytes.

    `restored`: it is archived, and a copy that can be read lies beside it.
    """

    etag: str
    size: int
    storage_class: str = "STANDARD"
    restored: bool = False

    @classmethod
    def of(cls, item: "ObjectTypeDef") -> Self:
        """Return an item of a listing; without a RestoreStatus it counts as not restored."""
        status = item.get("RestoreStatus", {})
        return cls(
            plain_etag(item["ETag"]),
            item["Size"],
            item.get("StorageClass", "STANDARD"),
            "RestoreExpiryDate" in status and not status.get("IsRestoreInProgress"),
        )

    def fault(self) -> tuple[Reason, str] | None:
        """Return why no image can be read from it, if so."""
        if self.storage_class in _ARCHIVED and not self.restored:
            return Reason.ARCHIVED_OBJECT, f"restore it from {self.storage_class} first"
        if self.size == 0:
            return Reason.EMPTY_OBJECT, "the object has 0 bytes"
        if self.size > MAX_OBJECT_BYTES:
            limit = MAX_OBJECT_BYTES >> 20
            return Reason.OBJECT_TOO_LARGE, f"{self.size:,} bytes; at most {limit} MiB are read"
        return None


def take_inventory(
    bucket: Bucket, prefix: str, keys: Sequence[str], page_size: int = _PAGE
) -> dict[str, Found]:
    """Return those of `keys` (sorted, distinct, all below `prefix`) that exist.

    Raises Unlistable where the bucket does not exist or may not be listed.
    """
    segments = [keys[start : start + _SEGMENT] for start in range(0, len(keys), _SEGMENT)]
    found: dict[str, Found] = {}
    try:
        with ThreadPoolExecutor(WORKERS) as pool:
            scans = [pool.submit(_scan, bucket, prefix, s, page_size) for s in segments]
            for scan in scans:
                found.update(scan.result())
    except ClientError as exc:
        raise explained(exc, bucket.name, prefix) from exc
    return found


def _scan(bucket: Bucket, prefix: str, keys: Sequence[str], page_size: int) -> dict[str, Found]:
    found: dict[str, Found] = {}
    index = 0
    start = ""
    while index < len(keys):
        start = max(start, _just_before(keys[index]))
        page = bucket.page(prefix, start, page_size)
        for item in page.get("Contents", []):
            key = start = item["Key"]
            while index < len(keys) and keys[index] < key:
                index += 1
            if index == len(keys):
                break
            if keys[index] == key:
                found[key] = Found.of(item)
                index += 1
        if not page.get("IsTruncated"):
            break
    return found


def _just_before(key: str) -> str:
    """Return a string below `key` with, as good as always, no other key between."""
    head, last = key[:-1], ord(key[-1])
    if last == 0:
        return head
    previous = chr(last - 1) if last != 0xE000 else "\ud7ff"  # noqa: PLR2004 - no surrogates
    start = head + previous + _LAST_CHARACTER
    return start if len(start.encode()) <= MAX_KEY_BYTES else head


def explained(exc: ClientError, bucket: str, prefix: str) -> Exception:
    """Return Unlistable where a listing was refused for good, else the error itself."""
    code = error_code(exc)
    if code in {"AccessDenied", "AllAccessDisabled", "403", "Forbidden"}:
        return Unlistable(
            Reason.ACCESS_DENIED,
            f"bucket {bucket}: listing {prefix or 'its keys'} was refused; name the bucket in the "
            "stack's SourceBuckets parameter and have its owner's bucket policy grant "
            "s3:ListBucket and s3:GetObject to the account",
        )
    if code in {"NoSuchBucket", "404"}:
        return Unlistable(
            Reason.MISSING_OBJECT,
            f"bucket {bucket} does not exist; correct `source:` or the paths",
        )
    return exc
