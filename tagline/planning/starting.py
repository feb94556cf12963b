"""Whether the file that `training: {start_from: s3://…}` names can be trained from."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tagline.aws.faults import error_code
from tagline.aws.ranged import open_ranged
from tagline.aws.s3 import Bucket
from tagline.formats.keys import DatasetKeys
from tagline.formats.locations import parse_uri
from tagline.formats.reasons import Reason
from tagline.formats.settings import Settings
from tagline.formats.weights import LARGEST_WEIGHTS, UnusableWeights
from tagline.listing.sources import BadLocation, Source
from tagline.planning.weights import networks_that_fit
from tagline.settings import InvalidSettings
from tagline.settings.starts import SETTING, check_networks

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


_CLOSED = frozenset({"AccessDenied", "NoSuchBucket", "InvalidObjectState"})


def check_start(
    settings: Settings, client: "S3Client", source: Source, dataset: str, data_bucket: str
) -> None:
    """Raise InvalidSettings for a file that is not there, not to be read, or fits no network asked.

    In the data bucket it lies below `<dataset>/start/`, elsewhere in a bucket of SourceBuckets. Of
    its content names and shapes are looked at, not the values.
    """
    uri = settings.training.start_from
    location = parse_uri(uri)
    if location is None:
        return  # a word, not a file
    own = f"s3://{data_bucket}/{DatasetKeys(dataset).start}"
    try:
        source.check(location)
    except BadLocation as exc:
        told = exc.detail
        if exc.reason is Reason.NOT_ALLOWED_BUCKET:
            told = f"copy the file to {own}, or add its bucket to the stack's SourceBuckets"
        raise _refused(f"{uri} cannot be read: {told}") from exc
    if location.bucket == data_bucket and not uri.startswith(own):
        raise _refused(f"{uri} must lie below {own}: copy it there")
    bucket = Bucket(client, location.bucket)
    try:
        page = bucket.page(location.key, "", 1)
        found = [item for item in page.get("Contents", []) if item["Key"] == location.key]
        if not found:
            raise _refused(f"there is no file {uri}: copy it to {own}, or name another")
        size = found[0]["Size"]
        if size > LARGEST_WEIGHTS:
            raise _refused(f"{uri} has {size:,} bytes; at most {LARGEST_WEIGHTS:,} are read")
        with open_ranged(bucket, location.key, size) as file:
            fitting = networks_that_fit(file, size)
    except UnusableWeights as exc:
        raise _refused(
            f"{uri} is no file of weights: {exc}. Name a numpy archive (.npz), a .params file of "
            "MXNet 1.x or a model.tar.gz of Tagline's, or take `start_from: starter`"
        ) from exc
    except ClientError as exc:
        if error_code(exc) not in _CLOSED:
            raise
        raise _refused(f"{uri} cannot be read: S3 answers {error_code(exc)}") from exc
    check_networks(settings, uri, fitting)


def _refused(text: str) -> InvalidSettings:
    return InvalidSettings(f"{SETTING}: {text}", SETTING)
