"""What a call of FetchShard leaves when its time is over: the part of the shard that is done.

The images so far are a tar whose name tells the number of rows; then comes the part's file, with
the verdicts on these rows. The next call goes on behind them. A part counts for the very rows it
was made from, and a part that was left before it stays behind unread.
"""

import json
from contextlib import closing
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tagline import storage
from tagline.layout import RunKeys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EXPIRING = "tagline=shard"  # the data bucket's lifecycle rule drops objects of this tag
ROWS_DIGEST = "rows-sha256"  # of the rows a verdict is about, so that a new plan is not skipped
_LINES = "application/x-ndjson"


@dataclass
class Gathered:
    """A shard's rows so far, in order: their verdicts, and the bytes of their images."""

    verdicts: list[dict[str, Any]] = field(default_factory=list)
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
            verdicts = [json.loads(line) for line in body.iter_lines()]
        tar = self.keys.shard_part_images(self.shard, len(verdicts))
        try:
            self.client.download_fileobj(self.bucket, tar, spool)
        except ClientError as exc:
            if storage.error_code(exc) in {"404", "NoSuchKey"}:  # it has expired
                return Gathered()
            raise
        spool.seek(0)
        return Gathered(verdicts, int(answer["Metadata"]["bytes"]))

    def leave(self, gathered: Gathered, spool: IO[bytes]) -> None:
        """Leave what is done for the next call; `spool` holds its tar."""
        spool.seek(0)
        self.client.upload_fileobj(
            spool,
            self.bucket,
            self.keys.shard_part_images(self.shard, len(gathered.verdicts)),
            ExtraArgs={"Tagging": EXPIRING},
        )
        self.client.put_object(
            Bucket=self.bucket,
            Key=self.keys.shard_part(self.shard),
            Body=b"".join(map(storage.json_line, gathered.verdicts)),
            ContentType=_LINES,
            Metadata={ROWS_DIGEST: self.digest, "bytes": str(gathered.bytes)},
            Tagging=EXPIRING,
        )
