"""Several objects become one on S3's side: which byte goes into which part of the upload.

S3 takes at most 10,000 parts, each but the last of at least 5 MiB and at most 5 GiB:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from tagline.aws.s3 import Bucket

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, UploadPartCopyRequestTypeDef

MIN_PART = 5 * 1024**2
_CHUNK = 256 * 1024**2  # a part is copied in seconds, and several are under way at a time
_MOST_PARTS = 10_000
_AT_A_TIME = 8


class Piece(NamedTuple):
    """Bytes `start` up to but not including `stop` of source number `source`."""

    source: int
    start: int
    stop: int

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self.stop - self.start


@dataclass(frozen=True)
class Source:
    """An object to be joined, or `size` bytes of it from `start` on.

    `etag` is that of the whole object as it was when the join was planned.
    """

    key: str
    size: int
    etag: str
    start: int = 0
    whole: bool = True


def plan_parts(sizes: Sequence[int]) -> Iterator[tuple[Piece, ...]]:
    """Yield the upload's parts, each as pieces of the sources in order; sizes in bytes.

    A part of one piece of 5 MiB or more can be copied by S3; the others, at most 5 MiB each, are
    put together from what is too small for that.
    """
    chunk = max(_CHUNK, 2 * sum(sizes) // _MOST_PARTS)
    small: list[Piece] = []
    for source, size in enumerate(sizes):
        start = 0
        if small:
            start = min(size, MIN_PART - sum(piece.size for piece in small))
            small.append(Piece(source, 0, start))
            if sum(piece.size for piece in small) < MIN_PART:
                continue
            yield tuple(small)
            small = []
        left = size - start
        if left < MIN_PART:
            small = [Piece(source, start, size)] if left else []
            continue
        count = -(-left // chunk)
        cuts = [start + left * number // count for number in range(count + 1)]
        yield from ((Piece(source, *pair),) for pair in pairwise(cuts))
    if small:
        yield tuple(small)


def join(bucket: Bucket, sources: Sequence[Source], target: str, content_type: str) -> None:
    """Make `target` the sources' bytes one after the other, all in `bucket`.

    Nothing of it is visible before all of it is there. Raises botocore's errors, among them that
    of a source that changed (PreconditionFailed).
    """
    with bucket.about(target):
        _join(bucket, sources, target, content_type)


def _join(bucket: Bucket, sources: Sequence[Source], target: str, content_type: str) -> None:
    client, name = bucket.client, bucket.name
    made = client.create_multipart_upload(Bucket=name, Key=target, ContentType=content_type)
    upload = _Upload(bucket, sources, target, made["UploadId"])
    complete = False
    try:
        parts = enumerate(plan_parts([source.size for source in sources]), 1)
        with ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="join") as pool:
            done = list(pool.map(lambda part: upload.send(*part), parts))
        client.complete_multipart_upload(
            Bucket=name,
            Key=target,
            UploadId=upload.identifier,
            MultipartUpload={"Parts": done},
        )
        complete = True
    finally:
        if not complete:
            client.abort_multipart_upload(Bucket=name, Key=target, UploadId=upload.identifier)


@dataclass(frozen=True)
class _Upload:
    bucket: Bucket
    sources: Sequence[Source]
    target: str
    identifier: str

    def send(self, number: int, pieces: tuple[Piece, ...]) -> "CompletedPartTypeDef":
        copied = len(pieces) == 1 and pieces[0].size >= MIN_PART
        etag = self._copy(number, pieces[0]) if copied else self._put(number, pieces)
        return {"PartNumber": number, "ETag": etag}

    def _copy(self, number: int, piece: Piece) -> str:
        source = self.sources[piece.source]
        wanted: UploadPartCopyRequestTypeDef = {
            "Bucket": self.bucket.name,
            "Key": self.target,
            "UploadId": self.identifier,
            "PartNumber": number,
            "CopySource": {"Bucket": self.bucket.name, "Key": source.key},
            "CopySourceIfMatch": source.etag,
        }
        if piece.size < source.size or not source.whole:  # S3 takes it of objects above 5 MB only
            wanted["CopySourceRange"] = _range(source, piece)
        return self.bucket.client.upload_part_copy(**wanted)["CopyPartResult"]["ETag"]

    def _put(self, number: int, pieces: tuple[Piece, ...]) -> str:
        answer = self.bucket.client.upload_part(
            Bucket=self.bucket.name,
            Key=self.target,
            UploadId=self.identifier,
            PartNumber=number,
            Body=b"".join(self._read(piece) for piece in pieces),
        )
        return answer["ETag"]

    def _read(self, piece: Piece) -> bytes:
        if not piece.size:
            return b""
        source = self.sources[piece.source]
        answer = self.bucket.client.get_object(
            Bucket=self.bucket.name,
            Key=source.key,
            IfMatch=source.etag,
            Range=_range(source, piece),
        )
        return answer["Body"].read()


def _range(source: Source, piece: Piece) -> str:
    return f"bytes={source.start + piece.start}-{source.start + piece.stop - 1}"
