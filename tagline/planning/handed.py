"""A file that a person hands to a run: below a folder of the dataset's, or in a source bucket."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tagline.aws.faults import error_code
from tagline.aws.s3 import Bucket
from tagline.formats.locations import Location
from tagline.formats.reasons import Reason
from tagline.listing.sources import BadLocation, Source
from tagline.settings import InvalidSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CLOSED = frozenset({"AccessDenied", "NoSuchBucket", "InvalidObjectState"})


@dataclass(frozen=True)
class Handing:
    """Where a run looks for what is handed to it; `own` is the dataset's folder of such files."""

    client: "S3Client"
    source: Source
    own: Location
    setting: str

    @contextmanager
    def file(self, location: Location, largest: int) -> Iterator[tuple[Bucket, int]]:
        """Find a file of at most `largest` bytes; yield its bucket and its size.

        Raises InvalidSettings for one that is not there, too large, or that the run may not read:
        what S3 refuses within the block, too.
        """
        uri = location.uri
        try:
            self.source.check(location)
        except BadLocation as exc:
            told = exc.detail
            if exc.reason is Reason.NOT_ALLOWED_BUCKET:
                told = (
                    f"copy the file to {self.own.uri}, or add its bucket to the stack's "
                    "SourceBuckets"
                )
            raise self.refused(f"{uri} cannot be read: {told}") from exc
        if location.bucket == self.own.bucket and not location.below(self.own):
            raise self.refused(f"{uri} must lie below {self.own.uri}: copy it there")
        bucket = Bucket(self.client, location.bucket)
        try:
            page = bucket.page(location.key, "", 1)
            found = [item for item in page.get("Contents", []) if item["Key"] == location.key]
            if not found:
                raise self.refused(
                    f"there is no file {uri}: copy it to {self.own.uri}, or name another"
                )
            size = found[0]["Size"]
            if size > largest:
                raise self.refused(f"{uri} has {size:,} bytes; at most {largest:,} are read")
            yield bucket, size
        except ClientError as exc:
            if error_code(exc) not in _CLOSED:
                raise
            raise self.refused(f"{uri} cannot be read: S3 answers {error_code(exc)}") from exc

    def refused(self, text: str) -> InvalidSettings:
        """Return the error in the setting's name."""
        return InvalidSettings(f"{self.setting}: {text}", self.setting)
