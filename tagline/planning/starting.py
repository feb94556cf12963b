"""Whether the file that `training: {start_from: s3://…}` names can be trained from."""

from typing import TYPE_CHECKING

from tagline.aws.ranged import open_ranged
from tagline.formats.keys import DatasetKeys
from tagline.formats.locations import Location, parse_uri
from tagline.formats.settings import Settings
from tagline.formats.weights import LARGEST_WEIGHTS, UnusableWeights
from tagline.listing.sources import Source
from tagline.planning.handed import Handing
from tagline.planning.weights import networks_that_fit
from tagline.settings.starts import SETTING, check_networks

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


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
    own = Location(data_bucket, DatasetKeys(dataset).start)
    handing = Handing(client, source, own, SETTING)
    with handing.file(location, LARGEST_WEIGHTS) as (bucket, size):
        try:
            with open_ranged(bucket, location.key, size) as file:
                fitting = networks_that_fit(file, size)
        except UnusableWeights as exc:
            raise handing.refused(
                f"{uri} is no file of weights: {exc}. Name a numpy archive (.npz), a .params file "
                "of MXNet 1.x or a model.tar.gz of Tagline's, or take `start_from: starter`"
            ) from exc
    check_networks(settings, uri, fitting)
