"""The run's objects in S3, with errors that name the object."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from im2rec.errors import PackFailed
from im2rec.run.multipart import Source, join
from tagline.formats.keys import RunKeys

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

# one CopyObject takes up to 5 GiB; beyond it, parts copied on S3's side
_COPY = TransferConfig(multipart_threshold=1024**3, multipart_chunksize=256 * 1024**2)
_MISSING = {"NoSuchKey", "404"}


class MissingObject(PackFailed):
    """An object that an earlier step should have written is not there."""


class RunStore:
    """Reads and writes the objects of one run in the data bucket."""

    def __init__(self, client: "S3Client", bucket: str, keys: RunKeys) -> None:
        self._client = client
        self._bucket = bucket
        self.keys = keys

    def read_json(self, key: str) -> Any:
        """Return the JSON value of an object; raise PackFailed when it has none."""
        with self._named("read", key):
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        try:
            return json.loads(body)
        except ValueError as exc:
            raise PackFailed(f"{self._uri(key)} is not JSON: {exc}.") from exc

    def read_lines(self, key: str) -> Iterator[dict[str, Any]]:
        """Yield the JSON object of each line of an object, as it arrives."""
        with self._named("read", key):
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
            for number, line in enumerate(body.iter_lines(), 1):
                try:
                    yield json.loads(line)
                except ValueError as exc:
                    message = f"{self._uri(key)}, line {number}, is not JSON: {exc}."
                    raise PackFailed(message) from exc

    def download(self, key: str, path: Path) -> None:
        """Write an object to a file, with parallel requests where it is large."""
        with self._named("read", key):
            self._client.download_file(self._bucket, key, str(path))

    def upload(self, path: Path, key: str, content_type: str, tags: str | None = None) -> None:
        """Write a file to an object, in parts where it is large; `tags` are a URL query."""
        extra = {"ContentType": content_type} | ({"Tagging": tags} if tags else {})
        with self._named("write", key):
            self._client.upload_file(str(path), self._bucket, key, ExtraArgs=extra)

    def write(self, key: str, text: str, content_type: str) -> None:
        """Write a text to an object."""
        with self._named("write", key):
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=text.encode(), ContentType=content_type
            )

    def copy(self, source: str, target: str) -> None:
        """Copy one object of the bucket to another key, on S3's side."""
        with self._named("copy to", target):
            origin = {"Bucket": self._bucket, "Key": source}
            self._client.copy(origin, self._bucket, target, Config=_COPY)  # type: ignore[arg-type]

    def keys_under(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with a prefix, in key order."""
        with self._named("list", prefix):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                yield from (item["Key"] for item in page.get("Contents", ()))

    def source(self, key: str) -> Source:
        """Return an object as something that can be joined."""
        with self._named("read", key):
            answer = self._client.head_object(Bucket=self._bucket, Key=key)
        return Source(key, answer["ContentLength"], answer["ETag"])

    def join(self, sources: Sequence[Source], target: str, content_type: str) -> None:
        """Make one object of several, on S3's side."""
        with self._named("join", target):
            join(self._client, self._bucket, sources, target, content_type)

    @contextmanager
    def stream(self, key: str) -> Iterator["StreamingBody"]:
        """Open an object to read it once, from its beginning."""
        with self._named("read", key):
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
            with closing(body):
                yield body

    def _uri(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"

    @contextmanager
    def _named(self, verb: str, key: str) -> Iterator[None]:
        try:
            yield
        except ClientError as exc:
            if exc.response["Error"].get("Code") in _MISSING:
                raise MissingObject(f"{self._uri(key)} is not there.") from exc
            raise PackFailed(f"Cannot {verb} {self._uri(key)}: {exc}.") from exc
        except (BotoCoreError, Boto3Error) as exc:
            raise PackFailed(f"Cannot {verb} {self._uri(key)}: {exc}.") from exc


def write_lines(path: Path, values: Iterable[dict[str, Any]]) -> None:
    """Write JSON Lines: one compact object a line, UTF-8, as every reader of the run takes them."""
    with path.open("w", encoding="utf-8") as stream:
        for value in values:
            stream.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
