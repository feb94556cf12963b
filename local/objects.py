"""S3 objects to and from files, over the cloud's own endpoint.

Call from a job's thread, never from the event loop, which has to answer the call.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from local.access.sessions import Session
from local.clients import Clients
from local.context import Cloud


@dataclass(frozen=True)
class S3Uri:
    """A bucket and a key or prefix of it."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> "S3Uri":
        """Return the parts of `s3://bucket/key`, or raise ValueError."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        if not uri.startswith("s3://") or not bucket:
            raise ValueError(f"{uri!r} is not s3://bucket/key")
        return cls(bucket, key)


@dataclass(frozen=True)
class Objects:
    """The cloud's S3, as a role sees it or as the person does.

    Every method raises botocore's ClientError as any client would see it.
    """

    cloud: Cloud
    session: Session | None = None

    @cached_property
    def client(self) -> Any:
        """A boto3 S3 client of this cloud, safe to share between threads."""
        return Clients(self.cloud, self.session).of("s3")

    def get(self, uri: str, file: Path) -> None:
        """Copy the object at `uri` to `file`, making its folder."""
        file.parent.mkdir(parents=True, exist_ok=True)
        at = S3Uri.parse(uri)
        self.client.download_file(at.bucket, at.key, str(file))

    def read(self, uri: str) -> bytes:
        """Return the content of the object at `uri`."""
        at = S3Uri.parse(uri)
        content: bytes = self.client.get_object(Bucket=at.bucket, Key=at.key)["Body"].read()
        return content

    def put(self, file: Path, uri: str) -> None:
        """Copy `file` to the object at `uri`."""
        at = S3Uri.parse(uri)
        self.client.upload_file(str(file), at.bucket, at.key)

    def write(self, data: bytes, uri: str) -> None:
        """Write bytes to the object at `uri`."""
        at = S3Uri.parse(uri)
        self.client.put_object(Bucket=at.bucket, Key=at.key, Body=data)

    def delete(self, uri: str) -> None:
        """Delete the object at `uri`, if there is one."""
        at = S3Uri.parse(uri)
        self.client.delete_object(Bucket=at.bucket, Key=at.key)

    def list(self, uri: str) -> list[str]:
        """Return the URIs of all objects whose key begins with the prefix, in key order."""
        at = S3Uri.parse(uri)
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=at.bucket, Prefix=at.key
        )
        return [
            f"s3://{at.bucket}/{item['Key']}" for page in pages for item in page.get("Contents", ())
        ]
