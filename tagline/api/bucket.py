"""The data bucket as the API reads it: JSON documents within bounds, folders, links."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tagline.aws.s3json import find_json

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LINK_SECONDS = 900


class Bucket:
    """Reads of one bucket; an S3 error that means something else than "missing" passes through."""

    def __init__(self, s3: "S3Client", name: str) -> None:
        self._s3 = s3
        self.name = name

    def uri(self, key: str) -> str:
        """Return the S3 URI of a key."""
        return f"s3://{self.name}/{key}"

    def document(self, key: str) -> dict[str, Any] | None:
        """Return a JSON document, or None; raises tagline.aws.s3json.UnreadableDocument."""
        found = find_json(self._s3, self.name, key)
        return found.content if found else None

    def holds(self, prefix: str) -> bool:
        """Tell whether any key begins with `prefix`."""
        listing = self._s3.list_objects_v2(Bucket=self.name, Prefix=prefix, MaxKeys=1)
        return listing["KeyCount"] > 0

    def folders(self, prefix: str, after: str | None = None) -> Iterator[str]:
        """Yield the names of the folders right under `prefix` in order, those after `after`."""
        # "0" follows "/": every key in the folder `after` lies before that.
        start = f"{prefix}{after}0" if after else ""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, Delimiter="/", StartAfter=start
        )
        for page in pages:
            for common in page.get("CommonPrefixes", []):
                yield common["Prefix"][len(prefix) : -1]

    def written(self, key: str) -> str | None:
        """Return when an object was written (ISO 8601, UTC), or None when there is none."""
        try:
            head = self._s3.head_object(Bucket=self.name, Key=key)
        except ClientError as exc:
            if exc.response["Error"]["Code"] == "404":
                return None
            raise
        return f"{head['LastModified']:%Y-%m-%dT%H:%M:%SZ}"

    def link(self, key: str, media_type: str) -> dict[str, str] | None:
        """Return an object's URI and a URL good for 15 minutes, or None when there is none.

        The URL answers `media_type`, whatever the object was stored as: SageMaker stores all
        outputs as bytes, and a browser would not show a report of those.
        """
        if self.written(key) is None:
            return None
        asked = {"Bucket": self.name, "Key": key, "ResponseContentType": media_type}
        url = self._s3.generate_presigned_url("get_object", Params=asked, ExpiresIn=LINK_SECONDS)
        return {"s3_uri": self.uri(key), "url": url}
