"""The one place that talks to S3: documents, lines, bytes and files of a bucket.

Conditional writes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html.
What S3 refuses for another reason than that an object is absent, or is not the version that was
meant, leaves as botocore's own error, with the object's address as its note (`address_of`).
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, Generic, TypeVar

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from tagline.aws.faults import FAULTS, Absent, Conflict, TooLarge, is_absent, is_conflict
from tagline.formats.document import (
    D,
    Document,
    E,
    R,
    Record,
    UnreadableDocument,
    check_format,
    decode,
    decode_array,
    decode_either,
    decode_lines,
    encode,
    encode_record,
)

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        CopySourceTypeDef,
        ListObjectsV2OutputTypeDef,
        ObjectTypeDef,
    )

_log = logging.getLogger(__name__)
T = TypeVar("T")
MAX_DOCUMENT = 8 << 20  # bytes
MAX_ARRAY = 64 << 20  # 1,000,000 shards
JSON, JSON_LINES = "application/json", "application/x-ndjson"
RECORDIO, TAR = "application/x-recordio", "application/x-tar"
BINARY = "application/octet-stream"
CSV, GZIP = "text/csv; charset=utf-8", "application/gzip"
FORMAT = "format"  # in the metadata of a file of JSON Lines
_IN_MEMORY = 8 << 20
_CHUNK = 1 << 20
_LINES = 1 << 18  # bytes of lines that are read at a time
# one CopyObject takes up to 5 GiB; beyond it, parts copied on S3's side
_COPY = TransferConfig(multipart_threshold=1 << 30, multipart_chunksize=1 << 28)


@dataclass(frozen=True)
class Version(Generic[T]):
    """What an object holds; ETag (with quotes) and metadata of the version that was read."""

    content: T
    etag: str
    metadata: Mapping[str, str]
    size: int = 0
    """Bytes of an object that is opened; it may be read in part."""


@dataclass(frozen=True)
class Head:
    """An object as it stands: bytes, ETag (with quotes), metadata, when it was written."""

    size: int
    etag: str
    metadata: Mapping[str, str]
    written: datetime


@dataclass(frozen=True)
class Bucket:
    """A bucket and the client to reach it."""

    client: "S3Client"
    name: str

    def uri(self, key: str) -> str:
        """Return the address of a key."""
        return f"s3://{self.name}/{key}"

    @contextmanager
    def about(self, key: str) -> Iterator[None]:
        """Note the address of a key on what goes wrong in the block, for `address_of`."""
        try:
            yield
        except FAULTS as exc:
            if not hasattr(exc, "__notes__"):
                exc.add_note(self.uri(key))
            raise

    @contextmanager
    def _reading(self, key: str) -> Iterator[None]:
        try:
            with self.about(key):
                yield
        except ClientError as exc:
            if is_absent(exc):
                raise Absent(f"{self.uri(key)} is not there") from exc
            raise

    def tag(self, key: str, name: str, value: str) -> None:
        """Give an object this tag, in place of those that it has."""
        with self.about(key):
            self.client.put_object_tagging(
                Bucket=self.name, Key=key, Tagging={"TagSet": [{"Key": name, "Value": value}]}
            )

    # documents

    def find(self, key: str, kind: type[D]) -> Version[D] | None:
        """Return a document, or None when there is none; raises UnreadableDocument."""
        found = self._document(key)
        if found is None:
            return None
        return Version(decode(found.content, kind, self.uri(key)), found.etag, found.metadata)

    def _document(self, key: str) -> Version[bytes] | None:
        try:
            return self.find_bytes(key, MAX_DOCUMENT)
        except TooLarge as exc:
            raise UnreadableDocument(str(exc)) from exc

    def either(self, key: str, first: type[D], other: type[E]) -> D | E | None:
        """Return a document of the one kind or the `other`; None when there is none."""
        found = self._document(key)
        return decode_either(found.content, first, other, self.uri(key)) if found else None

    def whole_either(self, key: str, first: type[D], other: type[E]) -> D | E | None:
        """Return the same; one that is damaged counts as absent, with a warning."""
        try:
            return self.either(key, first, other)
        except UnreadableDocument as exc:
            _log.warning("Taken as absent: %s", exc)
            return None

    def get(self, key: str, kind: type[D]) -> D | None:
        """Return a document's content, or None when there is none; raises UnreadableDocument."""
        found = self.find(key, kind)
        return found.content if found else None

    def whole(self, key: str, kind: type[D]) -> D | None:
        """Return a document's content; one that is damaged counts as absent, with a warning."""
        try:
            return self.get(key, kind)
        except UnreadableDocument as exc:
            _log.warning("Taken as absent: %s", exc)
            return None

    def read(self, key: str, kind: type[D]) -> D:
        """Return a document that must be there; raises Absent or UnreadableDocument."""
        found = self.find(key, kind)
        if found is None:
            raise Absent(f"{self.uri(key)} is missing: the step before left it unwritten")
        return found.content

    def write(self, key: str, document: Document) -> None:
        """Write a document, over whatever was there."""
        self.put(key, encode(document), JSON)

    def write_over(self, key: str, document: Document, etag: str | None) -> None:
        """Write a document over the version `etag`, or where there is none when that is None.

        Raises Conflict when the document is not, or no longer, that version.
        """
        self.put_over(key, encode(document), JSON, etag)

    # JSON Lines and arrays

    def read_array(self, key: str, kind: type[R]) -> list[R]:
        """Return the records of a JSON array; raises Absent or UnreadableDocument."""
        found = self.find_bytes(key, MAX_ARRAY)
        if found is None:
            raise Absent(f"{self.uri(key)} is missing: the step before left it unwritten")
        return decode_array(found.content, kind, self.uri(key))

    def lines(self, key: str, kind: type[R], formats: int = 1) -> Iterator[R]:
        """Yield the records of a file of JSON Lines as it arrives.

        Raises Absent, or UnreadableDocument naming the line or a format above `formats`.
        """
        with self.stream(key) as answer:
            where = self.uri(key)
            check_format(int(answer.metadata.get(FORMAT, "1")), formats, where)
            yield from decode_lines(lines_of(answer.content), kind, where)

    def write_lines(self, key: str, records: Iterable[Record], formats: int = 1) -> None:
        """Write records as JSON Lines; more than a few MiB wait on disk, not in memory."""
        with SpooledTemporaryFile(_IN_MEMORY) as spool:
            spool.writelines(map(encode_record, records))
            spool.seek(0)
            self.upload(spool, key, JSON_LINES, metadata={FORMAT: str(formats)})

    # bytes and files

    def head(self, key: str) -> Head | None:
        """Return what is known of an object without reading it, or None when there is none."""
        try:
            with self._reading(key):
                answer = self.client.head_object(Bucket=self.name, Key=key)
        except Absent:
            return None
        return Head(
            answer["ContentLength"], answer["ETag"], answer["Metadata"], answer["LastModified"]
        )

    def find_bytes(self, key: str, limit: int) -> Version[bytes] | None:
        """Return an object's bytes, or None when there is none; raises TooLarge."""
        try:
            with self.stream(key) as answer:
                data: bytes = answer.content.read(limit + 1)
        except Absent:
            return None
        if len(data) > limit:
            raise TooLarge(f"{self.uri(key)} is larger than {limit:,} bytes")
        return Version(data, answer.etag, answer.metadata)

    def range(self, key: str, begin: int, end: int) -> bytes:
        """Return an object's bytes from `begin` to before `end`; raises Absent."""
        with self._reading(key):
            answer = self.client.get_object(
                Bucket=self.name, Key=key, Range=f"bytes={begin}-{end - 1}"
            )
            with closing(answer["Body"]) as body:
                data: bytes = body.read()
                return data

    @contextmanager
    def stream(
        self, key: str, *, version_id: str = "", etag: str = ""
    ) -> "Iterator[Version[StreamingBody]]":
        """Open an object to read it once, from its beginning; raises Absent.

        A version's id, or the ETag (without quotes) it must have, may be given: where it has
        another, Conflict is raised.
        """
        wanted: dict[str, Any] = {"VersionId": version_id} if version_id else {}
        if etag:
            wanted["IfMatch"] = f'"{etag}"'
        try:
            with self._reading(key):
                answer = self.client.get_object(Bucket=self.name, Key=key, **wanted)
        except ClientError as exc:
            if etag and is_conflict(exc):
                raise Conflict(f"{self.uri(key)} is not the version that was meant") from exc
            raise
        with self.about(key), closing(answer["Body"]) as body:
            yield Version(body, answer["ETag"], answer["Metadata"], answer["ContentLength"])

    def put(
        self,
        key: str,
        body: bytes,
        content_type: str,
        *,
        metadata: Mapping[str, str] | None = None,
        tags: str | None = None,
    ) -> None:
        """Write bytes, over whatever was there; `tags` are a URL query."""
        more: dict[str, Any] = {"Tagging": tags} if tags else {}
        with self.about(key):
            self.client.put_object(
                Bucket=self.name,
                Key=key,
                Body=body,
                ContentType=content_type,
                Metadata=dict(metadata or {}),
                **more,
            )

    def put_over(
        self,
        key: str,
        body: "bytes | IO[bytes]",
        content_type: str,
        etag: str | None,
        tags: str | None = None,
    ) -> None:
        """Write bytes, or a file in one part, over the version `etag`; none may be there for None.

        `tags` are a URL query. Raises Conflict when the object is not, or no longer, that version.
        """
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        if tags:
            condition["Tagging"] = tags
        try:
            with self.about(key):
                self.client.put_object(
                    Bucket=self.name, Key=key, Body=body, ContentType=content_type, **condition
                )
        except ClientError as exc:
            if is_conflict(exc) or (etag is not None and is_absent(exc)):
                raise Conflict(f"{self.uri(key)} was written by somebody else") from exc
            raise

    def upload(
        self,
        file: "IO[bytes]",
        key: str,
        content_type: str,
        *,
        metadata: Mapping[str, str] | None = None,
        tags: str | None = None,
    ) -> None:
        """Write a file's bytes from where it stands, in parts where they are many."""
        extra = {"ContentType": content_type, "Metadata": dict(metadata or {})}
        if tags:
            extra["Tagging"] = tags
        with self.about(key):
            self.client.upload_fileobj(file, self.name, key, ExtraArgs=extra)

    def download(self, key: str, file: "IO[bytes]") -> None:
        """Write an object to a file, by parallel requests where it is large; raises Absent."""
        with self._reading(key):
            self.client.download_fileobj(self.name, key, file)

    def delete(self, key: str) -> None:
        """Remove an object, if there is one."""
        with self.about(key):
            self.client.delete_object(Bucket=self.name, Key=key)

    def copy(self, source: str, target: str) -> None:
        """Copy an object to another key, on S3's side."""
        origin: CopySourceTypeDef = {"Bucket": self.name, "Key": source}
        with self.about(target):
            self.client.copy(origin, self.name, target, Config=_COPY)

    def write_again(self, key: str, metadata: Mapping[str, str]) -> None:
        """Write an object's bytes over it once more, which makes a version, with this metadata."""
        with self._reading(key):
            self.client.copy_object(
                Bucket=self.name,
                Key=key,
                CopySource={"Bucket": self.name, "Key": key},
                MetadataDirective="REPLACE",
                Metadata=dict(metadata),
            )

    def copy_version(
        self, source: str, version_id: str, target: str, metadata: Mapping[str, str]
    ) -> tuple[str, str]:
        """Copy a version of an object, with other metadata; return the new version's id and ETag.

        An empty id stands for a bucket without versions. Raises Absent where the version is gone.
        """
        origin: CopySourceTypeDef = {"Bucket": self.name, "Key": source}
        if version_id:
            origin["VersionId"] = version_id
        with self._reading(source):
            answer = self.client.copy_object(
                Bucket=self.name,
                Key=target,
                CopySource=origin,
                MetadataDirective="REPLACE",
                Metadata=dict(metadata),
            )
        return answer.get("VersionId", ""), answer["CopyObjectResult"]["ETag"]

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with a prefix, in key order."""
        return (item["Key"] for item in self.objects(prefix))

    def objects(self, prefix: str) -> "Iterator[ObjectTypeDef]":
        """Yield what is listed of the objects whose keys begin with a prefix, in key order.

        Archived ones tell whether they are restored.
        """
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, OptionalObjectAttributes=["RestoreStatus"]
        )
        with self.about(prefix):
            for page in pages:
                yield from page.get("Contents", ())

    def page(self, prefix: str, after: str, size: int) -> "ListObjectsV2OutputTypeDef":
        """Return the first `size` objects below a prefix whose keys come behind `after`.

        Archived ones tell whether they are restored.
        """
        return self.client.list_objects_v2(
            Bucket=self.name,
            Prefix=prefix,
            StartAfter=after,
            MaxKeys=size,
            OptionalObjectAttributes=["RestoreStatus"],
        )

    def folders(self, prefix: str, after: str | None = None) -> Iterator[str]:
        """Yield the names of the folders right under `prefix` in order, those after `after`."""
        # "0" follows "/": every key in the folder `after` lies before that.
        start = f"{prefix}{after}0" if after else ""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, Delimiter="/", StartAfter=start
        )
        for page in pages:
            for common in page.get("CommonPrefixes", ()):
                yield common["Prefix"][len(prefix) : -1]


def lines_of(body: "StreamingBody") -> Iterator[bytes]:
    """Yield the lines of an object as they arrive, without their ends."""
    rest = b""
    while chunk := body.read(_LINES):
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        yield from lines
    if rest:
        yield rest


def copy_body(body: "StreamingBody", target: IO[bytes], limit: int) -> int:
    """Copy at most `limit` bytes; returns their number, `limit` + 1 where there were more."""
    size = 0
    while chunk := body.read(_CHUNK):
        size += len(chunk)
        if size > limit:
            return limit + 1
        target.write(chunk)
    return size
