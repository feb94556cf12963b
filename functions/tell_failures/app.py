"""TellFailures: the failures that came after one that was told, together, once an hour."""

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.steps import Scheduled, ToldAnswer
from tagline.outcomes.alerts import Topic, tell_waiting


@step
def handler(event: Scheduled) -> ToldAnswer:  # noqa: ARG001 - that it is time is all it says
    """Publish one digest, where anything waits."""
    here = environment()
    topic = Topic(clients.sns(), here.alerts_topic)
    return ToldAnswer(told=tell_waiting(Bucket(clients.s3(), here.data_bucket), topic))
