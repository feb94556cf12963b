"""MergeCorrections: a correction came; merge all into the newest list if it is time to."""

from datetime import UTC, datetime

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.observability import logger
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.feedback.finding import NoList
from tagline.feedback.retraining import Corrections
from tagline.formats.feedback_keys import dataset_of_correction
from tagline.formats.steps import MergeAnswer, ObjectCreated
from tagline.settings import InvalidSettings


@step
def handler(event: ObjectCreated) -> MergeAnswer:
    """Return what was done; settings that are none are the person's who uploads them to mend."""
    dataset = dataset_of_correction(event.detail.object.key)
    bucket = Bucket(clients.s3(), event.detail.bucket.name)
    found = Corrections(bucket, dataset, environment().source_buckets)
    try:
        done = found.retrain(datetime.now(UTC))
    except (InvalidSettings, NoList) as exc:
        logger.warning("corrections were not merged", dataset=dataset, reason=str(exc))
        done = str(exc)
    return MergeAnswer(dataset=dataset, done=done)
