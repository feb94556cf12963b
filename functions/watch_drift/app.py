"""WatchDrift: once an hour, whether what is tagged is like what the champions were validated on."""

from datetime import UTC, datetime
from functools import partial

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.drift.retraining import run_again
from tagline.drift.watching import watch_all
from tagline.formats.steps import Scheduled, WatchedAnswer
from tagline.outcomes.alerts import Topic


@step
def handler(event: Scheduled) -> WatchedAnswer:  # noqa: ARG001 - that it is time is all it says
    """Look at every dataset that images were tagged of."""
    here = environment()
    bucket = Bucket(clients.s3(), here.data_bucket)
    topic = Topic(clients.sns(), here.alerts_topic)
    again = partial(run_again, bucket, why="the images that are tagged drifted")
    looked, drifted = watch_all(bucket, topic, datetime.now(UTC), again)
    return WatchedAnswer(looked=looked, drifted=drifted)
