"""What a call of FetchShard leaves when its time is over: the part of the shard that is done.

The images so far are a tar, in the order in which they came; then comes the part's file, with the
verdicts on the rows that are done, whose digest names the tar: calls that overlap leave parts that
are whole. The next call goes on with the other rows. A part counts for the very rows it was made
from, and a part that was left before it stays behind unread.
"""

import hashlib
from dataclasses import dataclass, field
from typing import IO

from tagline.aws.faults import Absent
from tagline.aws.s3 import JSON_LINES, TAR, Bucket
from tagline.formats.document import decode_lines, encode_record
from tagline.formats.keys import RunKeys
from tagline.formats.rows import FetchVerdict

EXPIRING = "tagline=shard"  # the data bucket's lifecycle rule drops objects of this tag
ROWS_DIGEST = "rows-sha256"  # of the rows a verdict is about, so that a new plan is not skipped
_MAX_BYTES = 256 << 20


@dataclass
class Gathered:
    """A shard's rows so far: their verdicts by line number, and the bytes of their images."""

    verdicts: dict[int, FetchVerdict] = field(default_factory=dict)
    bytes: int = 0


@dataclass(frozen=True)
class ShardParts:
    """The part of one shard, whose rows have the SHA-256 `digest`."""

    bucket: Bucket
    keys: RunKeys
    shard: str
    digest: str

    def resume(self, spool: IO[bytes]) -> Gathered:
        """Return what earlier calls have done, its tar written to `spool`; nothing if nothing."""
        key = self.keys.shard_part(self.shard)
        part = self.bucket.find_bytes(key, _MAX_BYTES)
        if part is None or part.metadata.get(ROWS_DIGEST) != self.digest:
            return Gathered()
        try:
            self.bucket.download(self._images(part.content), spool)
        except Absent:  # it has expired
            return Gathered()
        spool.seek(0)
        verdicts = decode_lines(part.content.splitlines(), FetchVerdict, self.bucket.uri(key))
        by_line = {verdict.line: verdict for verdict in verdicts}
        return Gathered(by_line, int(part.metadata["bytes"]))

    def leave(self, gathered: Gathered, spool: IO[bytes]) -> None:
        """Leave what is done for the next call; `spool` holds its tar."""
        lines = b"".join(map(encode_record, gathered.verdicts.values()))
        spool.seek(0)
        self.bucket.upload(spool, self._images(lines), TAR, tags=EXPIRING)
        self.bucket.put(
            self.keys.shard_part(self.shard),
            lines,
            JSON_LINES,
            metadata={ROWS_DIGEST: self.digest, "bytes": str(gathered.bytes)},
            tags=EXPIRING,
        )

    def _images(self, lines: bytes) -> str:
        return self.keys.shard_part_images(self.shard, hashlib.sha256(lines).hexdigest())
