"""Where a list's paths lead: the dataset's source, and the buckets a list may name.

A path is a key below `source:` of dataset.yaml or, without one, below `<dataset>/` in the data
bucket; `./x` and `x//y` mean `x` and `x/y`. A full s3:// URI may name a bucket of the stack's
SourceBuckets parameter, or the data bucket below `<dataset>/`, so that a list cannot read another
dataset's files by accident; naming the data bucket in SourceBuckets lifts that limit.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from tagline.formats.locations import Location, fault_of_key, parse_uri
from tagline.formats.reasons import Reason
from tagline.formats.spellings import plain_path
from tagline.settings import InvalidSettings

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


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
            prefix = parse_uri(source)
            if prefix is None:
                raise InvalidSettings(
                    f"source: expected s3://bucket/prefix/, found {source!r:.80}", "source"
                )
            home = prefix
        found = cls(home, allowed)
        if not found._allows(home):
            raise InvalidSettings(
                f"source: {source} is not allowed; add the bucket {home.bucket} to the stack's "
                f"SourceBuckets parameter, or use s3://{data_bucket}/{dataset}/",
                "source",
            )
        return found

    @classmethod
    def unchecked(cls, source: str | None = None) -> Self:
        """Return a source for looking at a list without a cloud: any bucket is allowed."""
        home = parse_uri(source) if source else None
        return cls(home or Location("", ""), None)

    def resolve(self, path: str) -> Location:
        """Return the object a row's path names; raises BadLocation with the row's reason."""
        if not path:
            raise BadLocation(Reason.BAD_PATH, "the path is empty")
        is_uri = "://" in path and _SCHEME.match(path)
        location = self._uri(path) if is_uri else self._below_home(path)
        self.check(location)
        return location

    def resolve_prefix(self, path: str) -> Location:
        """Return the prefix that a path names, which may be all of the source; or BadLocation."""
        if "://" in path and _SCHEME.match(path):
            location = self._uri(path)
        else:
            location = Location(self.home.bucket, self.home.key + plain_path(path).lstrip("/"))
        self._check_key(location)
        return location

    def path_of(self, location: Location) -> str:
        """Return what a list of the dataset calls an object."""
        path = location.key.removeprefix(self.home.key)
        plain = location.below(self.home) and "://" not in path and plain_path(path) == path
        return path if plain else location.uri

    def check(self, location: Location) -> None:
        """Raise BadLocation for an object that no list may name."""
        if not location.key or location.key.endswith("/"):
            raise BadLocation(Reason.BAD_PATH, "the path names no file")
        self._check_key(location)

    def _check_key(self, location: Location) -> None:
        if fault := fault_of_key(location.key):
            raise BadLocation(Reason.BAD_PATH, f"the key {fault}")
        if not self._allows(location):
            raise BadLocation(
                Reason.NOT_ALLOWED_BUCKET,
                f"bucket {location.bucket}: add it to the stack's SourceBuckets parameter, or copy "
                "the image below the dataset's own prefix",
            )

    def scope(self, location: Location) -> str:
        """Return the prefix to list for an allowed object, so that narrow grants are enough."""
        prefixes = {self.home, *(self.allowed or ())}
        return max(
            (p.key for p in prefixes if location.below(p)), key=len, default=""
        )  # the longest: `source:` or `<dataset>/` rather than a whole bucket

    def literal(self, path: str) -> str:
        """Return the key that a path has where every `./` and slash of it counts."""
        location = parse_uri(path)
        return location.key if location else self.home.key + path.lstrip("/")

    def _below_home(self, path: str) -> Location:
        return Location(self.home.bucket, self.home.key + plain_path(path))

    def _uri(self, path: str) -> Location:
        location = parse_uri(path)
        if location is None:
            raise BadLocation(Reason.BAD_PATH, "a URI is s3://bucket/key; others are not read")
        return location

    def _allows(self, location: Location) -> bool:
        return self.allowed is None or any(location.below(prefix) for prefix in self.allowed)
