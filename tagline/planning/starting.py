"""Whether the file that `training: {start_from: s3://…}` names can be trained from."""

from typing import TYPE_CHECKING

from tagline.aws.s3 import Bucket
from tagline.formats.keys import DatasetKeys
from tagline.formats.locations import parse_uri
from tagline.listing.sources import BadLocation, Source
from tagline.settings import InvalidSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SETTING = "training.start_from"
LARGEST_START = 2 << 30  # bytes, as the trainer's


def check_start(
    start_from: str, client: "S3Client", source: Source, dataset: str, data_bucket: str
) -> None:
    """Raise InvalidSettings for a file that is not there, too large, or not to be read.

    In the data bucket it lies below `<dataset>/start/`, elsewhere in a bucket of SourceBuckets.
    """
    location = parse_uri(start_from)
    if location is None:
        return  # a word, not a file
    own = DatasetKeys(dataset).start
    try:
        source.check(location)
    except BadLocation as exc:
        raise _refused(f"{start_from} cannot be read: {exc.detail}") from exc
    if location.bucket == data_bucket and not location.key.startswith(own):
        raise _refused(f"{start_from} must lie below s3://{data_bucket}/{own}")
    page = Bucket(client, location.bucket).page(location.key, "", 1)
    found = [item for item in page.get("Contents", []) if item["Key"] == location.key]
    if not found:
        raise _refused(f"there is no file {start_from}")
    if found[0]["Size"] > LARGEST_START:
        raise _refused(
            f"{start_from} has {found[0]['Size']:,} bytes; at most {LARGEST_START:,} are read"
        )


def _refused(text: str) -> InvalidSettings:
    return InvalidSettings(f"{_SETTING}: {text}", _SETTING)
