"""What a call of FetchShard leaves when its time is over: the part of the shard that is done.

The images so far are a tar, in the order in which they came; then comes the part's file, with the
verdicts on the rows that are done, whose digest names the tar: calls that overlap leave parts that
are whole. The next call goes on with the other rows. A part counts for the very rows it was made
from, and a part that was left before it stays behind unread.
"""

import hashlib
import json
from contextlib import closing
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tagline.aws import storage
from tagline.formats.keys import RunKeys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EXPIRING = "tagline=shard"  # the data bucket's lifecycle rule drops objects of this tag
ROWS_DIGEST = "rows-sha256"  # of the rows a verdict is about, so that a new plan is not skipped
_LINES = "application/x-ndjson"


@dataclass
class Gathered:
    """A shard's rows so far: their verdicts by line number, and the bytes of their images."""

    verdicts: dict[int, dict[str, Any]] = field(default_factory=dict)
    bytes: int = 0


@dataclass(frozen=True)
class ShardParts:
    """The part of one shard, whose rows have the SHA-256 `digest`."""

    client: "S3Client"
    bucket: str
    keys: RunKeys
    shard: str
    digest: str

    def resume(self, spool: IO[bytes]) -> Gathered:
        """Return what earlier calls have done, its tar written to `spool`; nothing if nothing."""
        try:
            answer = self.client.get_object(
                Bucket=self.bucket, Key=self.keys.shard_part(self.shard)
            )
        except ClientError as exc:
            if storage.error_code(exc) in {"404", "NoSuchKey"}:
                return Gathered()
            raise
        with closing(answer["Body"]) as body:
            if answer["Metadata"].get(ROWS_DIGEST) != self.digest:
                return Gathered()
            lines = body.read()
        try:
            self.client.download_fileobj(self.bucket, self._images(lines), spool)
        except ClientError as exc:
            if storage.error_code(exc) in {"404", "NoSuchKey"}:  # it has expired
                return Gathered()
            raise
        spool.seek(0)
        verdicts = map(json.loads, lines.splitlines())
        by_line = {verdict["line"]: verdict for verdict in verdicts}
        return Gathered(by_line, int(answer["Metadata"]["bytes"]))

    def leave(self, gathered: Gathered, spool: IO[bytes]) -> None:
        """Leave what is done for the next call; `spool` holds its tar."""
        lines = b"".join(map(storage.json_line, gathered.verdicts.values()))
        spool.seek(0)
        self.client.upload_fileobj(
            spool, self.bucket, self._images(lines), ExtraArgs={"Tagging": EXPIRING}
        )
        self.client.put_object(
            Bucket=self.bucket,
            Key=self.keys.shard_part(self.shard),
            Body=lines,
            ContentType=_LINES,
            Metadata={ROWS_DIGEST: self.digest, "bytes": str(gathered.bytes)},
            Tagging=EXPIRING,
        )

    def _images(self, lines: bytes) -> str:
        return self.keys.shard_part_images(self.shard, hashlib.sha256(lines).hexdigest())
