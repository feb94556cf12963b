"""Where a list's paths lead: the dataset's source, and the buckets a list may name.

A path is a key below `source:` of dataset.yaml or, without one, below `<dataset>/` in the data
bucket. A full s3:// URI may name a bucket of the stack's SourceBuckets parameter, or the data
bucket below `<dataset>/`, so that a list cannot read another dataset's files by accident; naming
the data bucket in SourceBuckets lifts that limit.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple, Self

from tagline.formats.reasons import Reason
from tagline.settings.rules import S3_PREFIX, InvalidSettings

MAX_KEY_BYTES = 1024  # S3's limit, counted in UTF-8
_MOST_BYTES = 4  # of a character in UTF-8
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


class Location(NamedTuple):
    """An object: its bucket and key."""

    bucket: str
    key: str


class BadLocation(ValueError):
    """A path that leads nowhere a list may go."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Source:
    """A list's paths resolve here: `home` is the prefix of plain paths, `allowed` what URIs reach.

    `allowed` holds (bucket, prefix) pairs; None means that any bucket goes (a check off-line).
    """

    home: Location
    allowed: frozenset[Location] | None

    @classmethod
    def of_dataset(
        cls, dataset: str, data_bucket: str, source: str | None, source_buckets: Collection[str]
    ) -> Self:
        """Return the source of a dataset; raises InvalidSettings when `source` is not allowed."""
        own = Location(data_bucket, f"{dataset}/")
        allowed = frozenset({own, *(Location(bucket, "") for bucket in source_buckets if bucket)})
        home = own
        if source is not None:
            match = S3_PREFIX.fullmatch(source)
            if match is None:
                raise InvalidSettings(f"source: expected s3://bucket/prefix/, found {source!r:.80}")
            home = Location(match[1], match[2] or "")
        found = cls(home, allowed)
        if not found._allows(home):
            raise InvalidSettings(
                f"source: {source} is not allowed; add the bucket {home.bucket} to the stack's "
                f"SourceBuckets parameter, or use s3://{data_bucket}/{dataset}/"
            )
        return found

    @classmethod
    def unchecked(cls, source: str | None = None) -> Self:
        """Return a source for looking at a list without a cloud: any bucket is allowed."""
        match = S3_PREFIX.fullmatch(source) if source else None
        return cls(Location(match[1], match[2] or "") if match else Location("", ""), None)

    def resolve(self, path: str) -> Location:
        """Return the object a row's path names; raises BadLocation with the row's reason."""
        if not path:
            raise BadLocation(Reason.BAD_PATH, "the path is empty")
        # each check has a cheap form first: a list has a million paths, nearly all of them plain
        control = None if path.isascii() and path.isprintable() else _CONTROL.search(path)
        if control:
            raise BadLocation(
                Reason.BAD_PATH, f"the path holds a control character (U+{ord(control[0]):04X})"
            )
        is_uri = "://" in path and _SCHEME.match(path)
        location = self._uri(path) if is_uri else self._below_home(path)
        if not location.key or location.key.endswith("/"):
            raise BadLocation(Reason.BAD_PATH, "the path names no file")
        if ".." in location.key and ".." in location.key.split("/"):
            raise BadLocation(Reason.BAD_PATH, "the path holds '..'")
        if len(location.key) > MAX_KEY_BYTES // _MOST_BYTES:
            size = len(location.key.encode())
            if size > MAX_KEY_BYTES:
                raise BadLocation(
                    Reason.BAD_PATH, f"the key is {size} bytes long; S3 takes {MAX_KEY_BYTES}"
                )
        return location

    def scope(self, location: Location) -> str:
        """Return the prefix to list for an allowed object, so that narrow grants are enough."""
        prefixes = {self.home, *(self.allowed or ())}
        return max(
            (p.key for p in prefixes if _below(location, p)), key=len, default=""
        )  # the longest: `source:` or `<dataset>/` rather than a whole bucket

    def _below_home(self, path: str) -> Location:
        return Location(self.home.bucket, self.home.key + path.lstrip("/"))

    def _uri(self, path: str) -> Location:
        match = S3_PREFIX.fullmatch(path)
        if match is None:
            raise BadLocation(Reason.BAD_PATH, "a URI is s3://bucket/key; others are not read")
        location = Location(match[1], match[2] or "")
        if not self._allows(location):
            raise BadLocation(
                Reason.NOT_ALLOWED_BUCKET,
                f"bucket {location.bucket}: add it to the stack's SourceBuckets parameter, or copy "
                "the image below the dataset's own prefix",
            )
        return location

    def _allows(self, location: Location) -> bool:
        return self.allowed is None or any(_below(location, prefix) for prefix in self.allowed)


def _below(location: Location, prefix: Location) -> bool:
    return location.bucket == prefix.bucket and location.key.startswith(prefix.key)
