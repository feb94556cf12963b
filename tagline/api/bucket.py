"""The data bucket as the API reads it: what lies there, when it was written, links to it."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from tagline.api.documents import LINK_SECONDS
from tagline.api.run_documents import (
    Link,
)
from tagline.aws.partitions import record_keys
from tagline.aws.s3 import Bucket
from tagline.formats.document import R, decode_lines
from tagline.formats.keys import RunKeys
from tagline.formats.models import Metrics
from tagline.formats.packed import PackedDataset
from tagline.formats.ratings import RatingsDataset
from tagline.formats.recommending import RatingsMetrics


class ObjectVersion(NamedTuple):
    """A version of an object: its ETag with quotes, and when it was written."""

    key: str
    version_id: str
    """Empty where the bucket keeps no versions."""
    etag: str
    written: datetime


class DataBucket(Bucket):
    """The data bucket, and what the API alone asks of it."""

    def holds(self, prefix: str) -> bool:
        """Tell whether any key begins with `prefix`."""
        listing = self.client.list_objects_v2(Bucket=self.name, Prefix=prefix, MaxKeys=1)
        return listing["KeyCount"] > 0

    def packed(self, keys: RunKeys) -> PackedDataset | RatingsDataset | None:
        """Return a run's dataset.json; a damaged one counts as absent."""
        return self.whole_either(keys.packed_dataset, PackedDataset, RatingsDataset)

    def metrics(self, keys: RunKeys) -> Metrics | RatingsMetrics | None:
        """Return a run's metrics.json; a damaged one counts as absent."""
        return self.whole_either(keys.metrics, Metrics, RatingsMetrics)

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Yield every version that is kept of the objects below `prefix`, 1,000 a call."""
        pages = self.client.get_paginator("list_object_versions").paginate(
            Bucket=self.name, Prefix=prefix
        )
        for page in pages:
            for item in page.get("Versions", ()):
                version = "" if item["VersionId"] == "null" else item["VersionId"]
                yield ObjectVersion(item["Key"], version, item["ETag"], item["LastModified"])

    def written(self, key: str) -> str | None:
        """Return when an object was written (ISO 8601, UTC), or None when there is none."""
        head = self.head(key)
        return f"{head.written:%Y-%m-%dT%H:%M:%SZ}" if head else None

    def upload_link(self, key: str, size: int, seconds: int) -> str:
        """Return a URL that takes a file of just so many bytes by PUT, for so many seconds."""
        asked = {"Bucket": self.name, "Key": key, "ContentLength": size}
        return self.client.generate_presigned_url("put_object", Params=asked, ExpiresIn=seconds)

    def origin(self) -> str:
        """Return where links lead: scheme, host and port, as browsers call it."""
        url = self.client.generate_presigned_url("get_object", {"Bucket": self.name, "Key": "x"})
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}"

    def head_lines(self, key: str, kind: type[R], most: int) -> tuple[list[R], bool]:
        """Return the first records of a file of JSON Lines, and whether they are all it has.

        Of its first `most` bytes; nothing is all of a file that is not there.
        """
        head = self.head(key)
        if head is None or not head.size:
            return [], True
        data = self.range(key, 0, most)
        whole = len(data) >= head.size
        lines = data.splitlines()
        return list(decode_lines(lines if whole else lines[:-1], kind, self.uri(key))), whole

    def link_of_lines(self, key: str, media_type: str) -> Link | None:
        """Return the link of JSON Lines, or of the first partition where they lie in several."""
        found = record_keys(self, key)
        return self.link(found[0], media_type) if found else None

    def link(self, key: str, media_type: str) -> Link | None:
        """Return an object's URI and a URL good for LINK_SECONDS, or None when there is none.

        The URL answers `media_type`, whatever the object was stored as: SageMaker stores all
        outputs as bytes, and a browser would not show a report of those.
        """
        if self.head(key) is None:
            return None
        asked = {"Bucket": self.name, "Key": key, "ResponseContentType": media_type}
        url = self.client.generate_presigned_url("get_object", Params=asked, ExpiresIn=LINK_SECONDS)
        return Link(s3_uri=self.uri(key), url=url)
