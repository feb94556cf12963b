"""RecordFailure: what failed, why, and what to do, of each run or batch that ended badly."""

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.batches.failing import is_batch, record_failed_batch
from tagline.formats.steps import ExecutionEnded, RecordedAnswer
from tagline.outcomes.alerts import Topic
from tagline.outcomes.failed_run import record_broken_off
from tagline.outcomes.restoring import Machine


@step
def handler(event: ExecutionEnded) -> RecordedAnswer:
    """Record and announce the failure; let the champion come back where it did not serve."""
    here = environment()
    bucket = Bucket(clients.s3(), here.data_bucket)
    topic = Topic(clients.sns(), here.alerts_topic)
    if is_batch(event.detail.execution_arn, here.stack):
        return record_failed_batch(event.detail, bucket, clients.stepfunctions(), topic)
    return record_broken_off(
        event.detail,
        bucket,
        Machine(clients.stepfunctions(), here.state_machine, here.stack),
        clients.sagemaker(),
        topic,
    )
